//! Reading.

use super::huffman::Codes;
use crate::output::Output;

/// Appends what some compressed bytes hold, and says how many of them that took; what follows is left alone.
///
/// # Errors
/// What is wrong with them, or that they hold too much.
pub(crate) fn inflate(bytes: &[u8], out: &mut Output<'_>) -> Result<usize, String> {
    let bits = Bits { bytes, next: 0, buffer: 0, count: 0 };
    let start = out.made();
    let mut reader = Reader { bits, out, start };
    while !reader.block()? {}
    Ok(reader.bits.taken())
}

struct Bits<'b> {
    bytes: &'b [u8],
    next: usize,
    buffer: u64,
    count: u32,
}

struct Reader<'b, 'o> {
    bits: Bits<'b>,
    out: &'b mut Output<'o>,
    /// How much had been made before.
    start: usize,
}

/// The base and the extra bits of the lengths from 257 on.
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
/// The order in which the lengths of the codes of lengths come.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const END: u16 = 256;

impl Bits<'_> {
    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(byte) = self.bytes.get(self.next) else { return };
            self.buffer |= u64::from(*byte) << self.count;
            self.next += 1;
            self.count += 8;
        }
    }

    fn peek(&self) -> u32 {
        u32::try_from(self.buffer & 0xffff_ffff).unwrap_or_default()
    }

    fn skip(&mut self, count: u32) {
        self.buffer >>= count;
        self.count -= count;
    }

    fn take(&mut self, count: u8) -> Result<u16, String> {
        self.fill();
        let count = u32::from(count);
        if self.count < count {
            return Err(ends());
        }
        let taken = u16::try_from(self.buffer & ((1 << count) - 1)).unwrap_or_default();
        self.skip(count);
        Ok(taken)
    }

    fn symbol(&mut self, codes: &Codes) -> Result<u16, String> {
        self.fill();
        match codes.find(self.peek(), self.count) {
            Some((symbol, length)) => {
                self.skip(length);
                Ok(symbol)
            }
            None if self.count < 15 && self.next >= self.bytes.len() => Err(ends()),
            None => Err(self.corrupt()),
        }
    }

    /// The bytes of which some bits have been taken.
    fn taken(&self) -> usize {
        self.next - usize::try_from(self.count / 8).unwrap_or_default()
    }

    fn corrupt(&self) -> String {
        format!("flate: corrupt input before offset {}", self.taken())
    }
}

fn ends() -> String {
    "unexpected EOF".to_owned()
}

impl Reader<'_, '_> {
    /// Reads a block, and says whether it was the last.
    fn block(&mut self) -> Result<bool, String> {
        let last = self.bits.take(1)? == 1;
        match self.bits.take(2)? {
            0 => self.stored()?,
            1 => {
                let mut lengths = [8_u8; 288];
                lengths.iter_mut().take(256).skip(144).for_each(|length| *length = 9);
                lengths.iter_mut().take(280).skip(256).for_each(|length| *length = 7);
                let codes = Codes::new(&lengths).ok_or_else(ends)?;
                self.coded(&codes, None)?;
            }
            2 => {
                let (codes, distances) = self.codes()?;
                self.coded(&codes, Some(&distances))?;
            }
            _ => return Err(self.bits.corrupt()),
        }
        Ok(last)
    }

    fn stored(&mut self) -> Result<(), String> {
        let start = self.bits.taken();
        let rest = self.bits.bytes.get(start..).unwrap_or_default();
        let Some(([a, b, c, d], rest)) = rest.split_first_chunk::<4>() else { return Err(ends()) };
        let length = u16::from_le_bytes([*a, *b]);
        self.bits.next = start + 4;
        (self.bits.buffer, self.bits.count) = (0, 0);
        if length != !u16::from_le_bytes([*c, *d]) {
            return Err(self.bits.corrupt());
        }
        let length = usize::from(length);
        let stored = rest.get(..length).ok_or_else(ends)?;
        self.bits.next += length;
        self.out.extend(stored)
    }

    fn codes(&mut self) -> Result<(Codes, Codes), String> {
        let literals = usize::from(self.bits.take(5)?) + 257;
        if literals > 286 {
            return Err(self.bits.corrupt());
        }
        let distances = usize::from(self.bits.take(5)?) + 1;
        if distances > 30 {
            return Err(self.bits.corrupt());
        }
        let count = usize::from(self.bits.take(4)?) + 4;
        let mut lengths = [0_u8; 19];
        for place in ORDER.iter().take(count) {
            lengths[*place] = u8::try_from(self.bits.take(3)?).unwrap_or_default();
        }
        let codes = Codes::new(&lengths).ok_or_else(|| self.bits.corrupt())?;
        let mut lengths = [0_u8; 286 + 30];
        let total = literals + distances;
        let mut at = 0;
        while at < total {
            let (length, times) = match self.bits.symbol(&codes)? {
                16 => {
                    let before = at.checked_sub(1).and_then(|before| lengths.get(before));
                    let length = *before.ok_or_else(|| self.bits.corrupt())?;
                    (length, 3 + self.bits.take(2)?)
                }
                17 => (0, 3 + self.bits.take(3)?),
                18 => (0, 11 + self.bits.take(7)?),
                length => (u8::try_from(length).unwrap_or_default(), 1),
            };
            let end = at + usize::from(times);
            if end > total {
                return Err(self.bits.corrupt());
            }
            lengths.iter_mut().take(end).skip(at).for_each(|slot| *slot = length);
            at = end;
        }
        let (first, rest) = lengths.split_at(literals);
        let codes = |lengths: &[u8]| Codes::new(lengths).ok_or_else(|| self.bits.corrupt());
        Ok((codes(first)?, codes(rest.get(..distances).unwrap_or_default())?))
    }

    /// A block of symbols; without `distances` these have five bits each.
    fn coded(&mut self, codes: &Codes, distances: Option<&Codes>) -> Result<(), String> {
        loop {
            let symbol = self.bits.symbol(codes)?;
            if let Ok(byte) = u8::try_from(symbol) {
                self.out.room(1)?;
                self.out.bytes.push(byte);
                continue;
            }
            if symbol == END {
                return Ok(());
            }
            let length = LENGTHS.get(usize::from(symbol - END - 1));
            let (base, extra) = *length.ok_or_else(|| self.bits.corrupt())?;
            let length = usize::from(base + self.bits.take(extra)?);
            let symbol = match distances {
                Some(distances) => self.bits.symbol(distances)?,
                None => self.bits.take(5)?.reverse_bits() >> 11,
            };
            let distance = self.distance(symbol)?;
            self.repeat(distance, length)?;
        }
    }

    fn distance(&mut self, symbol: u16) -> Result<usize, String> {
        let distance = match symbol {
            0..4 => usize::from(symbol) + 1,
            4..30 => {
                let extra = u8::try_from((symbol - 2) / 2).unwrap_or_default();
                let base = (2 | usize::from(symbol & 1)) << extra;
                base + usize::from(self.bits.take(extra)?) + 1
            }
            _ => return Err(self.bits.corrupt()),
        };
        if distance > self.out.made() - self.start { Err(self.bits.corrupt()) } else { Ok(distance) }
    }

    fn repeat(&mut self, distance: usize, length: usize) -> Result<(), String> {
        self.out.room(length)?;
        let out = &mut *self.out.bytes;
        let start = out.len() - distance;
        if distance >= length {
            out.extend_from_within(start..start + length);
            return Ok(());
        }
        for at in start..start + length {
            let byte = out.get(at).copied().unwrap_or_default();
            out.push(byte);
        }
        Ok(())
    }
}
