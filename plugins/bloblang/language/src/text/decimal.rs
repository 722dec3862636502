//! Integers of any size as decimal digits.

/// The decimal digits of one limb.
const DIGITS: usize = 9;
const BASE: u64 = 1_000_000_000;

/// The integer that bytes hold in two's complement, with the last `scale` digits behind a point.
pub(crate) fn scaled(bytes: &[u8], scale: usize) -> String {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let digits = if negative { digits(&negated(bytes)) } else { digits(bytes) };
    let mut text = String::from(if negative { "-" } else { "" });
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    text.push_str(whole);
    if scale > 0 {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

fn negated(bytes: &[u8]) -> Vec<u8> {
    let mut carry = true;
    let mut negated: Vec<u8> = bytes
        .iter()
        .rev()
        .map(|byte| {
            let (sum, over) = (!byte).overflowing_add(u8::from(carry));
            carry = over;
            sum
        })
        .collect();
    negated.reverse();
    negated
}

/// The digits of a number, its most significant byte first.
fn digits(bytes: &[u8]) -> String {
    // The least significant limb first.
    let mut limbs: Vec<u64> = vec![0];
    let (head, words) = bytes.as_rchunks::<4>();
    let first = head.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    for word in std::iter::once(first).chain(words.iter().map(|word| u64::from(u32::from_be_bytes(*word)))) {
        let mut carry = word;
        for limb in &mut limbs {
            let value = (*limb << 32) + carry;
            *limb = value % BASE;
            carry = value / BASE;
        }
        while carry > 0 {
            limbs.push(carry % BASE);
            carry /= BASE;
        }
    }
    let mut limbs = limbs.iter().rev();
    let mut text = limbs.next().map(ToString::to_string).unwrap_or_default();
    for limb in limbs {
        text.push_str(&format!("{limb:0DIGITS$}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn numbers_of_every_size_and_sign_are_written() {
        for number in [0, 1, -1, 127, 128, -128, 999_999_999, 1_000_000_000, i128::MAX, i128::MIN] {
            assert_eq!(scaled(&number.to_be_bytes(), 0), number.to_string());
        }
        assert_eq!(scaled(&[0x30, 0x39], 7), "0.0012345");
        assert_eq!(scaled(&[0xff], 2), "-0.01");
        assert_eq!(scaled(&[0], 2), "0.00");
    }
}
