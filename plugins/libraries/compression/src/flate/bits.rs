//! Blocks as bits.

use super::codes::{Code, Codes};
use super::tokens::{END, LITERALS, OFFSETS, Token, Tokens, length_code, offset_code};

pub(super) const LENGTH_EXTRA: [u8; 29] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
pub(super) const OFFSET_EXTRA: [u8; 30] =
    [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// Blocks of fewer tokens may do with the fixed codes.
const FEW: usize = 250;
/// What the codes of letters alone may take.
const GUESSED_HEADER: usize = 70 * 8;
const LONGEST_STORED: usize = 65_535;

pub(super) struct BitWriter {
    out: Vec<u8>,
    buffer: u64,
    count: u32,
    literals: Codes,
    spare: Codes,
    offsets: Codes,
    lengths: Codes,
    fixed: (Codes, Codes),
    /// The bits of the header of the block that is still open, if one is; its codes may go on to be used.
    open: usize,
    /// Whether the codes are those of letters alone.
    only_letters: bool,
    /// New codes must save this much, as a power of two.
    penalty: u32,
}

/// The lengths of codes as a block begins with them: symbols, each with some more bits, and how often they occur.
struct Header {
    symbols: Vec<(usize, u32, u8)>,
    counts: [u16; 19],
    literals: usize,
    offsets: usize,
}

impl BitWriter {
    pub(super) fn new(penalty: u32) -> Self {
        Self {
            out: Vec::new(),
            buffer: 0,
            count: 0,
            literals: Codes::none(LITERALS),
            spare: Codes::none(LITERALS),
            offsets: Codes::none(OFFSETS),
            lengths: Codes::none(19),
            fixed: (Codes::fixed_literals(), Codes::fixed_offsets()),
            open: 0,
            only_letters: false,
            penalty,
        }
    }

    /// Ends everything with an empty block.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.close();
        self.bits(3, 3);
        self.bits(0, 7);
        self.flush();
        self.out
    }

    /// What was written, where that ends with a stored block, and so at a whole byte. More blocks may follow.
    pub(super) fn aligned(self) -> Vec<u8> {
        self.out
    }

    /// A block as it is.
    pub(super) fn stored(&mut self, block: &[u8]) {
        self.close();
        self.bits(0, 3);
        self.flush();
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        self.out.extend(length.to_le_bytes());
        self.out.extend((!length).to_le_bytes());
        self.out.extend(block);
    }

    /// A block of letters.
    pub(super) fn coded(&mut self, block: &[u8], last: bool) {
        let mut counts = [0_u16; END + 1];
        block.iter().for_each(|letter| counts[usize::from(*letter)] += 1);
        if block.len() > 1024 && is_even(&counts, block.len()) {
            return self.stored(block);
        }
        counts[END] = 1;
        self.spare.generate(&counts, 15);
        let mut estimate = self.spare.known_size(&counts);
        if let Some(bits) = &mut estimate {
            *bits += if self.open == 0 { GUESSED_HEADER } else { self.open };
            *bits += *bits >> self.penalty;
        }
        let estimate = estimate.unwrap_or(usize::MAX);
        if block.len() <= LONGEST_STORED && stored_size(block) <= estimate {
            return self.stored(block);
        }
        if self.open > 0 {
            let again = self.literals.known_size(counts.get(..END).unwrap_or_default());
            if estimate < again.unwrap_or(usize::MAX) {
                self.close();
            }
        }
        if self.open == 0 {
            std::mem::swap(&mut self.literals, &mut self.spare);
            let mut offsets = Codes::none(OFFSETS);
            offsets.generate(&[1], 15);
            let header = Header::new(&self.literals, END + 1, &offsets, 1);
            self.open = self.header(&header);
            self.only_letters = true;
        }
        for letter in block {
            self.code(self.literals.0[usize::from(*letter)]);
        }
        if last {
            self.close();
            self.only_letters = false;
        }
    }

    /// A block of letters and matches.
    pub(super) fn matched(&mut self, tokens: &mut Tokens, block: &[u8], last: bool) {
        if last {
            tokens.end();
        }
        if self.only_letters && self.open > 0 {
            self.close();
            self.only_letters = false;
        }
        if self.open > 0 && !(self.offsets.covers(&tokens.offsets) && self.literals.covers(&tokens.literals))
        {
            self.close();
        }
        let mut literals = tokens.literals;
        let mut offsets = tokens.offsets;
        literals[END] = 1;
        let used = |counts: &[u16]| counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
        let literal_count = used(&literals);
        let mut offset_count = used(&offsets);
        if offset_count == 0 {
            offsets[0] = 1;
            offset_count = 1;
        }
        let extra = extra_size(&literals, &offsets);
        let fixed = self.fixed.0.size(&literals) + self.fixed.1.size(&offsets) + 3 + extra;
        let few = tokens.list.len() < FEW;
        if self.open > 0 {
            let mut new = self.open + tokens.estimate();
            new += usize::from(self.literals.length(END)) + (new >> self.penalty);
            let again = self.literals.size(&literals) + self.offsets.size(&offsets) + extra;
            let size = new.min(again);
            if new < again {
                self.close();
            }
            if few && fixed + 7 < size {
                return self.fixed_or_stored(tokens, block, last, stored_size(block) <= size);
            }
            if stored_size(block) <= size {
                return self.stored(block);
            }
        }
        if self.open == 0 {
            self.literals.generate(&literals, 15);
            self.offsets.generate(&offsets, 15);
            let header = Header::new(&self.literals, literal_count, &self.offsets, offset_count);
            self.lengths.generate(&header.counts, 7);
            let size = header.size(&self.lengths)
                + self.literals.size(&literals)
                + self.offsets.size(&offsets)
                + extra;
            if few && fixed <= size {
                return self.fixed_or_stored(tokens, block, last, stored_size(block) <= fixed);
            }
            if stored_size(block) <= size {
                return self.stored(block);
            }
            let bits = self.header(&header);
            self.open = if last { 0 } else { bits };
            self.only_letters = false;
        }
        if last {
            self.open = 0;
        }
        self.tokens(&tokens.list, false);
    }

    fn fixed_or_stored(&mut self, tokens: &mut Tokens, block: &[u8], last: bool, stored: bool) {
        if stored {
            return self.stored(block);
        }
        self.close();
        self.bits(2, 3);
        if !last {
            tokens.end();
        }
        self.tokens(&tokens.list, true);
    }

    fn tokens(&mut self, tokens: &[Token], fixed: bool) {
        for token in tokens {
            match *token {
                Token::Letter(letter) => self.literal(usize::from(letter), fixed),
                Token::End => self.literal(END, fixed),
                Token::Match { length, offset } => {
                    let code = length_code(length);
                    self.literal(END + 1 + code, fixed);
                    self.extra(u32::from(length), LENGTH_EXTRA[code]);
                    let code = offset_code(offset);
                    let codes = if fixed { &self.fixed.1 } else { &self.offsets };
                    self.code(codes.0[code]);
                    self.extra(u32::from(offset), OFFSET_EXTRA[code]);
                }
            }
        }
    }

    fn literal(&mut self, symbol: usize, fixed: bool) {
        let codes = if fixed { &self.fixed.0 } else { &self.literals };
        self.code(codes.0[symbol]);
    }

    /// The low bits of a value.
    fn extra(&mut self, value: u32, count: u8) {
        self.bits(value & ((1 << count) - 1), count);
    }

    /// Writes the header of a block, which is not the last one, and says how many bits that were.
    fn header(&mut self, header: &Header) -> usize {
        self.lengths.generate(&header.counts, 7);
        let count = header.codes();
        let narrow = |value: usize| u32::try_from(value).unwrap_or_default();
        self.bits(4, 3);
        self.bits(narrow(header.literals - 257), 5);
        self.bits(narrow(header.offsets - 1), 5);
        self.bits(narrow(count - 4), 4);
        for symbol in ORDER.iter().take(count) {
            self.bits(u32::from(self.lengths.length(*symbol)), 3);
        }
        for (symbol, extra, bits) in &header.symbols {
            self.code(self.lengths.0[*symbol]);
            self.bits(*extra, *bits);
        }
        header.size(&self.lengths)
    }

    /// Ends the open block.
    fn close(&mut self) {
        if self.open > 0 {
            self.code(self.literals.0[END]);
            self.open = 0;
        }
    }

    fn code(&mut self, code: Code) {
        self.bits(u32::from(code.bits), code.length);
    }

    fn bits(&mut self, bits: u32, count: u8) {
        self.buffer |= u64::from(bits) << self.count;
        self.count += u32::from(count);
        while self.count >= 8 {
            let [byte, ..] = self.buffer.to_le_bytes();
            self.out.push(byte);
            self.buffer >>= 8;
            self.count -= 8;
        }
    }

    fn flush(&mut self) {
        if self.count > 0 {
            let [byte, ..] = self.buffer.to_le_bytes();
            self.out.push(byte);
        }
        (self.buffer, self.count) = (0, 0);
    }
}

