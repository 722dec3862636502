//! The functions.

use std::cmp::Ordering;

use forebay_bloblang::{Object, Text, Value};

use crate::evaluate::{Evaluated, Evaluation};
use crate::shown::shown;
use crate::syntax::{Node, Operand};

/// What an argument must be: one of these types.
type Types = &'static [&'static str];

const NUMBER: Types = &["number"];
const STRING: Types = &["string"];
const ARRAY: Types = &["array"];
const OBJECT: Types = &["object"];
const NUMBERS: Types = &["array[number]"];
const NUMBERS_OR_STRINGS: Types = &["array[number]", "array[string]"];
const REFERENCE: Types = &["expref"];
const ANY: Types = &["any"];

fn parameters(name: &str) -> Option<&'static [Types]> {
    Some(match name {
        "abs" | "ceil" | "floor" => &[NUMBER],
        "avg" | "sum" => &[NUMBERS],
        "contains" => &[&["array", "string"], ANY],
        "starts_with" | "ends_with" => &[STRING, STRING],
        "join" => &[STRING, &["array[string]"]],
        "keys" | "values" | "merge" => &[OBJECT],
        "length" => &[&["string", "array", "object"]],
        "map" => &[REFERENCE, ARRAY],
        "max" | "min" => &[NUMBERS_OR_STRINGS],
        "max_by" | "min_by" | "sort_by" => &[ARRAY, REFERENCE],
        "reverse" => &[&["array", "string"]],
        "sort" => &[&["array[string]", "array[number]"]],
        "type" | "to_array" | "to_string" | "to_number" | "not_null" => &[ANY],
        _ => return None,
    })
}

pub(crate) fn call(
    evaluation: &mut Evaluation,
    name: &Text,
    arguments: Vec<Operand<'_>>,
) -> Evaluated<Value> {
    let parameters = parameters(name).ok_or_else(|| format!("unknown function: {name}"))?;
    if matches!(name.as_str(), "merge" | "not_null") {
        if arguments.is_empty() {
            return Err("Invalid arity.".to_owned());
        }
        return several(evaluation, name, &arguments);
    }
    if parameters.len() != arguments.len() {
        return Err("incorrect number of args".to_owned());
    }
    for (types, argument) in parameters.iter().zip(&arguments) {
        if !types.iter().any(|name| is(name, argument)) {
            let types: Vec<_> = types.iter().map(|name| format!("\"{name}\"")).collect();
            let types = types.join(", ");
            return Err(format!(
                "Invalid type for: {}, expected: []jmespath.jpType{{{types}}}",
                shown(argument)
            ));
        }
    }
    let mut arguments = arguments.into_iter();
    match (arguments.next(), arguments.next()) {
        (Some(Operand::Expression(node)), Some(Operand::Value(Value::Array(items)))) => Ok(Value::from(
            items.iter().map(|item| evaluation.plain(node, item)).collect::<Evaluated<Vec<_>>>()?,
        )),
        (Some(Operand::Value(Value::Array(items))), Some(Operand::Expression(node))) => match name.as_str() {
            "sort_by" => sort_by(evaluation, &items, node),
            "max_by" => best_by(evaluation, &items, node, Ordering::Greater),
            _ => best_by(evaluation, &items, node, Ordering::Less),
        },
        (Some(Operand::Value(value)), None) => {
            evaluation.count(length(&value).unwrap_or(1))?;
            of_one(name, value)
        }
        (Some(Operand::Value(value)), Some(Operand::Value(other))) => {
            evaluation.count(length(&value).unwrap_or(1))?;
            of_two(name, &value, &other)
        }
        // An expression where a value of any type may stand.
        (Some(Operand::Expression(_)), None) => match name.as_str() {
            "to_array" => Ok(Value::from(vec![Value::Object(Object::new())])),
            "to_string" => Ok(Value::from("{}")),
            _ => Err("unknown type".to_owned()),
        },
        _ => Ok(Value::Bool(false)),
    }
}

