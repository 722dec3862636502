//! Arrays: shared, copied on the first write while shared.

use std::ops::Deref;

use super::lazy::{Members, Source, Written};
use super::{Value, length};

/// An ordered list of values.
#[derive(Clone, Debug)]
pub struct Array {
    items: Members<Value>,
    /// At least the nesting of the items plus one; it never shrinks.
    depth: u16,
    /// About how many bytes the items would be as text, more or less.
    size: u32,
}

impl Array {
    /// The items of an array literal. One without items is Go's nil slice: it is empty as any other, but JSON that a
    /// mapping makes of it is `null`.
    pub(crate) fn literal(items: Vec<Value>) -> Self {
        if items.is_empty() { Self { items: Members::never(), depth: 1, size: 4 } } else { Self::from(items) }
    }

    pub(crate) fn is_nil(&self) -> bool {
        self.items.are_never()
    }

    /// The items, unless they are those of a document.
    pub(super) fn put(&self) -> &[Value] {
        self.items.put()
    }

    pub(super) fn read(source: Source, depth: u16) -> Self {
        Self { size: length(source.text.len()), items: Members::read(source), depth }
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
    }
}

impl From<Vec<Value>> for Array {
    fn from(items: Vec<Value>) -> Self {
        let (mut inner, mut size) = (0, 2_u32);
        for item in &items {
            inner = item.depth().max(inner);
            size = size.saturating_add(item.size());
        }
        Self { items: Members::made(items), depth: inner.saturating_add(1), size }
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
