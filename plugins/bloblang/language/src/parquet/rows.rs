//! Rows, put together from the entries of columns. What they are made of is taken off the budget before it is made: groups
//! without columns and arrays without elements cost no value of a column.
//!
//! The entries of a row in a column begin with one whose repetition is zero. Within a row, the first column below a node
//! tells whether the node is there and how often it repeats; the entries of the others are cut at the same level.

use super::budget::{self, Budget, CONTAINER, PIECE};
use super::column::{Column, Entry};
use super::schema::Meaning;
use super::shape::{Field, Form, Shape};
use crate::value::{Numbers, Object, Text, Value, parse};

/// Why there is no row.
#[derive(Debug)]
enum Mistake {
    /// A value is wrong. The fields that lead to it are put in front.
    Value(String),
    /// What Bento's package trips over.
    Panic(String),
    /// There would be too much of it.
    Limit(String),
}

/// What a member of an array that grows takes, at most.
const ITEM: usize = 2 * size_of::<Value>();
/// What a member of an object takes.
const FIELD: usize = size_of::<(Text, Value)>();

fn hold(budget: &mut Budget, bytes: usize) -> Result<(), Mistake> {
    budget.hold(budget::Span::File, bytes).map_err(Mistake::Limit)
}

/// Takes a value for every column that has no entry left: entries are counted where they are read, but to see that there
/// are none takes time as well.
fn missing(spans: &[Span<'_>], budget: &mut Budget) -> Result<(), Mistake> {
    budget.values(spans.iter().filter(|span| span.0.is_empty()).count()).map_err(Mistake::Limit)
}

/// Appends the rows of a row group.
pub(super) fn read(
    columns: &[Column],
    shape: &Shape,
    budget: &mut Budget,
    rows: &mut Vec<Value>,
) -> Result<(), String> {
    let mut spans: Vec<Span<'_>> = columns.iter().map(|column| Span(&column.entries)).collect();
    let mut row = Vec::new();
    while spans.iter().any(|span| !span.0.is_empty()) {
        row.clear();
        row.extend(spans.iter_mut().map(|span| span.cut(0)));
        let value = missing(&row, budget)
            .and_then(|()| hold(budget, ITEM))
            .and_then(|()| shape.value(&shape.root, Levels::default(), &row, budget));
        let value = value.map_err(|mistake| match mistake {
            Mistake::Value(error) | Mistake::Limit(error) => error,
            Mistake::Panic(error) => format!("decoding panic: {error}"),
        });
        rows.push(value?);
    }
    Ok(())
}

/// Entries of a column, one after another.
#[derive(Clone, Copy, Debug)]
struct Span<'c>(&'c [Entry]);

impl Span<'_> {
    /// Takes the first entry off, and those after it that go on with an array deeper than `depth`.
    fn cut(&mut self, depth: u8) -> Self {
        let more = self.0.iter().skip(1).take_while(|entry| entry.repetition > depth).count();
        let (taken, rest) = self.0.split_at(self.0.len().min(1 + more));
        self.0 = rest;
        Span(taken)
    }
}

/// How many arrays are around a node, and how high a definition is where the node is there.
#[derive(Clone, Copy, Debug, Default)]
struct Levels {
    depth: u8,
    definition: u8,
}

impl Levels {
    fn deeper(self, depth: u8, definition: u8) -> Self {
        Self {
            depth: self.depth.saturating_add(depth),
            definition: self.definition.saturating_add(definition),
        }
    }

    /// Whether the node is known to be missing from what the first column holds.
    fn lacks(self, spans: &[Span<'_>]) -> bool {
        first(spans).is_some_and(|entry| entry.definition < self.definition)
    }
}

fn first<'c>(spans: &[Span<'c>]) -> Option<&'c Entry> {
    spans.first().and_then(|span| span.0.first())
}

