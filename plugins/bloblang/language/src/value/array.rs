//! Arrays: shared, copied on the first write while shared.

use std::ops::Deref;
use std::sync::Arc;

use super::Value;

/// An ordered list of values.
#[derive(Clone, Debug)]
pub struct Array {
    items: Arc<Vec<Value>>,
    /// At least the nesting of the items plus one; it never shrinks.
    depth: u16,
}

impl Array {
    pub fn depth(&self) -> u16 {
        self.depth
    }

    pub fn push(&mut self, value: Value) {
        self.note(&value);
        Arc::make_mut(&mut self.items).push(value);
    }

    /// Removes the item at `index`, if there is one.
    pub fn remove(&mut self, index: usize) {
        if index < self.items.len() {
            Arc::make_mut(&mut self.items).remove(index);
        }
    }

    /// Changes the item at `index` in place; `None` when there is no such item.
    pub fn update<T>(&mut self, index: usize, change: impl FnOnce(&mut Value) -> T) -> Option<T> {
        let item = Arc::make_mut(&mut self.items).get_mut(index)?;
        let result = change(item);
        let depth = item.depth();
        self.depth = self.depth.max(depth.saturating_add(1));
        Some(result)
    }

    /// The items, moved out when nobody else holds them.
    pub fn into_items(self) -> Vec<Value> {
        Arc::try_unwrap(self.items).unwrap_or_else(|shared| shared.as_ref().clone())
    }

    fn note(&mut self, value: &Value) {
        self.depth = self.depth.max(value.depth().saturating_add(1));
    }
}

impl From<Vec<Value>> for Array {
    fn from(items: Vec<Value>) -> Self {
        let inner = items.iter().map(Value::depth).max().unwrap_or(0);
        Self { items: Arc::new(items), depth: inner.saturating_add(1) }
    }
}

impl Deref for Array {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.items
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}
