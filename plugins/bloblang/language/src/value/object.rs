//! Objects: key and value pairs kept sorted by key.
//!
//! Invariant: keys are unique and ascending, which is the order the output needs and makes a lookup a search.
//! Objects of a document are small, so a short scan beats hashing.

use std::sync::Arc;

use super::lazy::{Members, Slot, Source, Written};
use super::over::Over;
use super::print::Html;
use super::{Text, Value, length};

/// Up to this many keys are scanned; more are searched by halves.
const SCANNED: usize = 8;

/// A map from text to value.
#[derive(Clone, Debug)]
pub struct Object {
    entries: Members<(Text, Value)>,
    /// What is different from those, which then were read and not made.
    over: Option<Arc<Over>>,
    /// At least the nesting of the values plus one; it never shrinks.
    depth: u16,
    /// About how many bytes the entries would be as text, more or less.
    size: u32,
    /// Whether it may hold Go's nil slice somewhere.
    nil: bool,
}

impl Default for Object {
    fn default() -> Self {
        Self { entries: Members::made(Vec::new()), over: None, depth: 1, size: 2, nil: false }
    }
}

impl Object {
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn read(source: Source, depth: u16) -> Self {
        let size = length(source.text.len());
        Self { size, entries: Members::read(source), over: None, depth, nil: false }
    }

    /// The same, where the entries have been found.
    pub(super) fn found(source: Source, slots: Option<Vec<Slot>>, depth: u16) -> Self {
        let size = length(source.text.len());
        Self { size, entries: Members::found(source, slots), over: None, depth, nil: false }
    }

    pub(super) fn with_text(mut self, text: Text) -> Self {
        self.settle();
        Self { entries: self.entries.with_text(text), ..self }
    }

    pub(super) fn written(&self) -> Written<'_, (Text, Value)> {
        if self.over.is_some() { Written::Members(self.all()) } else { self.entries.written() }
    }

    /// Appends an object of which only some entries are not as they were read; whether it is one.
    pub(super) fn write_over(&self, html: Html, out: &mut Vec<u8>) -> bool {
        let (Some(over), Some((source, slots))) = (&self.over, self.entries.slots()) else { return false };
        over.write(source, slots, html, out);
        true
    }

    pub(super) fn may_hold_nil(&self) -> bool {
        self.nil
    }

    pub(super) fn place(&self) -> Option<usize> {
        match &self.over {
            Some(over) => Some(Arc::as_ptr(over).addr()),
            None => self.entries.place(),
        }
    }

    pub fn depth(&self) -> u16 {
        self.depth
    }

    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    pub fn len(&self) -> usize {
        self.all().len()
    }

    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        if let Some(change) = self.over.as_ref().and_then(|over| over.get(key.as_bytes())) {
            return change;
        }
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
        let found = find(entries, key).ok()?;
        entries.get(found).map(|(_, value)| value)
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Text, &Value)> {
        self.all().iter().map(|(key, value)| (key, value))
    }

    pub fn insert(&mut self, key: Text, value: Value) {
        self.depth = self.depth.max(value.depth().saturating_add(1));
        self.size = self.size.saturating_add(entry_size(&key, &value));
        self.nil |= value.may_hold_nil();
        if let Some(over) = self.over() {
            over.set(key, Some(value));
            return;
        }
        self.settle();
        let entries = self.entries.change();
        match find(entries, &key) {
            Ok(at) => {
                if let Some(entry) = entries.get_mut(at) {
                    entry.1 = value;
                }
            }
            Err(at) => entries.insert(at, (key, value)),
        }
    }

    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let old = self.get(key)?.clone();
        if let Some(over) = self.over() {
            over.set(Text::from(key), None);
            return Some(old);
        }
        drop(old);
        self.settle();
        let entries = self.entries.change();
        let at = find(entries, key).ok()?;
        Some(entries.remove(at).1)
    }

    /// Changes the value under `key` in place, which is null when the key was missing.
    pub fn update<T>(&mut self, key: &Text, change: impl FnOnce(&mut Value) -> T) -> Option<T> {
        if self.over().is_some() {
            return Some(self.update_over(key, change));
        }
        self.settle();
        let entries = self.entries.change();
        let position = find(entries, key);
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

    fn update_over<T>(&mut self, key: &Text, change: impl FnOnce(&mut Value) -> T) -> T {
        // Out of its place, so that nobody shares what only this object holds.
        let taken = self.over().and_then(|over| over.take(key.as_bytes()));
        let known = taken.unwrap_or_else(|| self.get(key).cloned());
        let before = known.as_ref().map_or(0, |value| entry_size(key, value));
        let mut value = known.unwrap_or(Value::Null);
        let result = change(&mut value);
        self.size = self.size.saturating_sub(before).saturating_add(entry_size(key, &value));
        self.depth = self.depth.max(value.depth().saturating_add(1));
        self.nil |= value.may_hold_nil();
        if let Some(over) = self.over() {
            over.set(key.clone(), Some(value));
        }
        result
    }

    /// Changes the value under `key` in place; `None`, and nothing added, when the key is missing.
    pub fn update_existing<T>(&mut self, key: &Text, change: impl FnOnce(&mut Value) -> T) -> Option<T> {
        self.get(key)?;
        self.update(key, change)
    }

    /// The entries, moved out when nobody else holds them.
    pub fn into_entries(mut self) -> Vec<(Text, Value)> {
        self.settle();
        self.entries.into_vec()
    }

    fn all(&self) -> &[(Text, Value)] {
        let entries = self.entries.get();
        self.over.as_ref().map_or(entries, |over| over.merged(entries))
    }

    /// Makes entries of what was read and what is different.
    fn settle(&mut self) {
        if let Some(over) = self.over.take() {
            self.entries = Members::made(over.merged(self.entries.get()).to_vec());
        }
    }

    /// Where changes are noted, if that is how they are made: over entries that were read, as long as they are few.
    fn over(&mut self) -> Option<&mut Over> {
        match &self.over {
            Some(over) if over.is_full() => return None,
            Some(_) => {}
            None => {
                self.entries.slots()?;
            }
        }
        Some(Arc::make_mut(self.over.get_or_insert_default()))
    }
}

/// Where a key is among entries, or where it would be.
fn find(entries: &[(Text, Value)], key: &str) -> Result<usize, usize> {
    // Writers often append in order.
    match entries.last() {
        None => return Err(0),
        Some((last, _)) if last.as_bytes() < key.as_bytes() => return Err(entries.len()),
        Some(_) => {}
    }
    entries.binary_search_by(|(name, _)| name.as_bytes().cmp(key.as_bytes()))
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
        Self { entries: Members::made(entries), over: None, depth: inner.saturating_add(1), size, nil }
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
        self.all() == other.all()
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
