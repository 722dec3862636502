//! From a document to nodes.

use std::collections::HashMap;

use super::decimal::Decimal;
use super::{Additional, Dependency, Id, Items, Node, Schema, normal};
use crate::regex::Regex;
use crate::value::{Object, Path, Segment, Text, Value};

const TYPES: [&str; 7] = ["array", "boolean", "integer", "number", "null", "object", "string"];

pub(super) struct Compiler<'s> {
    root: &'s Value,
    nodes: Vec<Node>,
    /// The nodes of references, by what they refer to.
    known: HashMap<Text, Id>,
}

type Compiled<T> = Result<T, String>;

impl<'s> Compiler<'s> {
    pub(super) fn new(root: &'s Value) -> Self {
        Self { root, nodes: Vec::new(), known: HashMap::new() }
    }

    pub(super) fn compile(mut self) -> Compiled<Schema> {
        if !matches!(self.root, Value::Object(_) | Value::Bool(_)) {
            return Err("Invalid type. Expected: valid schema, given: Invalid JSON".to_owned());
        }
        self.known.insert(Text::fixed("#"), 0);
        self.schema(self.root)?;
        Ok(Schema { nodes: self.nodes })
    }

    fn schema(&mut self, document: &Value) -> Compiled<Id> {
        let id = self.nodes.len();
        self.nodes.push(Node::default());
        let node = match document {
            Value::Bool(pass) => Node { pass: Some(*pass), ..Node::default() },
            Value::Object(object) => self.object(object)?,
            _ => return Err(wrong("valid schema", "schema")),
        };
        if let Some(place) = self.nodes.get_mut(id) {
            *place = node;
        }
        Ok(id)
    }

    fn object(&mut self, object: &Object) -> Compiled<Node> {
        for (key, expected) in [("title", "string"), ("description", "string"), ("$ref", "string")] {
            if let Some(value) = object.get(key)
                && !matches!(value, Value::String(_))
            {
                return Err(wrong(expected, key));
            }
        }
        if let Some(Value::String(reference)) = object.get("$ref") {
            return Ok(Node { reference: Some(self.reference(reference)?), ..Node::default() });
        }
        let mut node = Node {
            types: types(object)?,
            required: texts(object, "required")?,
            property_names: self.part(object, "propertyNames")?,
            contains: self.part(object, "contains")?,
            not: self.part(object, "not")?,
            condition: self.part(object, "if")?,
            then: self.part(object, "then")?,
            otherwise: self.part(object, "else")?,
            any_of: self.parts(object, "anyOf")?,
            one_of: self.parts(object, "oneOf")?,
            all_of: self.parts(object, "allOf")?,
            additional_properties: self.additional(object, "additionalProperties")?,
            additional_items: self.additional(object, "additionalItems")?,
            min_properties: count(object, "minProperties")?,
            max_properties: count(object, "maxProperties")?,
            min_items: count(object, "minItems")?,
            max_items: count(object, "maxItems")?,
            min_length: count(object, "minLength")?,
            max_length: count(object, "maxLength")?,
            unique_items: matches!(object.get("uniqueItems"), Some(Value::Bool(true))),
            constant: object.get("const").map(normal),
            ..Node::default()
        };
        self.contents(object, &mut node)?;
        numbers(object, &mut node)?;
        if let Some(Value::Array(choices)) = object.get("enum") {
            node.choices = choices.iter().map(normal).collect();
        }
        if let Some(Value::String(format)) = object.get("format") {
            node.format = Some(format.clone());
        }
        if let Some(Value::String(pattern)) = object.get("pattern") {
            let regex = Regex::compile(pattern).map_err(|_| "pattern must be a valid regex".to_owned())?;
            node.pattern = Some((pattern.clone(), regex));
        }
        Ok(node)
    }

    /// What the schema says about the parts of objects and arrays.
    fn contents(&mut self, object: &Object, node: &mut Node) -> Compiled<()> {
        for key in ["properties", "patternProperties", "definitions", "dependencies"] {
            if object.get(key).is_some_and(|value| !matches!(value, Value::Object(_))) {
                return Err(wrong("valid schema", key));
            }
        }
        if let Some(Value::Object(properties)) = object.get("properties") {
            for (key, schema) in properties.iter() {
                node.properties.push((key.clone(), self.schema(schema)?));
            }
        }
        if let Some(Value::Object(patterns)) = object.get("patternProperties") {
            for (pattern, schema) in patterns.iter() {
                let regex =
                    Regex::compile(pattern).map_err(|_| format!("Invalid regex pattern '{pattern}'"))?;
                node.pattern_properties.push((regex, self.schema(schema)?));
            }
        }
        if let Some(Value::Object(dependencies)) = object.get("dependencies") {
            for (key, value) in dependencies.iter() {
                let dependency = match value {
                    Value::Array(_) => Dependency::Keys(texts(dependencies, key)?),
                    schema => Dependency::Schema(self.schema(schema)?),
                };
                node.dependencies.push((key.clone(), dependency));
            }
        }
        node.items = match object.get("items") {
            None => Items::Any,
            Some(Value::Array(schemas)) => {
                let schemas: Compiled<Vec<_>> = schemas.iter().map(|schema| self.schema(schema)).collect();
                Items::Listed(schemas?)
            }
            Some(schema) => Items::Each(self.schema(schema)?),
        };
        Ok(())
    }

