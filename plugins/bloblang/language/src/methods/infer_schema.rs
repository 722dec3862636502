use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::{Object, Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "infer_schema",
    "Parsing",
    "What a value is made of, as an object that other formats' schemas can be made from. Elements of an array must be of one type. This is Redpanda's, not Bento's.",
    body,
)
.unnamed()
.examples(&[
    Example::new(
        "",
        "root = this.infer_schema()",
        &[("5", r#"{"fingerprint":"fb07eafc2ac667f3b7998c26b1772903e6ffd400ed114591c79db7fc784ad8e5","type":"INT64"}"#)],
    ),
    Example::new(
        "",
        "root = this.infer_schema().children.map_each(this.name + \" \" + this.type)",
        &[(r#"{"a":"x","b":[1.5],"c":null}"#, r#"["a STRING","b ARRAY","c NULL"]"#)],
    ),
    Example::new(
        "",
        "root = this.infer_schema()",
        &[(r#"{"a":[1,"x"]}"#, r#"Error("failed assignment (line 1): .a.1 mismatched array types, found INT64 and STRING")"#)],
    ),
]);

/// A type, its name and its number in fingerprints.
type Type = (&'static str, u8);

struct Schema {
    name: Text,
    kind: Type,
    children: Vec<Self>,
}

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Schema::of(Text::fixed(""), &target).map(|schema| schema.shown().0).map_err(Failure::new)
}

impl Schema {
    fn of(name: Text, value: &Value) -> Result<Self, String> {
        let mut children = Vec::new();
        let kind = match value {
            Value::Bool(_) => ("BOOLEAN", 1),
            Value::Int(_) => ("INT64", 3),
            Value::Float(_) => ("FLOAT64", 5),
            Value::Number(text) if text.parse::<i64>().is_ok() => ("INT64", 3),
            Value::Number(_) => ("FLOAT64", 5),
            Value::String(_) => ("STRING", 6),
            Value::Bytes(_) => ("BYTE_ARRAY", 7),
            Value::Timestamp(_) => ("TIMESTAMP", 13),
            Value::Null => ("NULL", 11),
            Value::Object(object) => {
                for (key, value) in object.iter() {
                    let child = Self::of(key.clone(), value).map_err(|error| format!(".{key}{error}"))?;
                    children.push(child);
                }
                ("OBJECT", 8)
            }
            Value::Array(items) => {
                children.extend(element(items)?);
                ("ARRAY", 10)
            }
            other => return Err(format!(" unsupported data type: {}", other.go_type())),
        };
        Ok(Self { name, kind, children })
    }

    /// The schema as a value, and what its fingerprint is made of.
    fn shown(&self) -> (Value, String) {
        let Self { name, kind: (kind, number), children } = self;
        let mut whole = format!("T:{number}|N:{name}|O:0|C:{}|", children.len());
        let mut shown = Vec::new();
        for (index, child) in children.iter().enumerate() {
            let (value, part) = child.shown();
            let _ = write!(whole, "[{index}:{part}]");
            shown.push(value);
        }
        let mut fingerprint = String::new();
        for byte in Sha256::digest(whole.as_bytes()) {
            let _ = write!(fingerprint, "{byte:02x}");
        }
        let mut object = Object::from(vec![
            (Text::fixed("fingerprint"), Value::from(fingerprint)),
            (Text::fixed("type"), Value::from(*kind)),
        ]);
        if !name.is_empty() {
            object.insert(Text::fixed("name"), Value::String(name.clone()));
        }
        if !shown.is_empty() {
            object.insert(Text::fixed("children"), Value::from(shown));
        }
        (Value::Object(object), whole)
    }
}

/// The schema of the elements, which must be alike; an empty array has none.
fn element(items: &[Value]) -> Result<Option<Schema>, String> {
    let mut first: Option<Schema> = None;
    for (index, item) in items.iter().enumerate() {
        let schema = Schema::of(Text::fixed(""), item).map_err(|error| format!(".{index}{error}"))?;
        match &first {
            None => first = Some(schema),
            Some(first) if first.kind != schema.kind => {
                let (expected, found) = (first.kind.0, schema.kind.0);
                return Err(format!(".{index} mismatched array types, found {expected} and {found}"));
            }
            Some(_) => {}
        }
    }
    Ok(first)
}
