//! The changes that lead from one value to another, found and applied with the rules and words of the library that
//! Bento uses (r3labs' diff).
//!
//! Keys of objects are visited in their order; in Bento that order is random.

mod apply;
mod find;

use crate::value::{Object, Text, Value};

pub(crate) use apply::apply;
pub(crate) use find::find;

/// One change.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    kind: Text,
    path: Vec<Text>,
    from: Value,
    to: Value,
}

impl Change {
    fn new(kind: &'static str, path: &[Text], from: Value, to: Value) -> Self {
        Self { kind: Text::fixed(kind), path: path.to_vec(), from, to }
    }
}

impl From<Change> for Value {
    fn from(change: Change) -> Self {
        let Change { kind, path, from, to } = change;
        let path: Vec<Self> = path.into_iter().map(Self::String).collect();
        Self::Object(Object::from(vec![
            (Text::fixed("From"), from),
            (Text::fixed("Path"), Self::from(path)),
            (Text::fixed("To"), to),
            (Text::fixed("Type"), Self::String(kind)),
        ]))
    }
}

/// An error as the library words it.
fn message(text: &str) -> String {
    format!(" {text} (cause count 0)\n")
}
