//! Regular expressions, which are Go's.

use std::rc::Rc;

use forebay_bloblang::{Regex, Text, quoted};

use super::{Native, Tools, first, second, third};
use crate::error::{Error, Result};
use crate::limits;
use crate::value::{Object, Value};

pub(crate) const NATIVES: &[Native] =
    &[Native::new("_match", 3, find), Native::new("_capture", 0, |_, input, _| capture(input))];

fn compile(tools: &mut Tools<'_>, expression: &str, flags: &str) -> Result<Rc<Regex>> {
    if flags.chars().any(|flag| !matches!(flag, 'g' | 'i' | 'm')) {
        return Err(Error::new(format!("unsupported regular expression flag: {}", quoted(flags))));
    }
    let mut pattern = expression.replace("(?<", "(?P<");
    if flags.contains('i') {
        pattern.insert_str(0, "(?i)");
    }
    if flags.contains('m') {
        pattern.insert_str(0, "(?s)");
    }
    if let Some(known) = tools.expressions.get(&pattern) {
        return Ok(Rc::clone(known));
    }
    let compiled = Regex::compile(&pattern)
        .map_err(|reason| Error::new(format!("invalid regular expression {}: {reason}", quoted(&pattern))))?;
    if tools.expressions.len() >= limits::EXPRESSIONS {
        tools.expressions.clear();
    }
    let compiled = Rc::new(compiled);
    tools.expressions.insert(pattern, Rc::clone(&compiled));
    Ok(compiled)
}

/// The matches as `match` shows them; whether there are any, for `test`.
fn find(tools: &mut Tools<'_>, input: &Value, arguments: &[Value]) -> Result<Value> {
    let (expression, flags) = (first(arguments), second(arguments));
    let testing = matches!(third(arguments), Value::Bool(true));
    let name = if testing { "test" } else { "match" };
    let refused = || Error::typed(name, input, &[expression, flags]);
    let letters = match flags {
        Value::Null => "",
        Value::Text(flags) => flags.as_str(),
        _ => return Err(refused()),
    };
    let (Value::Text(text), Value::Text(expression)) = (input, expression) else { return Err(refused()) };
    let regex = compile(tools, expression, letters)?;
    if testing {
        return Ok(Value::Bool(regex.is_match(text.as_bytes())));
    }
    let mut places = Places { text, byte: 0, characters: 0 };
    let mut found = Vec::new();
    if letters.contains('g') {
        regex.each_groups(text.as_bytes(), |groups| {
            if found.len() >= limits::ITEMS / 8 {
                return Err(Error::exceeded("an expression matches too often"));
            }
            found.push(shown(&groups, regex.names(), &mut places));
            Ok(())
        })?;
    } else if let Some(groups) = regex.groups(text.as_bytes()) {
        found.push(shown(&groups, regex.names(), &mut places));
    }
    Ok(Value::array(found))
}

/// Bytes as characters; matches go forward, so little is counted twice.
struct Places<'t> {
    text: &'t Text,
    byte: usize,
    characters: usize,
}

impl Places<'_> {
    fn characters(&self, from: usize, to: usize) -> usize {
        self.text.get(from..to).map_or(0, |part| part.chars().count())
    }

    fn offset(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            return self.characters - self.characters(byte, self.byte);
        }
        self.characters += self.characters(self.byte, byte);
        self.byte = byte;
        self.characters
    }
}

type Group = Option<(usize, usize)>;

fn shown(groups: &[Group], names: &[Option<String>], places: &mut Places<'_>) -> Value {
    let whole = groups.first().copied().flatten().unwrap_or_default();
    let mut part = |(from, to): (usize, usize)| {
        let offset = Value::count(places.offset(from));
        let length = Value::count(places.characters(from, to));
        [("offset", offset), ("length", length), ("string", Value::Text(places.text.slice(from, to)))]
    };
    let [offset, length, string] = part(whole);
    let captures = groups.iter().zip(names).skip(1).map(|(group, name)| {
        let name = name.as_ref().filter(|name| !name.is_empty());
        let name = ("name", name.map_or(Value::Null, |name| Value::from(name.as_str())));
        let [offset, length, string] = match group {
            Some(group) => part(*group),
            None => [("offset", Value::Int(-1)), ("length", Value::Int(0)), ("string", Value::Null)],
        };
        Value::object([name, offset, length, string])
    });
    let captures = Value::array(captures.collect());
    Value::object([offset, length, string, ("captures", captures)])
}

/// The named captures of a match as an object.
fn capture(value: &Value) -> Result<Value> {
    let Value::Object(found) = value else { return Err(Error::no_object(value)) };
    let captures = match found.get("captures") {
        Some(Value::Array(captures)) => captures,
        other => return Err(Error::no_array(other.unwrap_or(&Value::Null))),
    };
    let mut named = Object::from_iter([]);
    for capture in captures.items() {
        if let Value::Object(capture) = capture
            && let Some(Value::Text(name)) = capture.get("name")
        {
            named.insert(name.clone(), capture.get("string").cloned().unwrap_or(Value::Null));
        }
    }
    Ok(Value::Object(named))
}

/// Text between matches.
pub(super) fn split(tools: &mut Tools<'_>, text: &Text, expression: &str, flags: &str) -> Result<Value> {
    let regex = compile(tools, expression, flags)?;
    let is_plain = expression.is_empty() && !flags.contains(['i', 'm']);
    if text.is_empty() && !is_plain {
        return Ok(Value::array(vec![Value::from("")]));
    }
    let (mut parts, mut begin, mut end) = (Vec::new(), 0, 0);
    for (from, to) in regex.find_all(text.as_bytes()) {
        end = from;
        if to != 0 {
            parts.push(Value::Text(text.slice(begin, end)));
        }
        begin = to;
    }
    if end != text.len() {
        parts.push(Value::Text(text.slice(begin, text.len())));
    }
    Ok(Value::array(parts))
}
