//! Canonical Huffman codes, for reading.

/// The longest code.
const LONGEST: usize = 15;
/// Codes of up to so many bits are looked up at once.
const QUICK: u32 = 9;

/// The codes of an alphabet.
#[derive(Debug)]
pub(super) struct Codes {
    /// By the next bits: the symbol and, in the low four bits, the length of its code; zero for longer ones.
    quick: Vec<u16>,
    /// How many codes have each length.
    counts: [u16; LONGEST + 1],
    /// The symbols by code.
    symbols: Vec<u16>,
}

impl Codes {
    /// The codes that lengths make; `None` when some code would be used twice or not at all.
    pub(super) fn new(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0_u16; LONGEST + 1];
        for length in lengths {
            *counts.get_mut(usize::from(*length))? += 1;
        }
        let used: u16 = counts.iter().skip(1).sum();
        *counts.first_mut()? = 0;
        let mut left = 1_i32;
        for count in counts.iter().skip(1) {
            left = left * 2 - i32::from(*count);
            if left < 0 {
                return None;
            }
        }
        // An alphabet of one symbol has a code to spare, and one of none is never read from.
        let single = used == 1 && counts[1] == 1;
        if left > 0 && used > 0 && !single {
            return None;
        }
        let mut offsets = [0_u16; LONGEST + 2];
        for length in 1..=LONGEST {
            offsets[length + 1] = offsets[length] + counts[length];
        }
        let mut symbols = vec![0; usize::from(used)];
        for (symbol, length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
            let offset = offsets.get_mut(usize::from(*length))?;
            *symbols.get_mut(usize::from(*offset))? = u16::try_from(symbol).ok()?;
            *offset += 1;
        }
        let mut codes = Self { quick: Vec::new(), counts, symbols };
        codes.quick = (0..1 << QUICK).map(|bits| codes.short(bits)).collect();
        Some(codes)
    }

    /// The entry of the table for the next bits.
    fn short(&self, bits: u32) -> u16 {
        match self.search(bits, QUICK) {
            Some((symbol, length)) => symbol << 4 | u16::try_from(length).unwrap_or_default(),
            None => 0,
        }
    }

    /// The symbol that the next bits stand for, and how many of them do; `None` if there is none, or if `available`
    /// bits do not tell.
    pub(super) fn find(&self, bits: u32, available: u32) -> Option<(u16, u32)> {
        let index = usize::try_from(bits & ((1 << QUICK) - 1)).unwrap_or_default();
        match self.quick.get(index) {
            Some(entry) if *entry != 0 => {
                let length = u32::from(entry & 15);
                (length <= available).then_some((entry >> 4, length))
            }
            _ => self.search(bits, available),
        }
    }

    fn search(&self, mut bits: u32, available: u32) -> Option<(u16, u32)> {
        let (mut code, mut first, mut index) = (0_u32, 0_u32, 0_u32);
        for (length, count) in (1..).zip(self.counts.iter().skip(1)) {
            if length > available {
                return None;
            }
            code |= bits & 1;
            bits >>= 1;
            let count = u32::from(*count);
            if code < first + count {
                let symbol = usize::try_from(index + code - first).ok()?;
                return self.symbols.get(symbol).map(|symbol| (*symbol, length));
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}
