//! Huffman codes for writing: lengths of at most so many bits, by the method of boundary packages.

/// A code, its first bit lowest, and its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) bits: u16,
    pub(super) length: u8,
}

#[derive(Clone, Debug)]
pub(super) struct Codes(pub(super) Vec<Code>);

/// The bound of lengths, exclusive.
const LIMIT: usize = 16;
const NEVER: i32 = i32::MAX;

#[derive(Clone, Copy, Default)]
struct Level {
    last: i32,
    next_leaf: i32,
    next_pair: i32,
    needed: i32,
}

impl Codes {
    pub(super) fn none(size: usize) -> Self {
        Self(vec![Code::default(); size])
    }

    pub(super) fn fixed_literals() -> Self {
        let code = |symbol: u16| {
            let (bits, length) = match symbol {
                0..144 => (symbol + 48, 8),
                144..256 => (symbol + 400 - 144, 9),
                256..280 => (symbol - 256, 7),
                _ => (symbol + 192 - 280, 8),
            };
            Code { bits: reversed(bits, length), length }
        };
        Self((0..286).map(code).collect())
    }

    pub(super) fn fixed_offsets() -> Self {
        Self((0..30).map(|symbol| Code { bits: reversed(symbol, 5), length: 5 }).collect())
    }

    pub(super) fn length(&self, symbol: usize) -> u8 {
        self.0.get(symbol).map_or(0, |code| code.length)
    }

    /// The bits that symbols take.
    pub(super) fn size(&self, counts: &[u16]) -> usize {
        let sizes =
            self.0.iter().zip(counts).map(|(code, count)| usize::from(code.length) * usize::from(*count));
        sizes.sum()
    }

    /// The same, or `None` if one of them has no code.
    pub(super) fn known_size(&self, counts: &[u16]) -> Option<usize> {
        self.covers(counts).then(|| self.size(counts))
    }

    /// Whether every symbol that occurs has a code.
    pub(super) fn covers(&self, counts: &[u16]) -> bool {
        self.0.iter().zip(counts).all(|(code, count)| *count == 0 || code.length > 0)
    }

    /// Codes for symbols that occur so often. Those that do not occur lose theirs.
    pub(super) fn generate(&mut self, counts: &[u16], longest: usize) {
        let mut leaves: Vec<(u16, u16)> = Vec::new();
        for (symbol, (code, count)) in self.0.iter_mut().zip(counts).enumerate() {
            if *count == 0 {
                *code = Code::default();
            } else {
                leaves.push((*count, u16::try_from(symbol).unwrap_or_default()));
            }
        }
        if leaves.len() <= 2 {
            for (bits, (_, symbol)) in (0..).zip(&leaves) {
                self.set(*symbol, Code { bits, length: 1 });
            }
            return;
        }
        leaves.sort_unstable();
        let per_length = lengths(&leaves, longest);
        let mut next = 0_u16;
        let mut rest = leaves.as_mut_slice();
        for (length, count) in (1_u8..).zip(per_length) {
            next <<= 1;
            let (others, chunk) = rest.split_at_mut(rest.len() - count);
            chunk.sort_unstable_by_key(|(_, symbol)| *symbol);
            for (_, symbol) in chunk.iter() {
                self.set(*symbol, Code { bits: reversed(next, length), length });
                next += 1;
            }
            rest = others;
        }
    }

    fn set(&mut self, symbol: u16, code: Code) {
        if let Some(slot) = self.0.get_mut(usize::from(symbol)) {
            *slot = code;
        }
    }
}

fn reversed(bits: u16, length: u8) -> u16 {
    (bits << (16 - length)).reverse_bits()
}

/// How many of the leaves, rarest first, get codes of each length from one on.
fn lengths(leaves: &[(u16, u16)], longest: usize) -> Vec<usize> {
    let longest = longest.min(leaves.len() - 1);
    let frequency = |index: usize| leaves.get(index).map_or(NEVER, |(count, _)| i32::from(*count));
    let mut levels = [Level::default(); LIMIT + 1];
    // How many leaves each level uses at each level.
    let mut used = [[0_usize; LIMIT]; LIMIT];
    for level in 1..=longest {
        levels[level] = Level {
            last: frequency(1),
            next_leaf: frequency(2),
            next_pair: if level == 1 { NEVER } else { frequency(0) + frequency(1) },
            needed: 0,
        };
        used[level][level] = 2;
    }
    levels[longest].needed = i32::try_from(2 * leaves.len()).unwrap_or(NEVER) - 4;
    let mut level = longest;
    loop {
        let Level { last, next_leaf, next_pair, .. } = levels[level];
        if next_pair == NEVER && next_leaf == NEVER {
            levels[level].needed = 0;
            levels[level + 1].next_pair = NEVER;
            level += 1;
            if level >= LIMIT {
                break;
            }
            continue;
        }
        if next_leaf < next_pair {
            let count = used[level][level] + 1;
            used[level][level] = count;
            levels[level].last = next_leaf;
            levels[level].next_leaf = frequency(count);
        } else {
            levels[level].last = next_pair;
            let own = used[level][level];
            used[level] = used[level - 1];
            used[level][level] = own;
            levels[level - 1].needed = 2;
        }
        levels[level].needed -= 1;
        if levels[level].needed == 0 {
            if level == longest {
                break;
            }
            levels[level + 1].next_pair = last + levels[level].last;
            level += 1;
        } else {
            while levels[level - 1].needed > 0 {
                level -= 1;
            }
        }
    }
    let counts = used[longest];
    (1..=longest).rev().map(|level| counts[level] - counts[level - 1]).collect()
}
