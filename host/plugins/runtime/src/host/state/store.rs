//! Keys and values, within limits.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::limits::StateLimits;

/// What one component keeps.
#[derive(Debug, Default)]
pub(super) struct Store {
    entries: BTreeMap<String, Box<[u8]>>,
    /// Bytes of all keys and values.
    bytes: usize,
}

impl Store {
    pub(super) fn get(&self, key: &str) -> Option<&[u8]> {
        self.entries.get(key).map(AsRef::as_ref)
    }

    /// # Errors
    /// The limit that it would pass; nothing is changed then.
    pub(super) fn set(&mut self, key: String, value: Vec<u8>, limits: &StateLimits) -> Result<(), String> {
        if key.len() > limits.key {
            let (length, limit) = (key.len(), limits.key);
            return Err(format!("a key of the state has {length} bytes, the limit is {limit}"));
        }
        let old = self.entries.get(&key).map(|old| key.len() + old.len());
        if old.is_none() && self.entries.len() >= limits.entries {
            return Err(format!("the state is full: it has {} entries, as many as it may", limits.entries));
        }
        let (rest, new) = (self.bytes - old.unwrap_or(0), key.len() + value.len());
        if rest.saturating_add(new) > limits.bytes {
            let limit = limits.bytes;
            return Err(format!(
                "the state is full: {new} bytes beside {rest} that are kept, the limit is {limit}"
            ));
        }
        self.bytes = rest + new;
        self.entries.insert(key, value.into_boxed_slice());
        Ok(())
    }

    /// Bytes of all keys and values.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn delete(&mut self, key: &str) -> bool {
        let Some(value) = self.entries.remove(key) else { return false };
        self.bytes -= key.len() + value.len();
        true
    }

    pub(super) fn keys(&self, prefix: &str) -> Vec<String> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let keys = self.entries.range::<str, _>(from).map(|(key, _)| key);
        keys.take_while(|key| key.starts_with(prefix)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: StateLimits = StateLimits { bytes: 10, entries: 3, key: 4 };

    fn set(store: &mut Store, key: &str, value: &str) -> Result<(), String> {
        store.set(key.to_owned(), value.as_bytes().to_vec(), &LIMITS)
    }

    #[test]
    fn bytes_are_counted_and_given_back() {
        let mut store = Store::default();
        set(&mut store, "a", "12345").unwrap();
        assert_eq!(
            set(&mut store, "b", "1234").unwrap_err(),
            "the state is full: 5 bytes beside 6 that are kept, the limit is 10"
        );
        assert_eq!(store.get("b"), None);
        set(&mut store, "a", "123456789").unwrap();
        assert!(set(&mut store, "a", "1234567890").is_err());
        assert_eq!(store.get("a"), Some(&b"123456789"[..]), "a refused value changes nothing");
        assert!(store.delete("a"));
        assert!(!store.delete("a"));
        set(&mut store, "b", "123456789").unwrap();
    }

    #[test]
    fn entries_and_keys_are_limited() {
        let mut store = Store::default();
        assert_eq!(
            set(&mut store, "12345", "").unwrap_err(),
            "a key of the state has 5 bytes, the limit is 4"
        );
        for key in ["a", "b", "c"] {
            set(&mut store, key, "").unwrap();
        }
        assert_eq!(
            set(&mut store, "d", "").unwrap_err(),
            "the state is full: it has 3 entries, as many as it may"
        );
        set(&mut store, "c", "1").unwrap();
    }

    #[test]
    fn keys_are_found_by_their_beginning() {
        let mut store = Store::default();
        for key in ["b", "ab", "a"] {
            set(&mut store, key, "").unwrap();
        }
        assert_eq!(store.keys("a"), ["a", "ab"]);
        assert_eq!(store.keys(""), ["a", "ab", "b"]);
        assert_eq!(store.keys("c"), Vec::<String>::new());
    }
}
