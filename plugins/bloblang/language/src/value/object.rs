//! Objects: key and value pairs kept sorted by key.
//!
//! Invariant: keys are unique and ascending, which is the order the output needs and makes a lookup a search.
//! Objects of a document are small, so a short scan beats hashing.

use super::lazy::{Members, Slot, Source, Written};
use super::{Text, Value, length};

/// Up to this many keys are scanned; more are searched by halves.
const SCANNED: usize = 8;

/// A map from text to value.
#[derive(Clone, Debug)]
pub struct Object {
    entries: Members<(Text, Value)>,
    /// At least the nesting of the values plus one; it never shrinks.
    depth: u16,
    /// About how many bytes the entries would be as text, more or less.
    size: u32,
    /// Whether it may hold Go's nil slice somewhere.
    nil: bool,
}

impl Default for Object {
    fn default() -> Self {
        Self { entries: Members::made(Vec::new()), depth: 1, size: 2, nil: false }
    }
}

impl Object {
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn read(source: Source, depth: u16) -> Self {
        Self { size: length(source.text.len()), entries: Members::read(source), depth, nil: false }
    }

    /// The same, where the entries have been found.
    pub(super) fn found(source: Source, slots: Option<Vec<Slot>>, depth: u16) -> Self {
        Self { size: length(source.text.len()), entries: Members::found(source, slots), depth, nil: false }
    }

    pub(super) fn with_text(self, text: Text) -> Self {
        Self { entries: self.entries.with_text(text), ..self }
    }

    pub(super) fn written(&self) -> Written<'_, (Text, Value)> {
        self.entries.written()
    }

    pub(super) fn may_hold_nil(&self) -> bool {
        self.nil
    }

    pub(super) fn place(&self) -> Option<usize> {
        self.entries.place()
    }

    pub fn depth(&self) -> u16 {
        self.depth
    }

    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    pub fn len(&self) -> usize {
        self.entries.get().len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.get().is_empty()
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        if let Some(found) = self.entries.look_up(key.as_bytes()) {
            return found;
        }
        let entries = self.entries.get();
        if entries.len() <= SCANNED {
            return entries
                .iter()
                .find(|(name, _)| name.as_bytes() == key.as_bytes())
                .map(|(_, value)| value);
        }
        let found = self.find(key).ok()?;
        entries.get(found).map(|(_, value)| value)
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Text, &Value)> {
        self.entries.get().iter().map(|(key, value)| (key, value))
    }

    pub fn insert(&mut self, key: Text, value: Value) {
        self.depth = self.depth.max(value.depth().saturating_add(1));
        self.size = self.size.saturating_add(entry_size(&key, &value));
        self.nil |= value.may_hold_nil();
        let position = self.find(&key);
        let entries = self.entries.change();
        match position {
            Ok(at) => {
                if let Some(entry) = entries.get_mut(at) {
                    entry.1 = value;
                }
            }
            Err(at) => entries.insert(at, (key, value)),
        }
    }

    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.find(key).ok()?;
        Some(self.entries.change().remove(at).1)
    }

    /// Changes the value under `key` in place, which is null when the key was missing.
    pub fn update<T>(&mut self, key: &Text, change: impl FnOnce(&mut Value) -> T) -> Option<T> {
        let position = self.find(key);
        let entries = self.entries.change();
        let at = match position {
            Ok(at) => at,
            Err(at) => {
                entries.insert(at, (key.clone(), Value::Null));
                at
            }
        };
        let (key, value) = entries.get_mut(at)?;
        let before = if position.is_ok() { entry_size(key, value) } else { 0 };
        let result = change(value);
        let (depth, nil) = (value.depth(), value.may_hold_nil());
        self.size = self.size.saturating_sub(before).saturating_add(entry_size(key, value));
        self.depth = self.depth.max(depth.saturating_add(1));
        self.nil |= nil;
        Some(result)
    }

    /// Changes the value under `key` in place; `None`, and nothing added, when the key is missing.
    pub fn update_existing<T>(&mut self, key: &Text, change: impl FnOnce(&mut Value) -> T) -> Option<T> {
        self.find(key).ok()?;
        self.update(key, change)
    }

    /// The entries, moved out when nobody else holds them.
    pub fn into_entries(self) -> Vec<(Text, Value)> {
        self.entries.into_vec()
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        // Writers often append in order.
        let entries = self.entries.get();
        match entries.last() {
            None => return Err(0),
            Some((last, _)) if last.as_bytes() < key.as_bytes() => return Err(entries.len()),
            Some(_) => {}
        }
        entries.binary_search_by(|(name, _)| name.as_bytes().cmp(key.as_bytes()))
    }
}

impl From<Vec<(Text, Value)>> for Object {
    /// Takes entries in any order; of equal keys the last wins.
    fn from(entries: Vec<(Text, Value)>) -> Self {
        let entries = ordered(entries);
        let (mut inner, mut size, mut nil) = (0, 2_u32, false);
        for (key, value) in &entries {
            nil |= value.may_hold_nil();
            inner = value.depth().max(inner);
            size = size.saturating_add(entry_size(key, value));
        }
        Self { entries: Members::made(entries), depth: inner.saturating_add(1), size, nil }
    }
}

fn entry_size(key: &Text, value: &Value) -> u32 {
    value.size().saturating_add(length(key.len()))
}

/// Entries in the order of their keys; of equal keys the last wins.
pub(super) fn ordered(mut entries: Vec<(Text, Value)>) -> Vec<(Text, Value)> {
    if !entries.is_sorted_by(|left, right| left.0 < right.0) {
        // The sort is stable: of equal keys the last one stays last, and takes the place of those before it.
        entries.sort_by(|left, right| left.0.cmp(&right.0));
        entries.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
    }
    entries
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.entries.get() == other.entries.get()
    }
}

#[cfg(test)]
mod tests {
    use super::{Object, Text, Value};

    #[test]
    fn the_last_of_equal_keys_wins() {
        let pairs = [("b", 1), ("a", 2), ("b", 3)];
        let object =
            Object::from(pairs.iter().map(|(k, v)| (Text::fixed(k), Value::Int(*v))).collect::<Vec<_>>());
        assert_eq!(object.len(), 2);
        assert_eq!(object.get("b"), Some(&Value::Int(3)));
    }

    #[test]
    fn keys_stay_sorted_whatever_the_order_of_insertion() {
        let mut object = Object::new();
        for key in ["m", "a", "z", "k", "b", "y", "c", "x", "d", "w"] {
            object.insert(Text::fixed(key), Value::Null);
        }
        assert!(object.remove("k").is_some());
        let keys: Vec<_> = object.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["a", "b", "c", "d", "m", "w", "x", "y", "z"]);
        assert!(object.contains_key("y") && !object.contains_key("k"));
    }
}
