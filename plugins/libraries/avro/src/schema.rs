//! Schemas as they are walked along.

mod canonical;
mod parse;
#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::LARGEST;
use crate::budget::Budget;
use crate::write;

/// A schema.
#[derive(Debug)]
pub struct Schema {
    nodes: Vec<Node>,
    root: NodeId,
    /// As it was given.
    text: String,
    fingerprint: u64,
}

/// What is wrong with a schema, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SchemaError(pub(crate) String);

/// A type by its place in the list of all types: they may contain themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NodeId(usize);

#[derive(Debug)]
pub(crate) enum Node {
    Null,
    Boolean,
    Int(IntKind),
    Long(LongKind),
    Float,
    Double,
    Bytes(Option<Decimal>),
    String,
    Fixed { name: String, size: usize, decimal: Option<Decimal> },
    Enum { name: String, symbols: Vec<String> },
    Array(NodeId),
    Map(NodeId),
    Union(Vec<Branch>),
    Record { name: String, fields: Vec<Field> },
}

/// What an int counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntKind {
    Plain,
    /// Days.
    Date,
    TimeMillis,
}

/// What a long counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LongKind {
    Plain,
    TimeMicros,
    TimestampMillis,
    TimestampMicros,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) precision: u32,
    pub(crate) scale: u32,
}

/// One of the types of a union.
#[derive(Debug)]
pub(crate) struct Branch {
    /// What stands before its values in JSON: a full name, or that of the type with its logical type, as Bento has it:
    /// `long.timestamp-millis`.
    pub(crate) name: String,
    pub(crate) node: NodeId,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) node: NodeId,
    pub(crate) default: Option<Default>,
}

/// The value of a field that is missing.
#[derive(Debug)]
pub(crate) struct Default {
    /// As JSON.
    pub(crate) text: String,
    /// As bytes; absent only while a schema is read.
    pub(crate) binary: Option<Vec<u8>>,
}

impl Schema {
    /// Reads a schema, which is JSON.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let (nodes, root) = parse::parse(text)?;
        let mut schema = Self { nodes, root, text: text.trim().to_owned(), fingerprint: 0 };
        schema.set_defaults()?;
        schema.fingerprint = canonical::fingerprint(schema.canonical().as_bytes());
        Ok(schema)
    }

    /// The schema as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The schema in its canonical form: all that is needed to read values, and nothing else.
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical::write(self)
    }

    /// The fingerprint of the canonical form: CRC-64-AVRO.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    pub(crate) fn root(&self) -> NodeId {
        self.root
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// Makes bytes of all defaults; those in defaults are made of their text meanwhile.
    fn set_defaults(&mut self) -> Result<(), SchemaError> {
        let (mut made, mut bytes) = (Vec::new(), 0);
        let mut budget = Budget::of_text(self.text.len());
        for (id, node) in self.nodes.iter().enumerate() {
            let Node::Record { name, fields } = node else { continue };
            for (index, field) in fields.iter().enumerate() {
                let Some(default) = &field.default else { continue };
                let wrong = |error: String| {
                    SchemaError(format!("record {name}: field {}: default: {error}", field.name))
                };
                let binary = write::default_of(self, field.node, &default.text, &mut budget)
                    .map_err(|error| wrong(error.to_string()))?;
                bytes += binary.len();
                if bytes > LARGEST {
                    return Err(wrong(format!(
                        "all defaults have more than {LARGEST} bytes, which is the limit"
                    )));
                }
                made.push((id, index, binary));
            }
        }
        for (id, index, binary) in made {
            let Some(Node::Record { fields, .. }) = self.nodes.get_mut(id) else { continue };
            if let Some(default) = fields.get_mut(index).and_then(|field| field.default.as_mut()) {
                default.binary = Some(binary);
            }
        }
        Ok(())
    }
}
