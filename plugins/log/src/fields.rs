use std::collections::BTreeMap;

use forebay_sdk::config::{Interpolated, Mapping};
use forebay_sdk::expressions::{BLOBLANG, Expression, Form};
use forebay_sdk::serde_json::{self, Value};
use forebay_sdk::{Batch, Error, Message, Origins, Problem, Processed, log};

/// The fields of a line: those of a mapping's object, or a text each.
pub(crate) struct Fields {
    mapping: Option<Expression>,
    texts: BTreeMap<String, Interpolated>,
}

/// The fields of one line.
type Line = Vec<(String, String)>;

impl Fields {
    pub(crate) fn compile(
        mapping: Option<&Mapping>,
        texts: BTreeMap<String, Interpolated>,
    ) -> Result<Self, Problem> {
        let mapping = mapping
            .filter(|mapping| !mapping.source().is_empty())
            .map(|mapping| mapping.compile(BLOBLANG, Form::Mapping))
            .transpose()?;
        Ok(Self { mapping, texts })
    }

    /// The fields of the line of every message.
    pub(crate) fn evaluate(&self, batch: &Batch) -> Result<Vec<Line>, Error> {
        let mut lines = vec![Line::new(); batch.len()];
        for (name, text) in &self.texts {
            let values = text.evaluate(batch)?;
            for (index, line) in lines.iter_mut().enumerate() {
                let value = values.get(index).map_or_else(Error::into_message, |value| value.into_owned());
                line.push((name.clone(), value));
            }
        }
        if let Some(mapping) = &self.mapping {
            let copy = batch.slice(0..batch.len());
            let Processed { batch: results, origins } = mapping.run(copy)?;
            for result in results.messages() {
                // A message that the mapping deletes has no fields.
                let line = match &origins {
                    Origins::Each(indexes) => indexes[result.index()] as usize,
                    Origins::Same | Origins::Whole => result.index(),
                };
                add_object(result, &mut lines[line]);
            }
        }
        Ok(lines)
    }
}

/// Adds the members of the object that a mapping has made of one message.
fn add_object(message: Message<'_>, line: &mut Line) {
    if let Some(error) = message.error() {
        log::error(format!("fields_mapping: {error}"));
        return;
    }
    match serde_json::from_slice(message.bytes()) {
        Ok(Value::Object(members)) => {
            for (name, value) in members {
                let text = match value {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                line.push((name, text));
            }
        }
        _ => log::error("fields_mapping: the result is no object"),
    }
}
