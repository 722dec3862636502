//! Terms and their suffixes.

use super::{Compiled, Compiler, Kind};
use crate::number;
use crate::program::{Id, Node};
use crate::syntax::{Entry, Head, Interpolated, Key, Piece, Suffix, Term};
use crate::value::Value;

/// What makes text of a value, for each format that is known.
const FORMATS: [(&str, &str); 10] = [
    ("@text", "tostring"),
    ("@json", "tojson"),
    ("@html", "_tohtml"),
    ("@uri", "_touri"),
    ("@urid", "_tourid"),
    ("@csv", "_tocsv"),
    ("@tsv", "_totsv"),
    ("@sh", "_tosh"),
    ("@base64", "_tobase64"),
    ("@base64d", "_tobase64d"),
];

/// The function behind a format.
pub(crate) fn format(name: &str) -> Option<&'static str> {
    FORMATS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
}

impl Compiler {
    pub(super) fn term(&mut self, term: &Term) -> Compiled<Id> {
        self.suffixed(&term.head, &term.suffixes)
    }

    fn suffixed(&mut self, head: &Head, suffixes: &[Suffix]) -> Compiled<Id> {
        let Some((last, before)) = suffixes.split_last() else { return self.head(head) };
        match last {
            Suffix::Index(index) => {
                let of = self.suffixed(head, before)?;
                self.index(of, index)
            }
            Suffix::Iterate => {
                let of = self.suffixed(head, before)?;
                Ok(self.program.add(Node::Iterate(of)))
            }
            Suffix::Optional => self.optional(head, before),
        }
    }

    /// Only the suffix right in front may fail. What is in its brackets is then asked of what it is a suffix of, as
    /// in gojq.
    fn optional(&mut self, head: &Head, suffixes: &[Suffix]) -> Compiled<Id> {
        let (before, tried) = match suffixes.split_last() {
            Some((Suffix::Index(index), before)) => {
                let before = self.suffixed(head, before)?;
                let identity = self.program.add(Node::Identity);
                (Some(before), self.index(identity, index)?)
            }
            Some((Suffix::Iterate, before)) => {
                let before = self.suffixed(head, before)?;
                let identity = self.program.add(Node::Identity);
                (Some(before), self.program.add(Node::Iterate(identity)))
            }
            _ => (None, self.suffixed(head, suffixes)?),
        };
        let tried = self.program.add(Node::Try(tried, None));
        Ok(match before {
            Some(before) => self.program.add(Node::Pipe(before, tried)),
            None => tried,
        })
    }

    fn head(&mut self, head: &Head) -> Compiled<Id> {
        match head {
            Head::Identity => Ok(self.program.add(Node::Identity)),
            Head::Recurse => self.call("recurse", &[]),
            Head::Constant(value) => Ok(self.constant(value.clone())),
            Head::Index(index) => {
                let identity = self.program.add(Node::Identity);
                self.index(identity, index)
            }
            Head::Call(name, arguments) => self.call(name, arguments),
            Head::Object(entries) => self.object(entries),
            Head::Array(None) => Ok(self.constant(Value::array(Vec::new()))),
            Head::Array(Some(query)) => {
                let query = self.apart(|compiler| compiler.query(query))?;
                Ok(self.program.add(Node::Array(query)))
            }
            Head::Sign(name, term) => {
                if let Some(number) = signed(name, term) {
                    return Ok(self.constant(number));
                }
                let term = self.term(term)?;
                let sign = self.native(name, Vec::new())?;
                Ok(self.program.add(Node::Pipe(term, sign)))
            }
            Head::Format(name, text) => match (text, format(name)) {
                (Some(text), _) => self.string(text, Some(name)),
                (None, _) => self.formatted(name),
            },
            Head::Text(text) => self.string(text, None),
            Head::If(cases, otherwise) => {
                let mut rest = match otherwise {
                    Some(query) => self.query(query)?,
                    None => self.program.add(Node::Identity),
                };
                for (condition, then) in cases.iter().rev() {
                    let condition = self.query(condition)?;
                    let then = self.query(then)?;
                    rest = self.program.add(Node::If(condition, then, rest));
                }
                Ok(rest)
            }
            Head::Try(body, catch) => {
                let body = self.query(body)?;
                let catch = catch.as_deref().map(|catch| self.query(catch)).transpose()?;
                Ok(self.program.add(Node::Try(body, catch)))
            }
            Head::Reduce(source, pattern, start, update) => {
                let fold = self.fold((source, pattern), (start, update), None)?;
                Ok(self.program.add(Node::Reduce(fold)))
            }
            Head::Foreach(source, pattern, start, update, extract) => {
                let fold = self.fold((source, pattern), (start, update), extract.as_deref())?;
                Ok(self.program.add(Node::Foreach(fold)))
            }
            Head::Break(name) => {
                let label =
                    self.scope.iter().rev().find(|named| named.kind == Kind::Label && named.name == *name);
                let symbol =
                    label.map(|label| label.symbol).ok_or_else(|| format!("label not defined: {name}"))?;
                Ok(self.program.add(Node::Break(symbol)))
            }
            Head::Group(query) => self.apart(|compiler| compiler.query(query)),
        }
    }

