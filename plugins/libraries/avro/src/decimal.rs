//! Numbers with digits behind the point, as the integers that they are without it.

/// As many digits as 128 bits hold with any sign.
const DIGITS: u32 = 38;

/// `-12.34`, `1.5e3` or `617/50` without its point, with so many digits behind it.
///
/// # Errors
/// It is no such number, or has more digits than there is room for.
pub(crate) fn parse(text: &str, precision: u32, scale: u32) -> Result<i128, String> {
    let wrong = || {
        format!("{text} has no place in a decimal of {precision} digits, {scale} of them behind the point")
    };
    let unscaled = match text.split_once('/') {
        Some((above, below)) => ratio(above, below, scale),
        None => point(text, scale),
    };
    let unscaled = unscaled.ok_or_else(wrong)?;
    let most = 10_i128.checked_pow(precision.min(DIGITS)).ok_or_else(wrong)?;
    if -most < unscaled && unscaled < most { Ok(unscaled) } else { Err(wrong()) }
}

fn ratio(above: &str, below: &str, scale: u32) -> Option<i128> {
    let (above, below): (i128, i128) = (above.parse().ok()?, below.parse().ok()?);
    let above = above.checked_mul(10_i128.checked_pow(scale)?)?;
    (below > 0 && above % below == 0).then(|| above / below)
}

fn point(text: &str, scale: u32) -> Option<i128> {
    let (text, exponent) = match text.split_once(['e', 'E']) {
        Some((text, exponent)) => (text, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() && !text.contains('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let behind = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let places = i32::try_from(scale).ok()?.checked_sub(behind)?;
    let number: i128 = digits.parse().ok()?;
    let power = 10_i128.checked_pow(places.unsigned_abs())?;
    if places >= 0 {
        number.checked_mul(power).map(|number| sign * number)
    } else {
        (number % power == 0).then(|| sign * (number / power))
    }
}

/// The number that bytes in two's complement are, the highest first; absent where that has more than 128 bits.
pub(crate) fn from_bytes(bytes: &[u8]) -> Option<i128> {
    let sign: u8 = if bytes.first().is_some_and(|first| first & 0x80 != 0) { 0xff } else { 0 };
    let skipped = bytes.len().saturating_sub(16);
    let (above, low) = bytes.split_at(skipped);
    let same_sign = low.first().is_none_or(|first| (first ^ sign) & 0x80 == 0);
    if above.iter().any(|byte| *byte != sign) || !same_sign {
        return None;
    }
    let mut all = [sign; 16];
    all[16 - low.len()..].copy_from_slice(low);
    Some(i128::from_be_bytes(all))
}

/// As few bytes as a number needs.
pub(crate) fn to_bytes(number: i128) -> ([u8; 16], usize) {
    let bytes = number.to_be_bytes();
    let sign = if number < 0 { 0xff } else { 0 };
    let mut start = 0;
    while start < 15 && bytes[start] == sign && (bytes[start + 1] ^ sign) & 0x80 == 0 {
        start += 1;
    }
    (bytes, start)
}

/// The number as a fraction in its lowest terms, `617/50`, or an integer where it is one.
pub(crate) fn as_ratio(unscaled: i128, scale: u32) -> String {
    let (mut above, mut below) = (unscaled.to_string(), None);
    if let Some(mut power) = 10_i128.checked_pow(scale) {
        let mut number = unscaled;
        for prime in [2, 5] {
            while power % prime == 0 && number % prime == 0 {
                number /= prime;
                power /= prime;
            }
        }
        above = number.to_string();
        below = Some(power).filter(|power| *power != 1).map(|power| power.to_string());
    } else {
        let zeros = usize::try_from(scale).unwrap_or_default();
        below = below.or_else(|| Some(format!("1{}", "0".repeat(zeros))));
    }
    match below {
        Some(below) => format!("{above}/{below}"),
        None => above,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_lose_their_point() {
        for (text, expected) in [
            ("12.34", Some(1234)),
            ("-0.5", Some(-50)),
            ("617/50", Some(1234)),
            ("1e2", Some(10_000)),
            ("1.20e-1", Some(12)),
            ("0", Some(0)),
            ("0.000", Some(0)),
            (".5", Some(50)),
            ("12.345", None),
            ("1/3", None),
            ("123456.00", None),
            ("", None),
            ("-", None),
            ("1e999999999", None),
            ("x", None),
        ] {
            assert_eq!(parse(text, 7, 2).ok(), expected, "{text}");
        }
    }

    #[test]
    fn fractions_are_in_their_lowest_terms() {
        for (unscaled, scale, expected) in
            [(1234, 2, "617/50"), (-100, 2, "-1"), (0, 2, "0"), (7, 0, "7"), (-5, 1, "-1/2")]
        {
            assert_eq!(as_ratio(unscaled, scale), expected);
        }
    }

    proptest! {
        #[test]
        fn bytes_are_read_as_they_were_written(number: i128, longer in 0_usize..4) {
            let (bytes, start) = to_bytes(number);
            let mut all = vec![if number < 0 { 0xff } else { 0 }; longer];
            all.extend_from_slice(&bytes[start..]);
            prop_assert_eq!(from_bytes(&all), Some(number));
        }
    }
}
