//! Bits, the first of a byte highest, and codes made of them.

use super::super::ends;
use super::broken;

pub(super) struct Bits<'b> {
    bytes: &'b [u8],
    /// How many bits have been taken.
    at: usize,
}

impl<'b> Bits<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn bit(&mut self) -> Result<bool, String> {
        let byte = self.bytes.get(self.at / 8).ok_or_else(ends)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit == 1)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<u64, String> {
        let mut taken = 0;
        let mut left = count;
        while left > 0 {
            let byte = self.bytes.get(self.at / 8).ok_or_else(ends)?;
            let ready = 8 - self.at % 8;
            let part = ready.min(left);
            let bits = u64::from(*byte) >> (ready - part) & ((1 << part) - 1);
            taken = taken << part | bits;
            self.at += part;
            left -= part;
        }
        Ok(taken)
    }

    pub(super) fn small(&mut self, count: usize) -> Result<usize, String> {
        self.take(count).map(|taken| usize::try_from(taken).unwrap_or_default())
    }

    pub(super) fn word(&mut self) -> Result<u32, String> {
        self.take(32).map(|taken| u32::try_from(taken).unwrap_or_default())
    }

    /// Goes on to the next whole byte.
    pub(super) fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    /// The bytes from here on, at the start of one.
    pub(super) fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at / 8..).unwrap_or_default()
    }
}

/// The longest code.
const LONGEST: usize = 20;

/// Canonical codes.
pub(super) struct Codes {
    counts: [usize; LONGEST + 1],
    symbols: Vec<usize>,
}

impl Codes {
    pub(super) fn new(lengths: &[usize]) -> Self {
        let mut counts = [0; LONGEST + 1];
        for length in lengths {
            counts[*length] += 1;
        }
        let mut symbols: Vec<usize> = (0..lengths.len()).collect();
        symbols.sort_by_key(|symbol| lengths.get(*symbol));
        Self { counts, symbols }
    }

    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<usize, String> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in self.counts.iter().skip(1) {
            code |= usize::from(bits.bit()?);
            if code < first + count {
                let symbol = self.symbols.get(index + code - first);
                return symbol.copied().ok_or_else(|| broken("invalid Huffman tree"));
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(broken("invalid Huffman tree"))
    }
}
