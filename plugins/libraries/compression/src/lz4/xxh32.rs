//! The 32-bit hash of Yann Collet.

const PRIMES: [u32; 5] = [2_654_435_761, 2_246_822_519, 3_266_489_917, 668_265_263, 374_761_393];

pub(super) fn xxh32(bytes: &[u8]) -> u32 {
    let (stripes, rest) = bytes.as_chunks::<16>();
    let mut hash = Xxh32::default();
    hash.add(stripes);
    hash.finish(rest)
}

/// The same of bytes that come one after the other.
pub(super) struct Xxh32 {
    lanes: [u32; 4],
    length: usize,
}

impl Default for Xxh32 {
    fn default() -> Self {
        let [first, second, ..] = PRIMES;
        Self { lanes: [first.wrapping_add(second), second, 0, 0_u32.wrapping_sub(first)], length: 0 }
    }
}

impl Xxh32 {
    pub(super) fn add(&mut self, stripes: &[[u8; 16]]) {
        let [first, second, ..] = PRIMES;
        self.length += stripes.len() * 16;
        for stripe in stripes {
            let (words, _) = stripe.as_chunks::<4>();
            for (lane, word) in self.lanes.iter_mut().zip(words) {
                let mixed = lane.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(second));
                *lane = mixed.rotate_left(13).wrapping_mul(first);
            }
        }
    }

    /// The hash of all that was added, and of a rest that is less than a stripe.
    pub(super) fn finish(self, rest: &[u8]) -> u32 {
        let [first, second, third, fourth, fifth] = PRIMES;
        let mut hash = if self.length == 0 {
            fifth
        } else {
            self.lanes
                .iter()
                .zip([1, 7, 12, 18])
                .fold(0_u32, |sum, (lane, turn)| sum.wrapping_add(lane.rotate_left(turn)))
        };
        let length = self.length + rest.len();
        hash = hash.wrapping_add(u32::try_from(length & 0xffff_ffff).unwrap_or_default());
        let (words, tail) = rest.as_chunks::<4>();
        for word in words {
            hash = hash.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(third));
            hash = hash.rotate_left(17).wrapping_mul(fourth);
        }
        for byte in tail {
            hash = hash.wrapping_add(u32::from(*byte).wrapping_mul(fifth));
            hash = hash.rotate_left(11).wrapping_mul(first);
        }
        hash ^= hash >> 15;
        hash = hash.wrapping_mul(second);
        hash ^= hash >> 13;
        hash = hash.wrapping_mul(third);
        hash ^ hash >> 16
    }
}

#[cfg(test)]
mod tests {
    use super::xxh32;

    #[test]
    fn the_published_values_come_out() {
        assert_eq!(xxh32(b""), 0x02cc_5d05);
        assert_eq!(xxh32(b"abc"), 0x32d1_53ff);
        assert_eq!(xxh32(b"Nobody inspects the spammish repetition"), 0xe229_3b2f);
    }
}