    fn object(&mut self, entries: &[Entry]) -> Compiled<Id> {
        if entries.is_empty() {
            return Ok(self.constant(Value::object::<&str>([])));
        }
        let mut compiled = Vec::with_capacity(entries.len());
        for Entry { key, value } in entries {
            let alone = value.is_none();
            let (key, own) = match key {
                Key::Name(name) => match name.strip_prefix('$') {
                    Some(bare) if alone => {
                        let variable = self.call(name, &[])?;
                        (self.constant(Value::from(bare)), Some(variable))
                    }
                    Some(_) => (self.call(name, &[])?, None),
                    None => (self.constant(Value::from(name.as_str())), None),
                },
                Key::Text(text) => (self.string(text, None)?, None),
                Key::Query(query) => (self.query(query)?, None),
            };
            let value = match value {
                Some(value) => Some(self.query(value)?),
                None => own,
            };
            compiled.push((key, value));
        }
        Ok(self.program.add(Node::Object(compiled)))
    }

    /// A string, whose queries a format makes text of.
    pub(super) fn string(&mut self, text: &Interpolated, format: Option<&str>) -> Compiled<Id> {
        if let Some(text) = text.plain() {
            return Ok(self.constant(Value::from(text)));
        }
        let mut whole = None;
        for piece in text.pieces() {
            let piece = match piece {
                Piece::Text(text) => self.constant(Value::from(text.as_str())),
                Piece::Query(query) => {
                    let query = self.apart(|compiler| compiler.query(query))?;
                    let shown = self.formatted(format.unwrap_or("@text"))?;
                    self.program.add(Node::Pipe(query, shown))
                }
            };
            whole = Some(match whole {
                None => piece,
                Some(left) => self.native("_add", vec![left, piece])?,
            });
        }
        Ok(whole.unwrap_or_else(|| self.constant(Value::from(""))))
    }

    fn formatted(&mut self, name: &str) -> Compiled<Id> {
        match format(name) {
            Some(function) => self.native(function, Vec::new()),
            None => {
                let name = self.constant(Value::from(name.trim_start_matches('@')));
                self.native("format", vec![name])
            }
        }
    }
}

/// A number with a sign.
pub(super) fn signed(name: &str, term: &Term) -> Option<Value> {
    let (Head::Constant(value), []) = (&term.head, term.suffixes.as_slice()) else { return None };
    match value {
        Value::Int(_) | Value::Float(_) | Value::Big(_) if name == "_plus" => Some(value.clone()),
        Value::Int(number) => Some(number.checked_neg().map_or_else(|| value.clone(), Value::Int)),
        Value::Float(number) => Some(Value::Float(-number)),
        Value::Big(number) => Some(number::small(-(**number).clone())),
        _ => None,
    }
}
