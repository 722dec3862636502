//! Arrays: shared, copied on the first write while shared.

use std::ops::Deref;

use super::lazy::{Members, Source, Written};
use super::{Text, Value, length};

/// An ordered list of values.
#[derive(Clone, Debug)]
pub struct Array {
    items: Members<Value>,
    /// At least the nesting of the items plus one; it never shrinks.
    depth: u16,
    /// About how many bytes the items would be as text, more or less.
    size: u32,
    /// Whether it is Go's nil slice or may hold one somewhere.
    nil: bool,
}

impl Array {
    /// The items of an array literal. One without items is Go's nil slice: it is empty as any other, but JSON that a
    /// mapping makes of it is `null`.
    pub(crate) fn literal(items: Vec<Value>) -> Self {
        if items.is_empty() {
            return Self { items: Members::never(), depth: 1, size: 4, nil: true };
        }
        Self::from(items)
    }

    pub(crate) fn is_nil(&self) -> bool {
        self.items.are_never()
    }

    pub(super) fn may_hold_nil(&self) -> bool {
        self.nil
    }

    pub(super) fn place(&self) -> Option<usize> {
        self.items.place()
    }

    pub(super) fn read(source: Source, depth: u16) -> Self {
        Self { size: length(source.text.len()), items: Members::read(source), depth, nil: false }
    }

    pub(super) fn with_text(self, text: Text) -> Self {
        Self { items: self.items.with_text(text), ..self }
    }

    pub(super) fn written(&self) -> Written<'_, Value> {
        self.items.written()
    }

    pub fn depth(&self) -> u16 {
        self.depth
    }

    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    pub fn push(&mut self, value: Value) {
        self.note(&value);
        self.items.change().push(value);
    }

    /// Removes the item at `index`, if there is one.
    pub fn remove(&mut self, index: usize) {
        if index < self.len() {
            self.items.change().remove(index);
        }
    }

    /// Changes the item at `index` in place; `None` when there is no such item.
    pub fn update<T>(&mut self, index: usize, change: impl FnOnce(&mut Value) -> T) -> Option<T> {
        let item = self.items.change().get_mut(index)?;
        let before = item.size();
        let result = change(item);
        let depth = item.depth();
        self.size = self.size.saturating_sub(before).saturating_add(item.size());
        self.nil |= item.may_hold_nil();
        self.depth = self.depth.max(depth.saturating_add(1));
        Some(result)
    }

    /// The items, moved out when nobody else holds them.
    pub fn into_items(self) -> Vec<Value> {
        self.items.into_vec()
    }

    fn note(&mut self, value: &Value) {
        self.depth = self.depth.max(value.depth().saturating_add(1));
        self.size = self.size.saturating_add(value.size());
        self.nil |= value.may_hold_nil();
    }
}

impl From<Vec<Value>> for Array {
    fn from(items: Vec<Value>) -> Self {
        let (mut inner, mut size, mut nil) = (0, 2_u32, false);
        for item in &items {
            nil |= item.may_hold_nil();
            inner = item.depth().max(inner);
            size = size.saturating_add(item.size());
        }
        Self { items: Members::made(items), depth: inner.saturating_add(1), size, nil }
    }
}

impl Deref for Array {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        self.items.get()
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

#[cfg(test)]
mod tests {
    use super::{Array, Value};

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        value.write_json(&mut out);
        String::from_utf8(out).expect("utf-8")
    }

    #[test]
    fn a_copy_without_nil_shares_what_was_shared() {
        let shared = Value::from(vec![Value::Array(Array::literal(Vec::new()))]);
        let value = Value::from(vec![shared.clone(), shared]);
        assert_eq!(written(&value), "[[null],[null]]");
        let copy = value.without_nil();
        assert_eq!(written(&copy), "[[[]],[[]]]");
        let Value::Array(items) = &copy else { panic!("{copy:?}") };
        let [Value::Array(left), Value::Array(right)] = &items[..] else { panic!("{copy:?}") };
        assert_eq!(left.place(), right.place());
        assert!(!copy.may_hold_nil());
    }
}
