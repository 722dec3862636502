use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// What a record holds: who sent it, where to, and its number among those. No two records are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Value {
    pub client: u32,
    pub partition: i32,
    /// From 0 on, for each client and partition.
    pub number: u32,
}

impl Value {
    /// The bytes of a record, at least `length` of them. All of them follow from the value, so that a change shows.
    #[must_use]
    pub fn bytes(self, length: usize) -> Bytes {
        let mut bytes = format!("{}/{}/{};", self.client, self.partition, self.number).into_bytes();
        let start = bytes.len();
        let seed = self.number.wrapping_mul(2_654_435_761).wrapping_add(self.client);
        let filler = (start..length.max(start)).zip(0_u32..);
        bytes.extend(filler.map(|(_, at)| b'a' + filler_at(seed, at)));
        bytes.into()
    }

    /// The value that these bytes are, if all of them are as they were sent.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b';')?;
        let mut parts = std::str::from_utf8(bytes.get(..end)?).ok()?.split('/');
        let value = Self {
            client: parts.next()?.parse().ok()?,
            partition: parts.next()?.parse().ok()?,
            number: parts.next()?.parse().ok()?,
        };
        (parts.next().is_none() && value.bytes(bytes.len()) == bytes).then_some(value)
    }
}

/// A letter that depends on the value and on its place.
fn filler_at(seed: u32, at: u32) -> u8 {
    let mixed = seed.wrapping_add(at).wrapping_mul(0x9E37_79B9) >> 16;
    u8::try_from(mixed % 26).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_it_was_written_or_not_at_all() {
        let value = Value { client: 3, partition: 1, number: 70_000 };
        for length in [0, 40, 5000] {
            let bytes = value.bytes(length).to_vec();
            assert_eq!(Value::of(&bytes), Some(value));
            let mut changed = bytes.clone();
            changed[bytes.len() - 1] ^= 1;
            assert_eq!(Value::of(&changed), None);
        }
        assert_eq!(Value::of(b"hello"), None);
        assert_eq!(Value::of(b""), None);
    }
}
