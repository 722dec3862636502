//! Schemas, read.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{Branch, Decimal, Default, Field, IntKind, LongKind, Node, NodeId, SchemaError};
use crate::LARGEST;

/// All types, and the first of them.
pub(super) fn parse(text: &str) -> Result<(Vec<Node>, NodeId), SchemaError> {
    // Its nesting is limited by who reads it.
    let value: Value =
        serde_json::from_str(text).map_err(|error| SchemaError(format!("it is no JSON: {error}")))?;
    let mut parser = Parser { nodes: Vec::new(), names: HashMap::new() };
    let root = parser.any(&value, "").map_err(SchemaError)?;
    Ok((parser.nodes, root))
}

struct Parser {
    nodes: Vec<Node>,
    /// Full names.
    names: HashMap<String, NodeId>,
}

type Object = Map<String, Value>;

impl Parser {
    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }

    fn any(&mut self, value: &Value, namespace: &str) -> Result<NodeId, String> {
        match value {
            Value::String(name) => self.named(name, &Map::new(), namespace),
            Value::Array(types) => self.union(types, namespace),
            Value::Object(object) => self.object(object, namespace),
            other => Err(format!("a type is a name, an object or a list of types, and not {other}")),
        }
    }

    /// What has a `type`: that may be a name, or a type itself.
    fn object(&mut self, object: &Object, namespace: &str) -> Result<NodeId, String> {
        match object.get("type") {
            Some(Value::String(name)) => self.named(name, object, namespace),
            Some(inner) => self.any(inner, namespace),
            None => Err("an object that describes a type has a member `type`".to_owned()),
        }
    }

    /// The type of this name, with the attributes that stand beside it.
    fn named(&mut self, name: &str, object: &Object, namespace: &str) -> Result<NodeId, String> {
        let logical = object.get("logicalType").and_then(Value::as_str);
        let node = match name {
            "null" => Node::Null,
            "boolean" => Node::Boolean,
            "int" => Node::Int(match logical {
                Some("date") => IntKind::Date,
                Some("time-millis") => IntKind::TimeMillis,
                _ => IntKind::Plain,
            }),
            "long" => Node::Long(match logical {
                Some("time-micros") => LongKind::TimeMicros,
                Some("timestamp-millis") => LongKind::TimestampMillis,
                Some("timestamp-micros") => LongKind::TimestampMicros,
                _ => LongKind::Plain,
            }),
            "float" => Node::Float,
            "double" => Node::Double,
            "bytes" => Node::Bytes(decimal(object)),
            "string" => Node::String,
            "array" => {
                let items = object.get("items").ok_or("an array has `items`")?;
                Node::Array(self.any(items, namespace).map_err(|error| format!("items: {error}"))?)
            }
            "map" => {
                let values = object.get("values").ok_or("a map has `values`")?;
                Node::Map(self.any(values, namespace).map_err(|error| format!("values: {error}"))?)
            }
            "record" | "error" | "enum" | "fixed" => return self.define(name, object, namespace),
            other => return self.find(other, namespace),
        };
        Ok(self.add(node))
    }

    /// A type that was defined before.
    fn find(&self, name: &str, namespace: &str) -> Result<NodeId, String> {
        let inside = format!("{namespace}.{name}");
        let found = if name.contains('.') || namespace.is_empty() { None } else { self.names.get(&inside) };
        let found = found.or_else(|| self.names.get(name)).copied();
        found.ok_or_else(|| format!("unknown type name: {name:?}"))
    }

    fn define(&mut self, kind: &str, object: &Object, namespace: &str) -> Result<NodeId, String> {
        let (name, namespace) = full_name(object, namespace).map_err(|error| format!("{kind}: {error}"))?;
        if self.names.contains_key(&name) {
            return Err(format!("{kind} {name}: there are two types of this name"));
        }
        let within = |error: String| format!("{kind} {name}: {error}");
        let node = match kind {
            "fixed" => Node::Fixed {
                name: name.clone(),
                size: size(object).map_err(within)?,
                decimal: decimal(object),
            },
            "enum" => Node::Enum { name: name.clone(), symbols: symbols(object).map_err(within)? },
            _ => Node::Record { name: name.clone(), fields: Vec::new() },
        };
        // Known from here on: fields of a record may be of it.
        let id = self.add(node);
        self.names.insert(name.clone(), id);
        if matches!(kind, "record" | "error") {
            let read = self.fields(object, &namespace).map_err(within)?;
            if let Some(Node::Record { fields, .. }) = self.nodes.get_mut(id.0) {
                *fields = read;
            }
        }
        Ok(id)
    }

    fn fields(&mut self, object: &Object, namespace: &str) -> Result<Vec<Field>, String> {
        let Some(Value::Array(list)) = object.get("fields") else {
            return Err("a record has a list of `fields`".to_owned());
        };
        let mut fields: Vec<Field> = Vec::with_capacity(list.len());
        let mut names = HashSet::new();
        for (index, field) in list.iter().enumerate() {
            let Value::Object(object) = field else {
                return Err(format!("field {} is no object", index + 1));
            };
            let Some(Value::String(name)) = object.get("name") else {
                return Err(format!("field {} has no name", index + 1));
            };
            let within = |error: String| format!("field {name}: {error}");
            is_name(name).map_err(within)?;
            if !names.insert(name) {
                return Err(within("there are two of this name".to_owned()));
            }
            // A field whose type is a name may have that type's attributes beside it, as Bento has it.
            let node = self.object(object, namespace).map_err(within)?;
            let default = object.get("default");
            let default = default.map(|value| Default { text: value.to_string(), binary: None });
            fields.push(Field { name: name.clone(), node, default });
        }
        Ok(fields)
    }

    fn union(&mut self, types: &[Value], namespace: &str) -> Result<NodeId, String> {
        if types.is_empty() {
            return Err("a union has one type at least".to_owned());
        }
        let mut branches: Vec<Branch> = Vec::with_capacity(types.len());
        let mut names = HashSet::new();
        for (index, value) in types.iter().enumerate() {
            let within = |error: String| format!("type {} of a union: {error}", index + 1);
            let node = self.any(value, namespace).map_err(within)?;
            let name = self.branch_name(node).map_err(within)?;
            if !names.insert(name.clone()) {
                return Err(within(format!("there are two of {name}")));
            }
            branches.push(Branch { name, node });
        }
        Ok(self.add(Node::Union(branches)))
    }

    fn branch_name(&self, id: NodeId) -> Result<String, String> {
        let name = match &self.nodes[id.0] {
            Node::Null => "null",
            Node::Boolean => "boolean",
            Node::Int(IntKind::Plain) => "int",
            Node::Int(IntKind::Date) => "int.date",
            Node::Int(IntKind::TimeMillis) => "int.time-millis",
            Node::Long(LongKind::Plain) => "long",
            Node::Long(LongKind::TimeMicros) => "long.time-micros",
            Node::Long(LongKind::TimestampMillis) => "long.timestamp-millis",
            Node::Long(LongKind::TimestampMicros) => "long.timestamp-micros",
            Node::Float => "float",
            Node::Double => "double",
            Node::Bytes(None) => "bytes",
            Node::Bytes(Some(_)) => "bytes.decimal",
            Node::String => "string",
            Node::Array(_) => "array",
            Node::Map(_) => "map",
            Node::Fixed { name, .. } | Node::Enum { name, .. } | Node::Record { name, .. } => name,
            Node::Union(_) => return Err("a union has no unions right in it".to_owned()),
        };
        Ok(name.to_owned())
    }
}

