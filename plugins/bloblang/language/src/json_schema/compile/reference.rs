//! References: to places in the schema itself, by pointer or by name.

use super::super::Id;
use super::{Compiled, Compiler, is_schema};
use crate::value::{Text, Value, strconv};

impl Compiler<'_> {
    /// The node that a reference leads to.
    pub(super) fn reference(&mut self, reference: &Text) -> Compiled<Id> {
        if let Some(known) = self.known.get(reference) {
            return Ok(*known);
        }
        let found = resolve(self.root, reference)?;
        if !is_schema(found) {
            return Err("valid schema must be of type object".to_owned());
        }
        // Noted before it is compiled, since it may lead to itself.
        self.known.insert(reference.clone(), self.nodes.len());
        self.schema(found)
    }
}

/// The place in the document that a reference leads to.
fn resolve<'v>(root: &'v Value, reference: &str) -> Result<&'v Value, String> {
    let (id, pointer) = reference.split_once('#').unwrap_or((reference, ""));
    let own = |value: &Value, id: &str| match value {
        Value::Object(object) => ["$id", "id"].iter().any(
            |key| matches!(object.get(key), Some(Value::String(own)) if own.trim_end_matches('#') == id),
        ),
        _ => false,
    };
    let named = |id: &str| walk(root, &mut |value| own(value, id)).ok_or_else(|| not_here(reference));
    let base = if id.is_empty() || own(root, id) { root } else { named(id)? };
    if pointer.is_empty() {
        return Ok(base);
    }
    let Some(pointer) = pointer.strip_prefix('/') else { return named(&format!("#{pointer}")) };
    pointer.split('/').try_fold(base, |value, step| {
        let token = percent_decoded(step);
        step_into(value, &token)
    })
}

/// Other documents are not fetched.
fn not_here(reference: &str) -> String {
    let slash = if reference.contains(':') || reference.starts_with(['/', '#']) { "" } else { "/" };
    format!("Reference {slash}{reference} must be canonical")
}

/// What a step of a pointer leads to.
fn step_into<'v>(value: &'v Value, token: &str) -> Result<&'v Value, String> {
    match value {
        Value::Object(object) => {
            let key = token.replace("~1", "/").replace("~0", "~");
            object.get(&key).ok_or_else(|| format!("Object has no key '{key}'"))
        }
        Value::Array(items) => {
            let index =
                strconv::parse_int(token, 10).map_err(|_| format!("Invalid array index '{token}'"))?;
            let found = usize::try_from(index).ok().and_then(|index| items.get(index));
            found.ok_or_else(|| format!("Out of bound array[0,{}] index '{index}'", items.len()))
        }
        _ => Err(format!("Invalid token reference '{token}'")),
    }
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = text.get(at + 1..at + 3).and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(code) if *byte == b'%' => {
                out.push(code);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The first part of the document for which a test holds.
fn walk<'v>(value: &'v Value, test: &mut dyn FnMut(&Value) -> bool) -> Option<&'v Value> {
    if test(value) {
        return Some(value);
    }
    match value {
        Value::Object(object) => object.iter().find_map(|(_, value)| walk(value, test)),
        Value::Array(items) => items.iter().find_map(|value| walk(value, test)),
        _ => None,
    }
}
