use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use forebay_model::Offset;
use sha2::{Digest as _, Sha256};

/// The last offset of each key, as far as there is room.
///
/// Of a key there are 16 bytes of its SHA-256: that two keys share those is so unlikely that it never happens, also
/// where somebody wants it to. Kafka keeps as many of MD5.
#[derive(Debug)]
pub(super) struct LastOffsets {
    offsets: HashMap<KeyDigest, Offset, BuildHasherDefault<First>>,
    most: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct KeyDigest([u8; 16]);

impl std::hash::Hash for KeyDigest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0[..8]);
    }
}

/// What is hashed is a digest: its first bytes are as good as any others.
#[derive(Debug, Default)]
struct First(u64);

impl Hasher for First {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for (at, byte) in bytes.iter().take(8).enumerate() {
            self.0 |= u64::from(*byte) << (8 * at);
        }
    }
}

/// What a key takes: the digest, the offset, and the room that a growing table has, some of it twice.
const KEY_BYTES: u64 = 64;

impl LastOffsets {
    /// With room for what fits into so many bytes, one key at least.
    pub(super) fn new(bytes: u64) -> Self {
        let most = usize::try_from(bytes / KEY_BYTES).unwrap_or(usize::MAX).max(1);
        Self { offsets: HashMap::default(), most }
    }

    /// Whether there is room for so many keys, or there is none yet: a batch must fit, or nothing would ever go on.
    pub(super) fn has_room(&self, keys: usize) -> bool {
        self.offsets.is_empty() || self.offsets.len().saturating_add(keys) <= self.most
    }

    /// Takes in a record. Those of one key come in the order of their offsets.
    pub(super) fn put(&mut self, key: &[u8], offset: Offset) {
        self.offsets.insert(digest(key), offset);
    }

    /// Whether no later record of that key is known.
    pub(super) fn is_last(&self, key: &[u8], offset: Offset) -> bool {
        self.offsets.get(&digest(key)).is_none_or(|last| offset >= *last)
    }
}

fn digest(key: &[u8]) -> KeyDigest {
    let mut digest = [0; 16];
    digest.copy_from_slice(&Sha256::digest(key)[..16]);
    KeyDigest(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    #[test]
    fn the_last_offset_of_each_key_counts() {
        let mut last = LastOffsets::new(1 << 20);
        last.put(b"a", offset(1));
        last.put(b"b", offset(2));
        last.put(b"a", offset(3));
        let is_last = |key: &str, at| last.is_last(key.as_bytes(), offset(at));
        assert!(!is_last("a", 1) && is_last("a", 3) && is_last("a", 4) && is_last("b", 2));
        assert!(is_last("unknown", 0));
    }

    #[test]
    fn room_is_bounded_but_one_batch_always_fits() {
        let mut last = LastOffsets::new(2 * KEY_BYTES);
        assert!(last.has_room(100));
        last.put(b"a", offset(1));
        assert!(last.has_room(1) && !last.has_room(2));
    }
}