fn is(name: &str, argument: &Operand<'_>) -> bool {
    match (name, argument) {
        ("any", _) | ("expref", Operand::Expression(_)) => true,
        (name, Operand::Value(value)) => match (name, value) {
            ("number", Value::Float(_))
            | ("string", Value::String(_))
            | ("array", Value::Array(_))
            | ("object", Value::Object(_)) => true,
            ("array[number]", Value::Array(items)) => {
                items.iter().all(|item| matches!(item, Value::Float(_)))
            }
            ("array[string]", Value::Array(items)) => {
                items.iter().all(|item| matches!(item, Value::String(_)))
            }
            _ => false,
        },
        _ => false,
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(items) => Some(items.len()),
        Value::Object(object) => Some(object.len()),
        _ => None,
    }
}

/// Functions of any number of arguments.
fn several(evaluation: &mut Evaluation, name: &str, arguments: &[Operand<'_>]) -> Evaluated<Value> {
    let values = arguments.iter().map(|argument| match argument {
        Operand::Value(value) => value.clone(),
        Operand::Expression(_) => Value::Object(Object::new()),
    });
    if name == "not_null" {
        return Ok(values.into_iter().find(|value| *value != Value::Null).unwrap_or(Value::Null));
    }
    let mut merged = Vec::new();
    for value in values {
        let Value::Object(object) = value else {
            let kind = go_type(&value);
            return Err(format!(
                "jmespath panic: interface conversion: interface {{}} is {kind}, not map[string]interface {{}}"
            ));
        };
        evaluation.count(object.len())?;
        merged.extend(object.into_entries());
    }
    Ok(Value::Object(Object::from(merged)))
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
        _ => "nil",
    }
}