fn stored_size(block: &[u8]) -> usize {
    (block.len() + 5) * 8
}

fn extra_size(literals: &[u16; LITERALS], offsets: &[u16; OFFSETS]) -> usize {
    let sum = |counts: &[u16], extra: &[u8]| -> usize {
        counts.iter().zip(extra).map(|(count, bits)| usize::from(*count) * usize::from(*bits)).sum()
    };
    sum(literals.get(END + 1..).unwrap_or_default(), &LENGTH_EXTRA) + sum(offsets, &OFFSET_EXTRA)
}

/// Whether all letters are about as frequent, so that codes would save nothing.
#[expect(clippy::cast_precision_loss, reason = "blocks are short")]
fn is_even(counts: &[u16], length: usize) -> bool {
    let average = length as f64 / 256.0;
    let most = (length * 2) as f64;
    let mut sum = 0.0;
    for count in counts.iter().take(256) {
        let difference = f64::from(*count) - average;
        sum += difference * difference;
        if sum > most {
            break;
        }
    }
    sum < most
}

impl Header {
    fn new(literals: &Codes, literal_count: usize, offsets: &Codes, offset_count: usize) -> Self {
        let lengths: Vec<u8> = (0..literal_count)
            .map(|symbol| literals.length(symbol))
            .chain((0..offset_count).map(|symbol| offsets.length(symbol)))
            .collect();
        let mut header =
            Self { symbols: Vec::new(), counts: [0; 19], literals: literal_count, offsets: offset_count };
        for run in lengths.chunk_by(|left, right| left == right) {
            header.run(usize::from(run.first().copied().unwrap_or_default()), run.len());
        }
        header
    }