impl Shape {
    /// The value of a node, from the spans of the columns below it.
    fn value(
        &self,
        form: &Form,
        levels: Levels,
        spans: &[Span<'_>],
        budget: &mut Budget,
    ) -> Result<Value, Mistake> {
        match form {
            Form::Leaf(column) => self.leaf(*column, spans, budget),
            Form::Group(fields) => {
                let values = self.fields(fields, levels, spans, budget)?;
                let names = fields.iter().map(|field| field.name.clone());
                Ok(Value::Object(Object::from(names.zip(values).collect::<Vec<_>>())))
            }
            Form::Optional(inner) => {
                let levels = levels.deeper(0, 1);
                if levels.lacks(spans) { Ok(Value::Null) } else { self.value(inner, levels, spans, budget) }
            }
            Form::Repeated(inner) => {
                let levels = levels.deeper(1, 1);
                let mut items = Vec::new();
                hold(budget, CONTAINER)?;
                each(levels, spans, budget, |spans, budget| {
                    hold(budget, ITEM)?;
                    items.push(self.value(inner, levels, spans, budget)?);
                    Ok(())
                })?;
                Ok(Value::from(items))
            }
            Form::RepeatedOptional(inner) => {
                let levels = levels.deeper(1, 1);
                let element = levels.deeper(0, 1);
                let mut items = Vec::new();
                hold(budget, CONTAINER)?;
                each(levels, spans, budget, |spans, budget| {
                    hold(budget, ITEM)?;
                    let lacks = element.lacks(spans);
                    items.push(if lacks { Value::Null } else { self.value(inner, element, spans, budget)? });
                    Ok(())
                })?;
                Ok(Value::from(items))
            }
            Form::Map(fields) => {
                if first(spans).is_none() {
                    let error = "runtime error: index out of range [0] with length 0";
                    return Err(Mistake::Panic(error.to_owned()));
                }
                let levels = levels.deeper(1, 1);
                let mut entries = Vec::new();
                hold(budget, CONTAINER)?;
                each(levels, spans, budget, |spans, budget| {
                    let mut values = self.fields(fields, levels, spans, budget)?.into_iter();
                    let [name, value] =
                        [values.next(), values.next()].map(|value| value.unwrap_or(Value::Null));
                    let name = key(&name)?;
                    hold(budget, 2 * FIELD + PIECE + name.len())?;
                    entries.push((name, value));
                    Ok(())
                })?;
                Ok(Value::Object(Object::from(entries)))
            }
        }
    }

    fn fields(
        &self,
        fields: &[Field],
        levels: Levels,
        spans: &[Span<'_>],
        budget: &mut Budget,
    ) -> Result<Vec<Value>, Mistake> {
        hold(budget, CONTAINER + fields.len() * FIELD)?;
        let mut rest = spans;
        let mut values = Vec::with_capacity(fields.len());
        for field in fields {
            let (own, after) = rest.split_at(field.columns.min(rest.len()));
            rest = after;
            let value = self.value(&field.form, levels, own, budget);
            values.push(value.map_err(|mistake| match mistake {
                Mistake::Value(error) => Mistake::Value(format!("{} \u{2192} {error}", field.name.as_str())),
                other => other,
            })?);
        }
        Ok(values)
    }

    fn leaf(&self, column: usize, spans: &[Span<'_>], budget: &mut Budget) -> Result<Value, Mistake> {
        let missing = || Mistake::Value(format!("no values found in parquet row for column {column}"));
        let entry = first(spans).ok_or_else(missing)?;
        match (self.meanings.get(column), &entry.value) {
            (Some(Meaning::Json), Value::String(text)) => {
                hold(budget, document(text.as_bytes()))?;
                parse(text, Numbers::Float).map_err(|error| Mistake::Value(error.to_string()))
            }
            (_, value) => Ok(value.clone()),
        }
    }
}

/// Calls with the spans of each element of an array, of which there are none where it is missing.
fn each(
    levels: Levels,
    spans: &[Span<'_>],
    budget: &mut Budget,
    mut element: impl FnMut(&[Span<'_>], &mut Budget) -> Result<(), Mistake>,
) -> Result<(), Mistake> {
    if levels.lacks(spans) {
        return Ok(());
    }
    let mut rest = spans.to_vec();
    let mut own = Vec::with_capacity(rest.len());
    while first(&rest).is_some() {
        own.clear();
        own.extend(rest.iter_mut().map(|span| span.cut(levels.depth)));
        missing(&own, budget)?;
        element(&own, budget)?;
    }
    Ok(())
}

/// The most bytes that a document of JSON becomes: what it nests, its members, and text that is not as it is written.
fn document(text: &[u8]) -> usize {
    let members = text.iter().filter(|byte| **byte == b',').count();
    let nested = text.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    // The first member comes without a comma; memory that grows is twice as large.
    let all = members.saturating_add(nested).saturating_mul(2 * (FIELD + PIECE));
    text.len().saturating_add(all).saturating_add(nested.saturating_mul(CONTAINER))
}

/// The key of a map as Go makes a string of it: a number is that of a character.
fn key(value: &Value) -> Result<Text, Mistake> {
    let cannot = |kind: &str| {
        let error = format!("reflect.Value.Convert: value of type {kind} cannot be converted to type string");
        Err(Mistake::Panic(error))
    };
    match value {
        Value::Bytes(bytes) => Ok(Text::lossy(bytes)),
        Value::Int(number) => {
            let character = u32::try_from(*number).ok().and_then(char::from_u32);
            Ok(Text::from(character.unwrap_or(char::REPLACEMENT_CHARACTER).to_string()))
        }
        Value::Bool(_) => cannot("bool"),
        Value::Float(_) => cannot("float64"),
        Value::Array(items) => cannot(&format!("[{}]uint8", items.len())),
        other => cannot(other.kind()),
    }
}
