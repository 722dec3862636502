//! What a block consists of: letters and matches, and how often each occurs.

use super::bits::{LENGTH_EXTRA, OFFSET_EXTRA};

/// The codes of letters, of the end and of lengths.
pub(super) const LITERALS: usize = 286;
pub(super) const OFFSETS: usize = 30;
pub(super) const END: usize = 256;
/// The shortest match.
pub(super) const SHORTEST: usize = 3;
const LONGEST: usize = 258;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Letter(u8),
    /// A length less three, and an offset less one.
    Match {
        length: u8,
        offset: u16,
    },
    End,
}

#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) list: Vec<Token>,
    /// How often each code occurs.
    pub(super) literals: [u16; LITERALS],
    pub(super) offsets: [u16; OFFSETS],
}

impl Default for Tokens {
    fn default() -> Self {
        Self { list: Vec::new(), literals: [0; LITERALS], offsets: [0; OFFSETS] }
    }
}

/// The code of a length less three.
pub(super) fn length_code(length: u8) -> usize {
    let length = usize::from(length);
    match length {
        0..8 => length,
        255 => 28,
        _ => {
            let bits = usize::BITS as usize - 1 - length.leading_zeros() as usize;
            (bits - 1) * 4 + (length >> (bits - 2) & 3)
        }
    }
}

/// The code of an offset less one.
pub(super) fn offset_code(offset: u16) -> usize {
    let offset = usize::from(offset);
    if offset < 4 {
        return offset;
    }
    let bits = usize::BITS as usize - 1 - offset.leading_zeros() as usize;
    bits * 2 + (offset >> (bits - 1) & 1)
}

impl Tokens {
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    pub(super) fn clear(&mut self) {
        *self = Self { list: std::mem::take(&mut self.list), ..Self::default() };
        self.list.clear();
    }

    pub(super) fn letters(&mut self, letters: &[u8]) {
        for letter in letters {
            self.literals[usize::from(*letter)] += 1;
            self.list.push(Token::Letter(*letter));
        }
    }

    /// A match of any length, in parts if need be.
    pub(super) fn found(&mut self, mut length: usize, offset: usize) {
        let offset = u16::try_from(offset - 1).unwrap_or_default();
        let code = offset_code(offset);
        while length > 0 {
            let part = match length {
                0..=LONGEST => length,
                _ if length > LONGEST + SHORTEST => LONGEST,
                _ => LONGEST - SHORTEST,
            };
            length -= part;
            let part = u8::try_from(part - SHORTEST).unwrap_or_default();
            self.literals[END + 1 + length_code(part)] += 1;
            if let Some(count) = self.offsets.get_mut(code) {
                *count += 1;
            }
            self.list.push(Token::Match { length: part, offset });
        }
    }

    pub(super) fn end(&mut self) {
        self.literals[END] += 1;
        self.list.push(Token::End);
    }

    /// About how many bits the tokens take with codes of their own.
    #[expect(clippy::cast_precision_loss, reason = "an estimate, rounded as Go rounds")]
    pub(super) fn estimate(&self) -> usize {
        let mut shannon = 0_f32;
        let mut bits = 0;
        let mut matches = 0;
        let total = self.list.len();
        if total > 0 {
            let share = 1.0 / total as f32;
            let (letters, rest) = self.literals.split_at(END);
            for count in letters.iter().filter(|count| **count > 0) {
                let count = f32::from(*count);
                shannon += fair(-log2(count * share)) * count;
            }
            shannon += 15.0;
            for (index, count) in rest.iter().skip(1).enumerate().filter(|(_, count)| **count > 0) {
                bits += usize::from(LENGTH_EXTRA[index]) * usize::from(*count);
                matches += usize::from(*count);
                let count = f32::from(*count);
                shannon += fair(-log2(count * share)) * count;
            }
        }
        if matches > 0 {
            let share = 1.0 / matches as f32;
            for (index, count) in self.offsets.iter().enumerate().filter(|(_, count)| **count > 0) {
                bits += usize::from(OFFSET_EXTRA[index]) * usize::from(*count);
                let count = f32::from(*count);
                shannon += fair(-log2(count * share)) * count;
            }
        }
        float(shannon) + bits
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is positive and not large"
)]
fn float(value: f32) -> usize {
    value as usize
}

/// As long as a code can be.
fn fair(bits: f32) -> f32 {
    bits.clamp(1.0, 15.0)
}

/// Nearly the logarithm of a number, from its bits.
fn log2(value: f32) -> f32 {
    let bits = value.to_bits();
    let exponent = f32::from(u8::try_from(bits >> 23 & 255).unwrap_or_default()) - 128.0;
    let mantissa = f32::from_bits((bits & 0x007f_ffff) + (127 << 23));
    exponent + ((-0.344_848_43 * mantissa + 2.024_665_8) * mantissa - 0.674_877_6)
}