    fn part(&mut self, object: &Object, key: &str) -> Compiled<Option<Id>> {
        object.get(key).map(|schema| self.schema(schema).map_err(|_| wrong("valid schema", key))).transpose()
    }

    fn parts(&mut self, object: &Object, key: &str) -> Compiled<Vec<Id>> {
        match object.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(schemas)) => schemas.iter().map(|schema| self.schema(schema)).collect(),
            Some(_) => Err(format!("{key} must be of an array")),
        }
    }

    fn additional(&mut self, object: &Object, key: &str) -> Compiled<Additional> {
        Ok(match object.get(key) {
            None | Some(Value::Bool(true)) => Additional::Anything,
            Some(Value::Bool(false)) => Additional::Nothing,
            Some(schema @ Value::Object(_)) => Additional::Schema(self.schema(schema)?),
            Some(_) => return Err(wrong("boolean/valid schema", key)),
        })
    }

    /// The node that a reference leads to.
    fn reference(&mut self, reference: &Text) -> Compiled<Id> {
        if let Some(known) = self.known.get(reference) {
            return Ok(*known);
        }
        let found = resolve(self.root, reference)
            .ok_or_else(|| format!("Reference {reference} must be canonical"))?;
        // Noted before it is compiled, since it may lead to itself.
        self.known.insert(reference.clone(), self.nodes.len());
        self.schema(found)
    }
}

/// The place in the document that a reference leads to.
fn resolve<'v>(root: &'v Value, reference: &str) -> Option<&'v Value> {
    let (id, pointer) = reference.split_once('#').unwrap_or((reference, ""));
    let own = |value: &Value, id: &str| match value {
        Value::Object(object) => ["$id", "id"].iter().any(
            |key| matches!(object.get(key), Some(Value::String(own)) if own.trim_end_matches('#') == id),
        ),
        _ => false,
    };
    let named = |id: &str| walk(root, &mut |value| own(value, id));
    let base = if id.is_empty() || own(root, id) { root } else { named(id)? };
    if pointer.is_empty() {
        return Some(base);
    }
    let Some(pointer) = pointer.strip_prefix('/') else { return named(&format!("#{pointer}")) };
    let mut value = base;
    for step in pointer.split('/') {
        let step = percent_decoded(step).replace("~1", "/").replace("~0", "~");
        let path = Path(vec![Segment::new(Text::from(step))]);
        value = match path.find(value)? {
            std::borrow::Cow::Borrowed(value) => value,
            std::borrow::Cow::Owned(_) => return None,
        };
    }
    Some(value)
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

fn wrong(expected: &str, given: &str) -> String {
    format!("Invalid type. Expected: {expected}, given: {given}")
}

fn types(object: &Object) -> Compiled<Vec<Text>> {
    let listed = match object.get("type") {
        None => Vec::new(),
        Some(Value::String(kind)) => vec![kind.clone()],
        Some(Value::Array(kinds)) => {
            let text = |kind: &Value| kind.as_text().ok_or_else(|| wrong("string/array of strings", "type"));
            kinds.iter().map(text).collect::<Compiled<Vec<_>>>()?
        }
        Some(_) => return Err(wrong("string/array of strings", "type")),
    };
    for (index, kind) in listed.iter().enumerate() {
        if !TYPES.contains(&kind.as_str()) {
            return Err(format!(
                "has a primitive type that is NOT VALID -- given: /{kind}/ Expected valid values are:[{}]",
                TYPES.join(" ")
            ));
        }
        if listed.iter().take(index).any(|other| other == kind) {
            return Err(format!("{kind} type is duplicated"));
        }
    }
    Ok(listed)
}

fn texts(object: &Object, key: &str) -> Compiled<Vec<Text>> {
    match object.get(key) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            let text = |item: &Value| item.as_text().ok_or_else(|| format!("{key} items must be string"));
            items.iter().map(text).collect()
        }
        Some(_) => Err(format!("{key} must be of an array")),
    }
}

fn count(object: &Object, key: &str) -> Compiled<Option<usize>> {
    let Some(value) = object.get(key) else { return Ok(None) };
    let whole = value.as_number().and_then(crate::value::Number::whole);
    let whole = whole.ok_or_else(|| format!("{key} must be of an integer"))?;
    usize::try_from(whole).map(Some).map_err(|_| format!("{key} must be greater than or equal to 0"))
}

fn numbers(object: &Object, node: &mut Node) -> Compiled<()> {
    let number = |key: &str| match object.get(key) {
        None | Some(Value::Bool(_)) => Ok(None),
        Some(value) => Decimal::of(value).map(Some).ok_or_else(|| format!("{key} must be of a number")),
    };
    node.multiple_of = number("multipleOf")?;
    if node.multiple_of.is_some_and(|multiple| !multiple.is_positive()) {
        return Err("multipleOf must be strictly greater than 0".to_owned());
    }
    node.minimum = number("minimum")?;
    node.maximum = number("maximum")?;
    node.exclusive_minimum = number("exclusiveMinimum")?;
    node.exclusive_maximum = number("exclusiveMaximum")?;
    // Draft 4 has these as flags of the others.
    if matches!(object.get("exclusiveMinimum"), Some(Value::Bool(true))) {
        node.exclusive_minimum = node.minimum.take();
    }
    if matches!(object.get("exclusiveMaximum"), Some(Value::Bool(true))) {
        node.exclusive_maximum = node.maximum.take();
    }
    Ok(())
}
