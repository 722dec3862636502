//! Keys that are about one value: types, numbers, texts and sizes.

use super::super::decimal::Decimal;
use super::super::{Node, normal};
use super::{Compiled, Draft};
use crate::regex::Regex;
use crate::value::{Object, Text, Value};

const TYPES: [&str; 7] = ["array", "boolean", "integer", "number", "null", "object", "string"];

pub(super) fn wrong(expected: &str, given: &str) -> String {
    format!("Invalid type. Expected: {expected}, given: {given}")
}

/// Refuses what is there and is no text.
pub(super) fn text(object: &Object, key: &str) -> Compiled<()> {
    match object.get(key) {
        None | Some(Value::String(_)) => Ok(()),
        Some(_) => Err(wrong("string", key)),
    }
}

pub(super) fn types(object: &Object) -> Compiled<Vec<Text>> {
    let refused = || wrong("string/array of strings", "type");
    let listed = match object.get("type") {
        None => Vec::new(),
        Some(Value::String(kind)) => vec![kind.clone()],
        Some(Value::Array(kinds)) => {
            let text = |kind: &Value| match kind {
                Value::String(kind) => Ok(kind.clone()),
                _ => Err(refused()),
            };
            kinds.iter().map(text).collect::<Compiled<Vec<_>>>()?
        }
        Some(_) => return Err(refused()),
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

pub(super) fn numbers(object: &Object, node: &mut Node, draft: Draft) -> Compiled<()> {
    if let Some(value) = object.get("multipleOf") {
        let unit = Decimal::of(value).ok_or_else(|| wrong("number", "multipleOf"))?;
        if !unit.is_positive() {
            return Err("multipleOf must be strictly greater than 0".to_owned());
        }
        node.multiple_of = Some(unit);
    }
    node.minimum = bound(object, "minimum")?;
    node.exclusive_minimum = exclusive(object, "exclusiveMinimum", "minimum", &mut node.minimum, draft)?;
    node.maximum = bound(object, "maximum")?;
    node.exclusive_maximum = exclusive(object, "exclusiveMaximum", "maximum", &mut node.maximum, draft)?;
    Ok(())
}

fn bound(object: &Object, key: &str) -> Compiled<Option<Decimal>> {
    match object.get(key) {
        None => Ok(None),
        Some(value) => Decimal::of(value).map(Some).ok_or_else(|| format!("{key} must be of a number")),
    }
}

/// A bound that is not reached: a number, or, as draft 4 has it, a flag of another bound.
fn exclusive(
    object: &Object,
    key: &str,
    other: &str,
    bound: &mut Option<Decimal>,
    draft: Draft,
) -> Compiled<Option<Decimal>> {
    let Some(value) = object.get(key) else { return Ok(None) };
    match value {
        Value::Bool(flag) if matches!(draft, Draft::Four | Draft::All) => {
            if bound.is_none() {
                return Err(format!("{key} cannot be used without {other}"));
            }
            Ok(if *flag { bound.take() } else { None })
        }
        value => match Decimal::of(value).filter(|_| draft != Draft::Four) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(
                match draft {
                    Draft::Four => "boolean",
                    Draft::All => "boolean/number",
                    Draft::Six | Draft::Seven => "number",
                },
                key,
            )),
        },
    }
}

pub(super) fn texts(object: &Object, node: &mut Node) -> Compiled<()> {
    node.min_length = count(object, "minLength")?;
    node.max_length = count(object, "maxLength")?;
    ordered(node.min_length, node.max_length, "minLength", "maxLength")?;
    match object.get("pattern") {
        None => {}
        Some(Value::String(pattern)) => {
            let regex = Regex::compile(pattern).map_err(|_| "pattern must be a valid regex".to_owned())?;
            node.pattern = Some((pattern.clone(), regex));
        }
        Some(_) => return Err("pattern must be of a string".to_owned()),
    }
    match object.get("format") {
        None => {}
        Some(Value::String(format)) => node.format = Some(format.clone()),
        Some(_) => return Err("format must be of type string".to_owned()),
    }
    Ok(())
}

/// How many properties and elements there are.
pub(super) fn sizes(object: &Object, node: &mut Node) -> Compiled<()> {
    node.min_properties = count(object, "minProperties")?;
    node.max_properties = count(object, "maxProperties")?;
    ordered(node.min_properties, node.max_properties, "minProperties", "maxProperties")?;
    node.required = required(object)?;
    node.min_items = count(object, "minItems")?;
    node.max_items = count(object, "maxItems")?;
    node.unique_items = match object.get("uniqueItems") {
        None => false,
        Some(Value::Bool(unique)) => *unique,
        Some(_) => return Err("uniqueItems must be of a boolean".to_owned()),
    };
    Ok(())
}

fn count(object: &Object, key: &str) -> Compiled<Option<usize>> {
    let Some(value) = object.get(key) else { return Ok(None) };
    let whole = match value {
        Value::Int(whole) => Some(*whole),
        // "1.0" is none.
        Value::Number(text) => text.parse::<i64>().ok(),
        _ => None,
    };
    let whole = whole.ok_or_else(|| format!("{key} must be of an integer"))?;
    usize::try_from(whole).map(Some).map_err(|_| format!("{key} must be greater than or equal to 0"))
}

fn ordered(least: Option<usize>, most: Option<usize>, low: &str, high: &str) -> Compiled<()> {
    match (least, most) {
        (Some(least), Some(most)) if least > most => Err(format!("{low} cannot be greater than {high}")),
        _ => Ok(()),
    }
}

fn required(object: &Object) -> Compiled<Vec<Text>> {
    let names = match object.get("required") {
        None => return Ok(Vec::new()),
        Some(Value::Array(names)) => names,
        Some(_) => return Err("required must be of an array".to_owned()),
    };
    let mut required = Vec::new();
    for name in names.iter() {
        let Value::String(name) = name else { return Err("required items must be string".to_owned()) };
        if required.contains(name) {
            return Err("required items must be unique".to_owned());
        }
        required.push(name.clone());
    }
    Ok(required)
}

pub(super) fn choices(object: &Object) -> Compiled<Vec<String>> {
    let values = match object.get("enum") {
        None => return Ok(Vec::new()),
        Some(Value::Array(values)) => values,
        Some(_) => return Err("enum must be of an array".to_owned()),
    };
    let mut choices = Vec::new();
    for value in values.iter() {
        let choice = normal(value);
        if choices.contains(&choice) {
            return Err("enum items must be unique".to_owned());
        }
        choices.push(choice);
    }
    Ok(choices)
}
