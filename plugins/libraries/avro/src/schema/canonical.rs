//! The canonical form of schemas, and its fingerprint.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::{Node, NodeId, Schema};

/// The schema without what does not matter to who reads values.
pub(super) fn write(schema: &Schema) -> String {
    let mut out = String::new();
    any(schema, schema.root(), &mut HashSet::new(), &mut out);
    out
}

fn any(schema: &Schema, id: NodeId, defined: &mut HashSet<NodeId>, out: &mut String) {
    let node = schema.node(id);
    if let Node::Fixed { name, .. } | Node::Enum { name, .. } | Node::Record { name, .. } = node
        && !defined.insert(id)
    {
        quoted(name, out);
        return;
    }
    match node {
        Node::Null => quoted("null", out),
        Node::Boolean => quoted("boolean", out),
        Node::Int(_) => quoted("int", out),
        Node::Long(_) => quoted("long", out),
        Node::Float => quoted("float", out),
        Node::Double => quoted("double", out),
        Node::Bytes(_) => quoted("bytes", out),
        Node::String => quoted("string", out),
        Node::Fixed { name, size, .. } => {
            // Writing to a text does not fail.
            let _ = write!(out, r#"{{"name":"{name}","type":"fixed","size":{size}}}"#);
        }
        Node::Enum { name, symbols } => {
            let _ = write!(out, r#"{{"name":"{name}","type":"enum","symbols":["#);
            list(symbols, out, |symbol, out| quoted(symbol, out));
            out.push_str("]}");
        }
        Node::Array(items) => {
            out.push_str(r#"{"type":"array","items":"#);
            any(schema, *items, defined, out);
            out.push('}');
        }
        Node::Map(values) => {
            out.push_str(r#"{"type":"map","values":"#);
            any(schema, *values, defined, out);
            out.push('}');
        }
        Node::Union(branches) => {
            out.push('[');
            list(branches, out, |branch, out| any(schema, branch.node, defined, out));
            out.push(']');
        }
        Node::Record { name, fields } => {
            let _ = write!(out, r#"{{"name":"{name}","type":"record","fields":["#);
            list(fields, out, |field, out| {
                let _ = write!(out, r#"{{"name":"{}","type":"#, field.name);
                any(schema, field.node, defined, out);
                out.push('}');
            });
            out.push_str("]}");
        }
    }
}

fn list<T>(all: &[T], out: &mut String, mut each: impl FnMut(&T, &mut String)) {
    for (index, item) in all.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        each(item, out);
    }
}

fn quoted(text: &str, out: &mut String) {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    forebay_json::write_string(text.as_bytes(), forebay_json::Html::Plain, &mut bytes);
    out.push_str(&String::from_utf8_lossy(&bytes));
}

const EMPTY: u64 = 0xc15d_213a_a4d7_a795;

const TABLE: [u64; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut print = index as u64;
        let mut bit = 0;
        while bit < 8 {
            print = (print >> 1) ^ if print & 1 == 1 { EMPTY } else { 0 };
            bit += 1;
        }
        table[index] = print;
        index += 1;
    }
    table
};

/// CRC-64-AVRO.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(EMPTY, |print, byte| {
        let [low, ..] = print.to_le_bytes();
        (print >> 8) ^ TABLE[usize::from(low ^ byte)]
    })
}
