//! Indexes, constant ones apart: those need no evaluation.

use super::{Compiled, Compiler};
use crate::program::{Id, Node};
use crate::syntax::{Head, Index, Query, Suffix};
use crate::value::Value;

impl Compiler {
    /// An index of what `of` gives.
    pub(super) fn index(&mut self, of: Id, index: &Index) -> Compiled<Id> {
        if let Some(key) = constant(index) {
            return Ok(self.program.add(Node::Field(of, key)));
        }
        match index {
            Index::Name(name) => Ok(self.program.add(Node::Field(of, Value::from(name.as_str())))),
            Index::Text(text) => {
                let key = self.string(text, None)?;
                Ok(self.program.add(Node::Index(of, key)))
            }
            Index::Query(query) => {
                let key = self.query(query)?;
                Ok(self.program.add(Node::Index(of, key)))
            }
            Index::Slice(from, to) => {
                let from = self.end(from.as_deref())?;
                let to = self.end(to.as_deref())?;
                Ok(self.program.add(Node::Slice { of, from, to }))
            }
        }
    }

    fn end(&mut self, query: Option<&Query>) -> Compiled<Id> {
        match query {
            Some(query) => self.query(query),
            None => Ok(self.constant(Value::Null)),
        }
    }
}

/// The key, where it is the same for every input.
fn constant(index: &Index) -> Option<Value> {
    match index {
        Index::Name(name) => Some(Value::from(name.as_str())),
        Index::Text(text) => text.plain().map(Value::from),
        Index::Query(query) => fixed(query),
        Index::Slice(from, to) => {
            let end = |query: &Option<Box<Query>>| match query {
                None => Some(Value::Null),
                Some(query) => fixed(query),
            };
            Some(Value::object([("start", end(from)?), ("end", end(to)?)]))
        }
    }
}

/// The keys of a place that is the same for every input.
pub(super) fn place(query: &Query) -> Option<Vec<Value>> {
    let Query::Term(term) = query else { return None };
    let mut keys = match &term.head {
        Head::Index(index) => vec![constant(index)?],
        Head::Group(query) => place(query)?,
        _ => return None,
    };
    for suffix in &term.suffixes {
        let Suffix::Index(index) = suffix else { return None };
        keys.push(constant(index)?);
    }
    Some(keys)
}

/// A number or a string by itself.
fn fixed(query: &Query) -> Option<Value> {
    let Query::Term(term) = query else { return None };
    if !term.suffixes.is_empty() {
        return None;
    }
    match &term.head {
        Head::Constant(value @ (Value::Int(_) | Value::Float(_) | Value::Big(_))) => Some(value.clone()),
        Head::Text(text) => text.plain().map(Value::from),
        Head::Sign(name, term) => super::term::signed(name, term),
        _ => None,
    }
}
