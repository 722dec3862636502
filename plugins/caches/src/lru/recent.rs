use lru::LruCache;

use super::Algorithm;

/// Entries in the order of their use, so many at most: where there are more, the one goes that was not used for
/// longest.
pub(super) struct Recent<V> {
    entries: LruCache<String, V>,
    most: usize,
}

impl<V> Recent<V> {
    pub(super) fn new(most: usize) -> Self {
        // One with a bound of its own would take the memory for all entries at once.
        Self { entries: LruCache::unbounded(), most }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains(key)
    }

    pub(super) fn use_entry(&mut self, key: &str) -> Option<&V> {
        self.entries.get(key)
    }

    pub(super) fn insert(&mut self, key: String, value: V) {
        self.entries.put(key, value);
        if self.entries.len() > self.most {
            self.entries.pop_lru();
        }
    }

    pub(super) fn take(&mut self, key: &str) -> Option<(String, V)> {
        self.entries.pop_entry(key)
    }

    pub(super) fn take_oldest(&mut self) -> Option<(String, V)> {
        self.entries.pop_lru()
    }
}

impl Algorithm for Recent<Vec<u8>> {
    fn get(&mut self, key: &str) -> Option<&[u8]> {
        self.use_entry(key).map(Vec::as_slice)
    }

    fn contains(&self, key: &str) -> bool {
        self.has(key)
    }

    fn put(&mut self, key: String, value: Vec<u8>) {
        self.insert(key, value);
    }

    fn remove(&mut self, key: &str) {
        self.take(key);
    }
}