/// The full name of what is defined, and the namespace of names in it.
fn full_name(object: &Object, enclosing: &str) -> Result<(String, String), String> {
    let Some(Value::String(name)) = object.get("name") else {
        return Err("it has no name".to_owned());
    };
    let namespace = match name.rsplit_once('.') {
        Some((namespace, _)) => namespace,
        None => object.get("namespace").and_then(Value::as_str).unwrap_or(enclosing),
    };
    let short = name.rsplit('.').next().unwrap_or(name);
    is_name(short)?;
    for part in namespace.split('.').filter(|_| !namespace.is_empty()) {
        is_name(part)?;
    }
    let full = if namespace.is_empty() { short.to_owned() } else { format!("{namespace}.{short}") };
    Ok((full, namespace.to_owned()))
}

fn is_name(name: &str) -> Result<(), String> {
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if begins && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Ok(());
    }
    Err(format!("{name:?} is no name: those have letters, digits and _, and begin with no digit"))
}

fn size(object: &Object) -> Result<usize, String> {
    let size = match object.get("size") {
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64(),
        None => None,
    };
    let size: u64 = size.ok_or("its size is a number of bytes")?;
    let fits = usize::try_from(size).ok().filter(|size| *size <= LARGEST);
    fits.ok_or_else(|| format!("its size is {size} bytes, and {LARGEST} is the limit"))
}

fn symbols(object: &Object) -> Result<Vec<String>, String> {
    let Some(Value::Array(list)) = object.get("symbols").filter(|list| *list != &Value::Array(Vec::new()))
    else {
        return Err("it has a list of `symbols`".to_owned());
    };
    let mut symbols: Vec<String> = Vec::with_capacity(list.len());
    let mut names = HashSet::new();
    for value in list {
        let symbol = value.as_str().ok_or_else(|| format!("symbol {value} is no text"))?;
        if !names.insert(symbol) {
            return Err(format!("there are two symbols {symbol}"));
        }
        symbols.push(symbol.to_owned());
    }
    Ok(symbols)
}

/// A logical type that makes no sense does not count, as the specification has it.
fn decimal(object: &Object) -> Option<Decimal> {
    if object.get("logicalType").and_then(Value::as_str) != Some("decimal") {
        return None;
    }
    let number = |key: &str| object.get(key).map(|value| value.as_u64().and_then(|v| u32::try_from(v).ok()));
    let precision = number("precision").flatten().filter(|precision| *precision > 0)?;
    let scale = number("scale").unwrap_or(Some(0))?;
    (scale <= precision).then_some(Decimal { precision, scale })
}
