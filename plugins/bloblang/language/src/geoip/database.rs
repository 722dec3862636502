//! The file: a tree of address bits, the values that its leaves point to, and a description of both at its end.

use std::net::IpAddr;

use super::record::Data;
use super::shape::{Field, Shape};
use crate::value::{Text, Value};

const MARKER: &[u8] = b"\xAB\xCD\xEFMaxMind.com";
/// Zeros between the tree and the values.
const SEPARATOR: usize = 16;

const METADATA: &[Field] = &[
    Field { key: "database_type", shown: "type", shape: Shape::Text },
    Field { key: "ip_version", shown: "version", shape: Shape::Count(64) },
    Field { key: "node_count", shown: "nodes", shape: Shape::Count(64) },
    Field { key: "record_size", shown: "record", shape: Shape::Count(64) },
];

#[derive(Debug)]
pub(super) struct Database {
    content: Vec<u8>,
    kind: Text,
    version: usize,
    nodes: usize,
    /// Bits of a record, of which a node has two.
    record: usize,
    /// The bytes of the tree.
    tree: usize,
    /// Where the values end.
    end: usize,
    /// The node under which addresses of 32 bits are.
    short: usize,
}

impl Database {
    /// # Errors
    /// What is wrong with the file.
    pub(super) fn new(content: Vec<u8>) -> Result<Self, String> {
        let end = memchr::memmem::rfind(&content, MARKER)
            .ok_or("error opening database: invalid MaxMind DB file")?;
        let described = content.get(end + MARKER.len()..).unwrap_or_default();
        let metadata = Data(described).shaped(0, &Shape::Group(METADATA))?;
        let number = |key: &str| match &metadata {
            Value::Object(object) => match object.get(key) {
                Some(Value::Int(number)) => usize::try_from(*number).unwrap_or(0),
                _ => 0,
            },
            _ => 0,
        };
        let (nodes, record) = (number("nodes"), number("record"));
        let tree = nodes.checked_mul(record).map(|size| size / 4);
        let tree = tree
            .filter(|tree| tree.checked_add(SEPARATOR).is_some_and(|start| start <= end))
            .ok_or("the MaxMind DB contains invalid metadata")?;
        if !matches!(record, 24 | 28 | 32) {
            return Err(format!("unknown record size: {record}"));
        }
        let kind = match &metadata {
            Value::Object(object) => object.get("type").and_then(Value::as_text).unwrap_or(Text::fixed("")),
            _ => Text::fixed(""),
        };
        let version = number("version");
        let mut database = Self { content, kind, version, nodes, record, tree, end, short: 0 };
        if version == 6 {
            let mut node = 0;
            for _ in 0..96 {
                if node >= nodes {
                    break;
                }
                node = database.child(node, false)?;
            }
            database.short = node;
        }
        Ok(database)
    }

    /// The name of the type of the database.
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    pub(super) fn data(&self) -> Data<'_> {
        Data(self.content.get(self.tree + SEPARATOR..self.end).unwrap_or_default())
    }

    /// One of the two records of a node.
    fn child(&self, node: usize, right: bool) -> Result<usize, String> {
        let size = self.record / 4;
        let bytes = node.checked_mul(size).and_then(|start| self.content.get(start..start + size));
        let number = match (bytes.ok_or("the MaxMind DB file's search tree is corrupt")?, right) {
            ([a, b, c, _, _, _], false) | ([_, _, _, a, b, c], true) => [0, *a, *b, *c],
            // The highest bits of both are in the byte between them.
            ([a, b, c, high, _, _, _], false) => [high >> 4, *a, *b, *c],
            ([_, _, _, high, a, b, c], true) => [high & 15, *a, *b, *c],
            ([a, b, c, d, _, _, _, _], false) | ([_, _, _, _, a, b, c, d], true) => [*a, *b, *c, *d],
            (other, _) => return Err(format!("unknown record size: {}", other.len() * 4)),
        };
        Ok(u32::from_be_bytes(number) as usize)
    }

    /// Where the record of an address is among the values.
    pub(super) fn find(&self, address: IpAddr) -> Result<Option<usize>, String> {
        let (bits, count, mut node) = match address {
            IpAddr::V4(short) => (u128::from(u32::from(short)) << 96, 32, self.short),
            IpAddr::V6(_) if self.version == 4 => {
                return Err(format!(
                    "error looking up '{address}': you attempted to look up an IPv6 address in an IPv4-only database"
                ));
            }
            IpAddr::V6(long) => (u128::from(long), 128, 0),
        };
        for place in 0..count {
            if node >= self.nodes {
                break;
            }
            node = self.child(node, bits >> (127 - place) & 1 == 1)?;
        }
        if node < self.nodes {
            return Err("invalid node in search tree".to_owned());
        }
        if node == self.nodes {
            return Ok(None);
        }
        let offset = (node - self.nodes).checked_sub(SEPARATOR);
        offset
            .filter(|offset| *offset < self.content.len())
            .map(Some)
            .ok_or_else(|| "the MaxMind DB file's search tree is corrupt".to_owned())
    }
}
