//! JSON Schema, drafts 4 to 7, with the rules and words of the library that Bento uses (gojsonschema).
//!
//! A schema is compiled once: its parts are nodes in one list, and references are indexes into it. References lead to
//! places in the schema itself, by pointer or by `$id`; other documents are not fetched.
//!
//! Properties are visited in their order, so that messages are always the same; in Bento that order is random.

mod compile;
mod decimal;
mod format;
mod report;
mod validate;

use crate::regex::Regex;
use crate::value::{Text, Value};
use decimal::Decimal;

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    nodes: Vec<Node>,
}

/// The index of a node.
type Id = usize;

/// One schema within the schema.
#[derive(Debug, Default)]
struct Node {
    /// `true` and `false` are schemas too.
    pass: Option<bool>,
    reference: Option<Id>,
    types: Vec<Text>,
    properties: Vec<(Text, Id)>,
    additional_properties: Additional,
    pattern_properties: Vec<(Regex, Id)>,
    property_names: Option<Id>,
    required: Vec<Text>,
    min_properties: Option<usize>,
    max_properties: Option<usize>,
    items: Items,
    additional_items: Additional,
    contains: Option<Id>,
    min_items: Option<usize>,
    max_items: Option<usize>,
    unique_items: bool,
    min_length: Option<usize>,
    max_length: Option<usize>,
    pattern: Option<(Text, Regex)>,
    format: Option<Text>,
    multiple_of: Option<Decimal>,
    minimum: Option<Decimal>,
    maximum: Option<Decimal>,
    exclusive_minimum: Option<Decimal>,
    exclusive_maximum: Option<Decimal>,
    /// As JSON in which equal numbers are written alike.
    constant: Option<String>,
    choices: Vec<String>,
    any_of: Vec<Id>,
    one_of: Vec<Id>,
    all_of: Vec<Id>,
    not: Option<Id>,
    condition: Option<Id>,
    then: Option<Id>,
    otherwise: Option<Id>,
    dependencies: Vec<(Text, Dependency)>,
}

/// What holds for what the schema does not name.
#[derive(Clone, Copy, Debug, Default)]
enum Additional {
    #[default]
    Anything,
    Nothing,
    Schema(Id),
}

#[derive(Debug, Default)]
enum Items {
    #[default]
    Any,
    Each(Id),
    Listed(Vec<Id>),
}

#[derive(Debug)]
enum Dependency {
    Keys(Vec<Text>),
    Schema(Id),
}

impl Schema {
    /// # Errors
    /// What is wrong with the schema.
    pub fn compile(schema: &str) -> Result<Self, String> {
        let document = crate::value::first(&Text::from(schema), crate::value::Numbers::Keep)?;
        compile::Compiler::new(&document).compile()
    }

    /// That a value is as the schema asks.
    ///
    /// # Errors
    /// All that is wrong, a line for each.
    pub fn validate(&self, value: &Value) -> Result<(), String> {
        validate::Validator::new(self).validate(value)
    }
}

/// A value as JSON in which equal numbers are written alike.
fn normal(value: &Value) -> String {
    let mut out = Vec::new();
    crate::value::write_json(&floats(value), crate::value::Html::Escaped, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn floats(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::from(items.iter().map(floats).collect::<Vec<_>>()),
        Value::Object(object) => {
            let entries = object.iter().map(|(key, value)| (key.clone(), floats(value)));
            Value::Object(crate::value::Object::from(entries.collect::<Vec<_>>()))
        }
        other => other.as_number().map_or_else(|| other.clone(), |number| Value::Float(number.as_f64())),
    }
}

#[cfg(test)]
mod tests;
