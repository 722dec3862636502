//! From a document to nodes, with what the library says about mistakes, in the order in which it looks for them.

mod keys;
mod reference;

use std::collections::HashMap;

use super::{Additional, Dependency, Id, Items, Node, Schema, normal};
use crate::regex::Regex;
use crate::value::{Object, Text, Value};

/// Which rules hold: those of the draft that a schema names, or of all together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Draft {
    Four,
    Six,
    Seven,
    All,
}

pub(super) struct Compiler<'s> {
    root: &'s Value,
    draft: Draft,
    nodes: Vec<Node>,
    /// The nodes of references, by what they refer to.
    known: HashMap<Text, Id>,
}

type Compiled<T> = Result<T, String>;

impl<'s> Compiler<'s> {
    pub(super) fn new(root: &'s Value) -> Self {
        Self { root, draft: Draft::All, nodes: Vec::new(), known: HashMap::new() }
    }

    pub(super) fn compile(mut self) -> Compiled<Schema> {
        match self.root {
            Value::Bool(_) => {}
            Value::Object(object) => self.draft = draft(object)?,
            _ => return Err("schema is invalid".to_owned()),
        }
        self.known.insert(Text::fixed("#"), 0);
        self.schema(self.root)?;
        Ok(Schema { nodes: self.nodes })
    }

    fn schema(&mut self, document: &Value) -> Compiled<Id> {
        let id = self.nodes.len();
        self.nodes.push(Node::default());
        let node = match document {
            Value::Bool(pass) if self.draft >= Draft::Six => Node { pass: Some(*pass), ..Node::default() },
            Value::Object(object) => self.object(object)?,
            _ => return Err("Expected: valid schema, given: Invalid JSON".to_owned()),
        };
        if let Some(place) = self.nodes.get_mut(id) {
            *place = node;
        }
        Ok(id)
    }

    fn object(&mut self, object: &Object) -> Compiled<Node> {
        let id = match self.draft {
            Draft::Four => "id",
            Draft::All if object.contains_key("id") => "id",
            _ => "$id",
        };
        keys::text(object, id)?;
        self.definitions(object)?;
        for key in ["title", "description", "$ref"] {
            keys::text(object, key)?;
        }
        if let Some(Value::String(reference)) = object.get("$ref") {
            return Ok(Node { reference: Some(self.reference(reference)?), ..Node::default() });
        }
        let mut node = Node { types: keys::types(object)?, ..Node::default() };
        self.properties(object, &mut node)?;
        self.items(object, &mut node)?;
        keys::numbers(object, &mut node, self.draft)?;
        keys::texts(object, &mut node)?;
        keys::sizes(object, &mut node)?;
        if self.draft >= Draft::Six {
            node.contains = object.get("contains").map(|schema| self.schema(schema)).transpose()?;
            node.constant = object.get("const").map(normal);
        }
        node.choices = keys::choices(object)?;
        node.one_of = self.parts(object, "oneOf", "oneOf")?;
        node.any_of = self.parts(object, "anyOf", "anyOf")?;
        // The library names another key here.
        node.all_of = self.parts(object, "allOf", "anyOf")?;
        node.not = self.part(object, "not")?;
        if self.draft >= Draft::Seven {
            node.condition = self.part(object, "if")?;
            node.then = self.part(object, "then")?;
            node.otherwise = self.part(object, "else")?;
        }
        Ok(node)
    }

    fn definitions(&mut self, object: &Object) -> Compiled<()> {
        let refused = || keys::wrong("array of schemas", "definitions");
        match object.get("definitions") {
            None => Ok(()),
            Some(Value::Object(definitions)) => {
                for (_, definition) in definitions.iter() {
                    if !is_schema(definition) {
                        return Err(refused());
                    }
                    self.schema(definition)?;
                }
                Ok(())
            }
            Some(_) => Err(refused()),
        }
    }