fn of_one(name: &str, value: Value) -> Evaluated<Value> {
    Ok(match (name, value) {
        ("abs", Value::Float(number)) => Value::Float(number.abs()),
        ("ceil", Value::Float(number)) => Value::Float(number.ceil()),
        ("floor", Value::Float(number)) => Value::Float(number.floor()),
        ("sum" | "avg", Value::Array(items)) => {
            let add = |sum, item: &Value| if let Value::Float(number) = item { sum + number } else { sum };
            let sum = items.iter().fold(0.0, add);
            #[expect(clippy::cast_precision_loss, reason = "no list is that long")]
            let length = items.len() as f64;
            Value::Float(if name == "avg" { sum / length } else { sum })
        }
        ("keys", Value::Object(object)) => {
            Value::from(object.iter().map(|(key, _)| Value::from(key.clone())).collect::<Vec<_>>())
        }
        ("values", Value::Object(object)) => {
            Value::from(object.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>())
        }
        #[expect(clippy::cast_precision_loss, reason = "no list is that long")]
        ("length", value) => Value::Float(length(&value).unwrap_or_default() as f64),
        ("max", Value::Array(items)) => best(&items, Ordering::Greater),
        ("min", Value::Array(items)) => best(&items, Ordering::Less),
        ("reverse", Value::String(text)) => Value::from(text.chars().rev().collect::<String>()),
        ("reverse", Value::Array(items)) => Value::from(items.iter().rev().cloned().collect::<Vec<_>>()),
        ("sort", Value::Array(items)) => {
            let mut items = items.to_vec();
            items.sort_by(order);
            Value::from(items)
        }
        ("type", value) => Value::from(match value {
            Value::Bool(_) => "boolean",
            Value::Float(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            _ => "null",
        }),
        ("to_array", value @ Value::Array(_)) => value,
        ("to_array", value) => Value::from(vec![value]),
        ("to_string", value @ Value::String(_)) => value,
        ("to_string", value) => {
            if !crate::is_finite(&value) {
                return Err("json: unsupported value: NaN".to_owned());
            }
            let mut json = Vec::new();
            value.write_html_json(&mut json);
            Value::from(String::from_utf8_lossy(&json).into_owned())
        }
        ("to_number", value @ Value::Float(_)) => value,
        ("to_number", Value::String(text)) => number(&text).map_or(Value::Null, Value::Float),
        _ => Value::Null,
    })
}

/// A number as Go reads it.
fn number(text: &str) -> Option<f64> {
    let number = text.parse::<f64>().ok()?;
    // What is too large is no number; what says that it is infinite is.
    let says_so = text.trim_start_matches(['+', '-']).to_ascii_lowercase().starts_with("inf");
    (number.is_finite() || number.is_nan() || says_so).then_some(number)
}

fn of_two(name: &str, value: &Value, other: &Value) -> Evaluated<Value> {
    Ok(match (name, value, other) {
        ("starts_with", Value::String(text), Value::String(part)) => {
            Value::Bool(text.starts_with(part.as_str()))
        }
        ("ends_with", Value::String(text), Value::String(part)) => Value::Bool(text.ends_with(part.as_str())),
        ("contains", Value::String(text), Value::String(part)) => Value::Bool(text.contains(part.as_str())),
        ("contains", Value::Array(items), wanted) => {
            for item in items.iter() {
                let kind = go_type(item);
                // Go can't compare lists and objects in this way.
                if matches!(item, Value::Array(_) | Value::Object(_)) && go_type(wanted) == kind {
                    return Err(format!("jmespath panic: runtime error: comparing uncomparable type {kind}"));
                }
                if item == wanted {
                    return Ok(Value::Bool(true));
                }
            }
            Value::Bool(false)
        }
        ("join", Value::String(between), Value::Array(items)) => {
            let parts: Vec<&str> = items
                .iter()
                .filter_map(|item| match item {
                    Value::String(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect();
            let bytes: usize = parts.iter().map(|part| part.len() + between.len()).sum();
            if bytes > crate::SIZE as usize {
                return Err(format!("the expression makes a value of more than {} MiB", crate::SIZE >> 20));
            }
            Value::from(parts.join(between.as_str()))
        }
        _ => Value::Bool(false),
    })
}

/// The order of two numbers or two strings.
fn order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right).unwrap_or(Ordering::Equal),
        (Value::String(left), Value::String(right)) => left.cmp(right),
        _ => Ordering::Equal,
    }
}

fn best(items: &[Value], better: Ordering) -> Value {
    let mut best = items.first();
    for item in items {
        if best.is_some_and(|best| order(item, best) == better) {
            best = Some(item);
        }
    }
    best.cloned().unwrap_or(Value::Null)
}

const NO_KEY: &str = "invalid type, must be number of string";

fn best_by(evaluation: &mut Evaluation, items: &[Value], node: &Node, better: Ordering) -> Evaluated<Value> {
    let (first, rest) = match items {
        [] => return Ok(Value::Null),
        [one] => return Ok(one.clone()),
        [first, rest @ ..] => (first, rest),
    };
    let (mut best, mut key) = (first, evaluation.plain(node, first)?);
    let kind = match key {
        Value::Float(_) => "number",
        Value::String(_) => "string",
        _ => return Err(NO_KEY.to_owned()),
    };
    for item in rest {
        let next = evaluation.plain(node, item)?;
        if !is(kind, &Operand::Value(next.clone())) {
            return Err(format!("invalid type, must be {kind}"));
        }
        if order(&next, &key) == better {
            (best, key) = (item, next);
        }
    }
    Ok(best.clone())
}

fn sort_by(evaluation: &mut Evaluation, items: &[Value], node: &Node) -> Evaluated<Value> {
    let [first, _, ..] = items else { return Ok(Value::from(items.to_vec())) };
    let kind = match evaluation.plain(node, first)? {
        Value::Float(_) => "number",
        Value::String(_) => "string",
        _ => return Err(NO_KEY.to_owned()),
    };
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        match evaluation.plain(node, item) {
            Ok(key) if is(kind, &Operand::Value(key.clone())) => keyed.push((key, item)),
            _ => return Err("error in sort_by comparison".to_owned()),
        }
    }
    keyed.sort_by(|(left, _), (right, _)| order(left, right));
    Ok(Value::from(keyed.into_iter().map(|(_, item)| item.clone()).collect::<Vec<_>>()))
}
