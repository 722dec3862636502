//! Text with queries in it, as many fields of a configuration hold it.

use std::cell::RefCell;

use crate::eval::{Run, Site};
use crate::parse_error::ParseError;
use crate::parser::Piece;
use crate::program::{Argument, Expr};
use crate::query::evaluate;
use crate::value::{Text, Value};
use crate::world::{Messages, Shared, World};
use crate::{compile, parser};

/// Compiled text, with the state of its counters.
#[derive(Debug)]
pub struct Interpolated {
    parts: Vec<Part>,
    sites: Vec<RefCell<Site>>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Query(Expr),
    /// A query that is metadata and nothing else, and the key of that.
    Metadata(Text, Expr),
}

impl Part {
    fn of(query: Expr) -> Self {
        let key = match &query {
            Expr::Metadata(key) => key.clone(),
            Expr::Call(site) if matches!(site.spec.name, "meta" | "metadata") => {
                match site.arguments.as_slice() {
                    [Argument::Fixed(Value::String(key))] if !key.is_empty() => Some(key.clone()),
                    _ => None,
                }
            }
            _ => None,
        };
        match key {
            Some(key) => Self::Metadata(key, query),
            None => Self::Query(query),
        }
    }
}

impl Interpolated {
    /// Compiles `source`, in which `${! query }` stands for the value of a query and `${{! x }}` for `${! x }`.
    ///
    /// # Errors
    /// The first mistake in it; its `line` is zero.
    pub fn compile(source: &str) -> Result<Self, ParseError> {
        let fail = |fault: crate::parse_error::Fault| fault.in_text(source);
        let pieces = parser::interpolated(source).map_err(fail)?;
        let nodes = pieces.iter().filter_map(|piece| match piece {
            Piece::Query(node) => Some(node),
            Piece::Text(_) => None,
        });
        let (expressions, sites) = compile::queries(nodes).map_err(fail)?;
        let mut expressions = expressions.into_iter();
        let parts = pieces.into_iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(Part::Text(text)),
            Piece::Query(_) => expressions.next().map(Part::of),
        });
        Ok(Self { parts: parts.collect(), sites: (0..sites).map(|_| RefCell::default()).collect() })
    }

    /// The text, when there is nothing to evaluate.
    pub fn constant(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Appends the text for message `index` to `out`.
    ///
    /// # Errors
    /// Why a query has no value; `out` is then as it was.
    pub fn run(
        &mut self,
        messages: &dyn Messages,
        index: usize,
        world: &mut dyn World,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let outside = Shared::new(world);
        let mut run = None;
        let start = out.len();
        for part in &self.parts {
            let expression = match part {
                Part::Text(text) => {
                    out.extend_from_slice(text.as_bytes());
                    continue;
                }
                Part::Metadata(key, expression) => match messages.metadata_bytes(index, key) {
                    // To some functions what is empty is not there.
                    Some(bytes) if !bytes.is_empty() => {
                        out.extend_from_slice(bytes);
                        continue;
                    }
                    _ => expression,
                },
                Part::Query(expression) => expression,
            };
            let run = run.get_or_insert_with(|| Run::new(messages, index, &outside, &[], &self.sites));
            match evaluate(expression, run) {
                Ok(value) => value.write_text(out),
                Err(failure) => {
                    out.truncate(start);
                    return Err(failure.to_string());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Interpolated;
    use crate::testing::{Batch, Fixed};
    use crate::value::{Text, Value};
    use crate::world::Messages;

    /// The same messages, whose metadata can be had as it is.
    struct Lent(Batch);

    impl Messages for Lent {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn content(&self, index: usize) -> &[u8] {
            self.0.content(index)
        }

        fn metadata_get(&self, index: usize, key: &str) -> Option<Value> {
            self.0.metadata_get(index, key)
        }

        fn metadata_bytes(&self, index: usize, key: &str) -> Option<&[u8]> {
            let found = self.0.0.get(index)?.metadata.iter().find(|(name, _)| name == key);
            match &found?.1 {
                Value::String(text) => Some(text.raw()),
                Value::Bytes(bytes) => Some(bytes),
                _ => None,
            }
        }

        fn metadata_all(&self, index: usize) -> Vec<(String, Value)> {
            self.0.metadata_all(index)
        }

        fn error(&self, index: usize) -> Option<&str> {
            self.0.error(index)
        }
    }

    fn run(text: &str, messages: &dyn Messages, index: usize) -> Result<Vec<u8>, String> {
        let mut out = b"-".to_vec();
        let mut text = Interpolated::compile(text).unwrap();
        text.run(messages, index, &mut Fixed::default(), &mut out).map(|()| out)
    }

    #[test]
    fn metadata_as_it_is_gives_what_a_query_gives() {
        let values = [
            Value::from("some text"),
            Value::from(""),
            Value::String(Text::of(b"a\xff")),
            Value::bytes(b"\xfe\xff"),
            Value::bytes(b""),
            Value::Null,
            Value::Int(5),
            Value::from(vec![Value::from("<")]),
        ];
        let texts = [
            "${! @key }",
            "${! meta(\"key\") }",
            "${! metadata(\"key\") }",
            "${!@}",
            "${!meta()}",
            "${!metadata(\"\")}",
            "a ${!@key} b ${!@missing} ${!meta(\"missing\")} c ${!@key.length().catch(0)}",
            "${!meta(\"k\" + \"ey\")}",
        ];
        for value in values {
            let batch = Batch::of(&["{}", "{}"]).with_metadata("key", value.clone());
            for text in texts {
                for index in 0..3 {
                    let lent = run(text, &Lent(batch.clone()), index);
                    assert_eq!(lent, run(text, &batch, index), "{text} of {value:?}");
                }
                assert_eq!(run(text, &Lent(Batch::default()), 0), run(text, &Batch::default(), 0), "{text}");
            }
        }
    }

    #[test]
    fn what_stands_before_a_query_that_fails_is_taken_back() {
        let batch = Lent(Batch::of(&["{}"]).with_metadata("key", Value::from("x")));
        assert!(run("${!@key} ${!throw(\"no\")}", &batch, 0).is_err());
        let mut out = b"-".to_vec();
        let mut text = Interpolated::compile("a ${!@key} ${!throw(\"no\")}").unwrap();
        assert!(text.run(&batch, 0, &mut Fixed::default(), &mut out).is_err());
        assert_eq!(out, b"-");
    }
}