    /// What the schema says about the parts of objects.
    fn properties(&mut self, object: &Object, node: &mut Node) -> Compiled<()> {
        match object.get("properties") {
            None => {}
            Some(Value::Object(properties)) => {
                for (key, schema) in properties.iter() {
                    node.properties.push((key.clone(), self.schema(schema)?));
                }
            }
            Some(_) => return Err("properties must be of type object".to_owned()),
        }
        node.additional_properties = self.additional(object, "additionalProperties")?;
        match object.get("patternProperties") {
            None => {}
            Some(Value::Object(patterns)) => {
                for (pattern, schema) in patterns.iter() {
                    let regex =
                        Regex::compile(pattern).map_err(|_| format!("Invalid regex pattern '{pattern}'"))?;
                    node.pattern_properties.push((regex, self.schema(schema)?));
                }
            }
            Some(_) => return Err(keys::wrong("valid schema", "patternProperties")),
        }
        if self.draft >= Draft::Six {
            node.property_names = match object.get("propertyNames") {
                None => None,
                Some(schema) if is_schema(schema) => Some(self.schema(schema)?),
                Some(_) => return Err(keys::wrong("valid schema", "patternProperties")),
            };
        }
        self.dependencies(object, node)
    }

    fn dependencies(&mut self, object: &Object, node: &mut Node) -> Compiled<()> {
        let refused = || "dependency must be of type schema or array of strings".to_owned();
        let dependencies = match object.get("dependencies") {
            None => return Ok(()),
            Some(Value::Object(dependencies)) => dependencies,
            Some(_) => return Err("dependencies must be of type object".to_owned()),
        };
        for (key, value) in dependencies.iter() {
            let dependency = match value {
                Value::Array(names) => {
                    let name = |name: &Value| match name {
                        Value::String(name) => Ok(name.clone()),
                        _ => Err(refused()),
                    };
                    Dependency::Keys(names.iter().map(name).collect::<Compiled<Vec<_>>>()?)
                }
                schema if is_schema(schema) => Dependency::Schema(self.schema(schema)?),
                _ => return Err(refused()),
            };
            node.dependencies.push((key.clone(), dependency));
        }
        Ok(())
    }

    /// What the schema says about the parts of arrays.
    fn items(&mut self, object: &Object, node: &mut Node) -> Compiled<()> {
        let refused = || keys::wrong("valid schema/array of schemas", "items");
        node.items = match object.get("items") {
            None => Items::Any,
            Some(Value::Array(schemas)) => {
                let mut listed = Vec::new();
                for schema in schemas.iter() {
                    if !is_schema(schema) {
                        return Err(refused());
                    }
                    listed.push(self.schema(schema)?);
                }
                Items::Listed(listed)
            }
            Some(schema) if is_schema(schema) => Items::Each(self.schema(schema)?),
            Some(_) => return Err(refused()),
        };
        node.additional_items = self.additional(object, "additionalItems")?;
        Ok(())
    }

    fn part(&mut self, object: &Object, key: &str) -> Compiled<Option<Id>> {
        match object.get(key) {
            None => Ok(None),
            Some(schema) if is_schema(schema) => self.schema(schema).map(Some),
            Some(_) => Err(format!("{key} must be of an object")),
        }
    }

    fn parts(&mut self, object: &Object, key: &str, shown: &str) -> Compiled<Vec<Id>> {
        match object.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(schemas)) => schemas.iter().map(|schema| self.schema(schema)).collect(),
            Some(_) => Err(format!("{shown} must be of an array")),
        }
    }

    fn additional(&mut self, object: &Object, key: &str) -> Compiled<Additional> {
        Ok(match object.get(key) {
            None | Some(Value::Bool(true)) => Additional::Anything,
            Some(Value::Bool(false)) => Additional::Nothing,
            Some(schema @ Value::Object(_)) => Additional::Schema(self.schema(schema)?),
            Some(_) => return Err(keys::wrong("boolean/valid schema", key)),
        })
    }
}

fn is_schema(document: &Value) -> bool {
    matches!(document, Value::Object(_) | Value::Bool(_))
}

/// The draft that a schema names; one that is not known is any.
fn draft(object: &Object) -> Compiled<Draft> {
    match object.get("$schema") {
        None => Ok(Draft::All),
        Some(Value::String(url)) => Ok(match url.strip_suffix('#').unwrap_or(url) {
            "http://json-schema.org/draft-04/schema" => Draft::Four,
            "http://json-schema.org/draft-06/schema" => Draft::Six,
            "http://json-schema.org/draft-07/schema" => Draft::Seven,
            _ => Draft::All,
        }),
        Some(_) => Err("$schema must be of type string".to_owned()),
    }
}
