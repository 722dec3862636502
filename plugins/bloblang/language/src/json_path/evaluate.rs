//! What an expression finds in a document.

use std::cell::Cell;

use super::operators;
use super::{Node, Pattern, Selector};
use crate::limits::{ELEMENTS, VALUE_DEPTH};
use crate::regex::Regex;
use crate::time::parse;
use crate::value::{Object, Text, Value, strconv};

/// How times may be written.
const TIMES: [&str; 13] = [
    "Mon Jan _2 15:04:05 2006",
    "Mon Jan _2 15:04:05 MST 2006",
    "Mon Jan 02 15:04:05 -0700 2006",
    "3:04PM",
    parse::RFC3339,
    "2006-01-02",
    "2006-01-02 15:04",
    "2006-01-02 15:04:05",
    "2006-01-02 15:04:05-07:00",
    "2006-01-02T15Z0700",
    "2006-01-02T15:04Z0700",
    "2006-01-02T15:04:05Z0700",
    "2006-01-02T15:04:05.999999999Z0700",
];

/// Steps that one search may take.
const STEPS: u64 = 50_000_000;

/// One search.
pub(super) struct Search<'d> {
    document: &'d Value,
    steps: Cell<u64>,
}

type Found<'f> = &'f mut dyn FnMut(&Value) -> Result<(), String>;

impl<'d> Search<'d> {
    pub(super) fn new(document: &'d Value) -> Self {
        Self { document, steps: Cell::new(0) }
    }

    pub(super) fn value(&self, node: &Node) -> Result<Value, String> {
        self.evaluate(node, &Value::Null)
    }