    /// So many codes of the same length.
    fn run(&mut self, length: usize, mut count: usize) {
        if length == 0 {
            while count >= 11 {
                let part = count.min(138);
                self.push(18, part - 11, 7);
                count -= part;
            }
            if count >= 3 {
                self.push(17, count - 3, 3);
                count = 0;
            }
        } else {
            self.push(length, 0, 0);
            count -= 1;
            while count >= 3 {
                let part = count.min(6);
                self.push(16, part - 3, 2);
                count -= part;
            }
        }
        (0..count).for_each(|_| self.push(length, 0, 0));
    }

    fn push(&mut self, symbol: usize, extra: usize, bits: u8) {
        self.counts[symbol] += 1;
        self.symbols.push((symbol, u32::try_from(extra).unwrap_or_default(), bits));
    }

    /// How many lengths of codes of lengths there are.
    fn codes(&self) -> usize {
        let last = ORDER.iter().rposition(|symbol| self.counts[*symbol] > 0);
        last.map_or(4, |last| (last + 1).max(4))
    }

    fn size(&self, codes: &Codes) -> usize {
        let extra = |symbol: usize, bits: usize| usize::from(self.counts[symbol]) * bits;
        17 + 3 * self.codes() + codes.size(&self.counts) + extra(16, 2) + extra(17, 3) + extra(18, 7)
    }
}
