//! Floats in decimal digits, as Go has them.

/// So many digits tell all floats apart.
const MOST: usize = 17;

/// The shortest digits that are read as a float again. Where it lies right between two choices of the last one, that is
/// the even one.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    /// At the front, as text, and zeros behind them.
    digits: [u8; MOST],
    length: usize,
    exponent: i32,
    negative: bool,
}

impl Decimal {
    /// The digits of a float, which is finite.
    #[must_use]
    pub fn of(value: f64) -> Self {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value.abs()).as_bytes();
        let mut digits = [b'0'; MOST];
        // Digits from the first one that is not zero on, and how many there are before the point; with the zeros right
        // behind it they are below zero.
        let (mut length, mut before, mut behind, mut exponent) = (0, 0, false, 0);
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b'.' => behind = true,
                b'e' => {
                    exponent = signed(text.get(at + 1..).unwrap_or_default());
                    break;
                }
                b'0' if length == 0 => before -= i32::from(behind),
                digit => {
                    if let Some(place) = digits.get_mut(length) {
                        *place = *digit;
                    }
                    length += 1;
                    before += i32::from(!behind);
                }
            }
        }
        let significant = digits.iter().rposition(|digit| *digit != b'0');
        let exponent = if significant.is_some() { exponent + before - 1 } else { 0 };
        Self {
            digits,
            length: significant.map_or(1, |last| last + 1),
            exponent,
            negative: value.is_sign_negative(),
        }
    }

    /// The power of ten of the first digit: that of 5.61e9 is 9.
    #[must_use]
    pub fn exponent(&self) -> i32 {
        self.exponent
    }

    fn digits(&self) -> &[u8] {
        self.digits.get(..self.length).unwrap_or_default()
    }

    /// Appends the float without an exponent.
    pub fn write_plain(&self, out: &mut Vec<u8>) {
        let digits = self.digits();
        let zeros = |count: i32| std::iter::repeat_n(b'0', usize::try_from(count).unwrap_or(0));
        if self.negative {
            out.push(b'-');
        }
        let point = usize::try_from(self.exponent + 1).unwrap_or(0);
        if self.exponent < 0 {
            out.extend_from_slice(b"0.");
            out.extend(zeros(-self.exponent - 1));
            out.extend_from_slice(digits);
        } else if let Some((whole, fraction)) = digits.split_at_checked(point)
            && !fraction.is_empty()
        {
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(fraction);
        } else {
            out.extend_from_slice(digits);
            out.extend(zeros(self.exponent + 1 - i32::try_from(digits.len()).unwrap_or(0)));
        }
    }

    /// Appends the float with an exponent of at least so many digits.
    pub fn write_scientific(&self, least: usize, out: &mut Vec<u8>) {
        let (first, rest) = self.digits().split_at_checked(1).unwrap_or_default();
        if self.negative {
            out.push(b'-');
        }
        out.extend_from_slice(first);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest);
        }
        let sign = if self.exponent < 0 { '-' } else { '+' };
        out.extend_from_slice(format!("e{sign}{:0least$}", self.exponent.unsigned_abs()).as_bytes());
    }
}

/// An exponent, which may have a sign.
fn signed(text: &[u8]) -> i32 {
    let number = |digits: &[u8]| digits.iter().fold(0, |number, digit| number * 10 + i32::from(digit - b'0'));
    match text {
        [b'-', digits @ ..] => -number(digits),
        [b'+', digits @ ..] | digits => number(digits),
    }
}

/// Appends a finite float as Go's JSON has it: plain between 1e-6 and 1e21, otherwise with an exponent.
pub fn write_float(value: f64, out: &mut Vec<u8>) {
    let (decimal, size) = (Decimal::of(value), value.abs());
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        decimal.write_plain(out);
    } else {
        // Go writes e-7, but e+21: only the negative exponent loses its leading zero.
        decimal.write_scientific(if size < 1.0 { 1 } else { 2 }, out);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Decimal, write_float};

    fn json(value: f64) -> String {
        let mut out = Vec::new();
        write_float(value, &mut out);
        String::from_utf8(out).expect("digits are text")
    }

    #[expect(clippy::excessive_precision, reason = "more digits than a float has are the point")]
    #[test]
    fn floats_follow_gos_json_rules() {
        let cases = [
            (1.0, "1"),
            (0.1, "0.1"),
            (10.5, "10.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (1e-6, "0.000001"),
            (1.5e-7, "1.5e-7"),
            (-2.5e-10, "-2.5e-10"),
            (0.0, "0"),
            (-0.0, "-0"),
            (100.5, "100.5"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (2_217_695_387_389_300.25, "2217695387389300.2"),
            (0.000_012_345, "0.000012345"),
        ];
        for (value, expected) in cases {
            assert_eq!(json(value), expected);
        }
    }

    /// The digits and their exponent by the standard library, which takes the greater of two that are as close. For
    /// those the digit below is tried, by all digits that the float has.
    fn slow(value: f64) -> (String, i32) {
        let text = format!("{:e}", value.abs());
        let (mantissa, exponent) = text.split_once('e').expect("it has an exponent");
        let (digits, exponent) = (mantissa.replace('.', ""), exponent.parse().expect("a number"));
        let (length, last) = (digits.len(), digits.as_bytes()[digits.len() - 1]);
        let exact = format!("{:.760e}", value.abs()).replace('.', "");
        let rest = exact[length - 1..].split('e').next().unwrap_or_default();
        let below = char::from(last.wrapping_sub(1));
        let tie = rest.strip_prefix(below).and_then(|rest| rest.strip_prefix('5'));
        if last % 2 == 1 && tie.is_some_and(|rest| rest.bytes().all(|digit| digit == b'0')) {
            return (format!("{}{below}", &digits[..length - 1]), exponent);
        }
        (digits, exponent)
    }

    fn is_slow(value: f64) {
        let decimal = Decimal::of(value);
        let digits = String::from_utf8_lossy(decimal.digits()).into_owned();
        assert_eq!((digits, decimal.exponent()), slow(value), "{value:?}");
        assert_eq!(json(value).parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
    }

    /// Where floats are quarters and halves, the last digit is often a choice between two.
    fn float() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |value| value.is_finite()),
            (1_u64 << 50..1 << 55, 1_u32..9).prop_map(|(whole, shift)| whole as f64 / f64::from(1 << shift)),
            (any::<i32>(), 0..20).prop_map(|(whole, places)| f64::from(whole) / 10_f64.powi(places)),
            (any::<u32>(), any::<u32>()).prop_map(|(left, right)| f64::from(left) / 100.0 * f64::from(right)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn digits_are_those_of_the_slow_way(value in float()) {
            is_slow(value);
        }
    }
}