    fn step(&self) -> Result<(), String> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS {
            return Err(format!("the expression took more than {STEPS} steps"));
        }
        Ok(())
    }

    fn evaluate(&self, node: &Node, current: &Value) -> Result<Value, String> {
        self.step()?;
        match node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Path { from_current, selectors } => {
                self.path(selectors, if *from_current { current } else { self.document })
            }
            Node::Field(keys) => self.field(keys, current),
            Node::Array(items) => {
                let items: Result<Vec<_>, _> =
                    items.iter().map(|item| self.evaluate(item, current)).collect();
                items.map(Value::from)
            }
            Node::Object(entries) => {
                let mut object = Vec::new();
                for (key, value) in entries {
                    let value = self.evaluate(value, current)?;
                    let key = operators::text(&self.evaluate(key, current)?);
                    object.push((Text::from(key), value));
                }
                Ok(Value::Object(Object::from(object)))
            }
            Node::Prefix(sign, operand) => operators::prefix(*sign, &self.evaluate(operand, current)?),
            Node::Choose(parts) => {
                let [condition, then, otherwise] = parts.as_ref();
                let zero = operators::is_zero(&self.evaluate(condition, current)?);
                self.evaluate(if zero { otherwise } else { then }, current)
            }
            Node::Operate(operator, left, right) => {
                let left = self.evaluate(left, current)?;
                if let Some(answer) = operators::early(operator, &left) {
                    return Ok(answer);
                }
                operators::apply(operator, &left, &self.evaluate(right, current)?)
            }
            Node::Match { text, pattern, wanted } => {
                let text = operators::text(&self.evaluate(text, current)?);
                let matched = match pattern {
                    Pattern::Known(regex) => regex.is_match(text.as_bytes()),
                    Pattern::Asked(pattern) => {
                        let pattern = operators::text(&self.evaluate(pattern, current)?);
                        Regex::compile(&pattern)?.is_match(text.as_bytes())
                    }
                };
                Ok(Value::Bool(matched == *wanted))
            }
            Node::Date(arguments) => {
                let arguments: Result<Vec<_>, _> =
                    arguments.iter().map(|argument| self.evaluate(argument, current)).collect();
                date(&arguments?)
            }
            Node::Call(name, function) => {
                let function = self
                    .evaluate(function, current)
                    .map_err(|error| format!("could not call function: {error}"))?;
                Err(format!("could not call '{name}' type {}", function.go_type()))
            }
        }
    }

    /// A field of the document. One that an object does not have is null, and an index that an array does not have is
    /// passed over.
    fn field(&self, keys: &[Node], current: &Value) -> Result<Value, String> {
        let names: Result<Vec<String>, String> =
            keys.iter().map(|key| Ok(operators::text(&self.evaluate(key, current)?))).collect();
        let names = names?;
        let mut value = self.document.clone();
        for (at, name) in names.iter().enumerate() {
            let index = || strconv::parse_int(name, 10).ok().and_then(|index| usize::try_from(index).ok());
            let found = match &value {
                Value::Object(object) => Some(object.get(name).cloned().unwrap_or(Value::Null)),
                Value::Array(items) => {
                    let item = index().and_then(|index| items.get(index).cloned());
                    Some(item.unwrap_or_else(|| value.clone()))
                }
                Value::Bytes(bytes) => {
                    index().and_then(|index| bytes.get(index)).map(|byte| Value::Uint(u64::from(*byte)))
                }
                _ => None,
            };
            value = found.ok_or_else(|| {
                format!("unknown parameter {}", names.get(..=at).unwrap_or_default().join("."))
            })?;
        }
        Ok(value)
    }

    fn path(&self, selectors: &[Selector], start: &Value) -> Result<Value, String> {
        if selectors.iter().any(Selector::is_ambiguous) {
            let mut found = Vec::new();
            self.walk(selectors, start, &mut |value| {
                if found.len() >= ELEMENTS {
                    return Err("the expression finds too much".to_owned());
                }
                found.push(value.clone());
                Ok(())
            })?;
            return Ok(Value::from(found));
        }
        let mut value = start.clone();
        for selector in selectors {
            value = self.single(selector, &value)?;
        }
        Ok(value)
    }

    /// The one value that a step leads to.
    fn single(&self, selector: &Selector, value: &Value) -> Result<Value, String> {
        match selector {
            Selector::Key(key) => self.select(key, value),
            Selector::Script(script) => self.evaluate(script, value),
            _ => Err("the step leads to several values".to_owned()),
        }
    }

    fn select(&self, key: &Node, value: &Value) -> Result<Value, String> {
        let invalid = |reason: String| format!("could not select value, invalid key: {reason}");
        match value {
            Value::Array(items) => {
                let index =
                    self.evaluate(key, value).and_then(|key| operators::whole(&key)).map_err(invalid)?;
                let found = usize::try_from(index).ok().and_then(|index| items.get(index));
                found.cloned().ok_or_else(|| format!("index {index} out of bounds"))
            }
            Value::Object(object) => {
                let key = operators::text(&self.evaluate(key, value).map_err(invalid)?);
                object.get(&key).cloned().ok_or_else(|| format!("unknown key {key}"))
            }
            other => Err(format!(
                "unsupported value type {} for select, expected map[string]interface{{}} or []interface{{}}",
                other.go_type()
            )),
        }
    }

    /// Hands on what the steps lead to. Where one leads nowhere, nothing is handed on.
    fn walk(&self, selectors: &[Selector], value: &Value, found: Found<'_>) -> Result<(), String> {
        self.step()?;
        let Some((selector, rest)) = selectors.split_first() else { return found(value) };
        match selector {
            Selector::Key(_) | Selector::Script(_) => match self.single(selector, value) {
                Ok(next) => self.walk(rest, &next, found),
                Err(_) => Ok(()),
            },
            Selector::Star => each(value, &mut |item| self.walk(rest, item, found)),
            Selector::Descend => self.descend(rest, value, 0, found),
            Selector::Keys(keys) => {
                for key in keys {
                    if let Ok(next) = self.select(key, value) {
                        self.walk(rest, &next, found)?;
                    }
                }
                Ok(())
            }
            Selector::Filter(filter) => each(value, &mut |item| match self.evaluate(filter, item) {
                Ok(result) if operators::truth(&result) == Some(true) => self.walk(rest, item, found),
                _ => Ok(()),
            }),
            Selector::Range(bounds) => self.range(bounds, rest, value, found),
        }
    }

    fn descend(&self, rest: &[Selector], value: &Value, depth: u16, found: Found<'_>) -> Result<(), String> {
        if depth > VALUE_DEPTH {
            return Err("the document nests too deeply".to_owned());
        }
        self.walk(rest, value, found)?;
        each(value, &mut |item| self.descend(rest, item, depth + 1, found))
    }

    fn range(
        &self,
        bounds: &[Node; 3],
        rest: &[Selector],
        value: &Value,
        found: Found<'_>,
    ) -> Result<(), String> {
        let mut numbers = [0; 3];
        for (number, bound) in numbers.iter_mut().zip(bounds) {
            let Ok(Ok(whole)) = self.evaluate(bound, value).map(|bound| operators::whole(&bound)) else {
                return Ok(());
            };
            *number = whole;
        }
        let [low, high, step] = numbers;
        let Value::Array(items) = value else { return Ok(()) };
        if low > high {
            return Ok(());
        }
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let place =
            |bound: i64| if bound < 0 { bound.saturating_add(length).max(0) } else { bound.min(length) };
        let (low, high) = (place(low), place(high));
        let step = if step == 0 { 1 } else { step };
        let mut at = if step > 0 { low } else { high - 1 };
        while (low..high).contains(&at) {
            if let Some(item) = usize::try_from(at).ok().and_then(|at| items.get(at)) {
                self.walk(rest, item, found)?;
            }
            at = at.saturating_add(step);
        }
        Ok(())
    }
}

fn each(value: &Value, visit: Found<'_>) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(visit),
        Value::Object(object) => object.iter().try_for_each(|(_, item)| visit(item)),
        _ => Ok(()),
    }
}

fn date(arguments: &[Value]) -> Result<Value, String> {
    let [Value::String(text)] = arguments else {
        return Err("date() expects exactly one string argument".to_owned());
    };
    let at = TIMES.iter().find_map(|layout| parse::parse(layout, text).ok());
    at.map(Value::Timestamp).ok_or_else(|| format!("date() could not parse {text}"))
}
