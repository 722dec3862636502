//! Rows of JSON, taken apart into columns.

use forebay_json::scan::{self, Scanned};
use forebay_json::{Json, JsonError};

use super::columns::{Column, Levels};
use super::value;
use crate::schema::{Field, Kind, Times};

/// Takes rows apart.
#[derive(Debug)]
pub(super) struct Shredder {
    columns: Vec<Column>,
    /// The values of the members of all objects that are open, each found before any of them is taken apart: the last
    /// of several with one key counts.
    found: Vec<Option<(usize, usize)>>,
}

impl Shredder {
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self { columns, found: Vec::new() }
    }

    pub(super) fn columns(&mut self) -> &mut [Column] {
        &mut self.columns
    }

    /// Adds a row; nothing of one that can't be.
    ///
    /// # Errors
    /// What is wrong, and the path of the field.
    pub(super) fn row(&mut self, fields: &[Field], text: &[u8]) -> Result<(), String> {
        let (start, end) = scan::value(text, 0).map_err(unreadable)?;
        if scan::space(text, end) < text.len() {
            return Err("failed to parse message as JSON: something follows the first value".to_owned());
        }
        let row = Json { text, start, end };
        if row.first() != b'{' {
            return Err(format!("a row is an object, and the message is {}", row.kind()));
        }
        let marks: Vec<_> = self.columns.iter().map(Column::mark).collect();
        let outcome = self.members(fields, Some(row), Levels::default(), 0);
        if outcome.is_err() {
            self.found.clear();
            for (column, mark) in self.columns.iter_mut().zip(marks) {
                column.truncate(mark);
            }
        }
        outcome
    }

    /// The fields of an object, or of one that is missing; `depth` repetitions are around it.
    fn members(
        &mut self,
        fields: &[Field],
        object: Option<Json<'_>>,
        levels: Levels,
        depth: i16,
    ) -> Result<(), String> {
        let base = self.found.len();
        self.found.resize(base + fields.len(), None);
        if let Some(object) = object {
            self.find(fields, object, base).map_err(unreadable)?;
        }
        for (index, field) in fields.iter().enumerate() {
            let found = self.found.get(base + index).copied().flatten();
            let found =
                object.zip(found).map(|(object, (start, end))| Json { text: object.text, start, end });
            self.field(field, found, levels, depth).map_err(|error| within(&field.name, &error))?;
        }
        self.found.truncate(base);
        Ok(())
    }

    /// Finds the members of an object that are fields.
    fn find(&mut self, fields: &[Field], object: Json<'_>, base: usize) -> Result<(), JsonError> {
        let text = object.text;
        let mut at = scan::space(text, object.start + 1);
        // Messages tend to have their keys in the same order.
        let mut guess = 0;
        while text.get(at) == Some(&b'"') {
            let (key, end) = match scan::string(text, at + 1)? {
                Scanned::Plain { end } => (None, end),
                Scanned::Unescaped { text, end } => (Some(text), end),
            };
            let key =
                key.as_ref().map_or_else(|| text.get(at + 1..end).unwrap_or_default(), String::as_bytes);
            let is_key = |field: &Field| field.name.as_bytes() == key;
            let index = match fields.get(guess) {
                Some(field) if is_key(field) => Some(guess),
                _ => fields.iter().position(is_key),
            };
            // The colon was seen when the whole was looked at.
            let (start, end) = scan::value(text, scan::space(text, end + 1) + 1)?;
            if let Some(index) = index {
                guess = index + 1;
                if let Some(found) = self.found.get_mut(base + index) {
                    *found = Some((start, end));
                }
            }
            at = scan::space(text, end);
            if text.get(at) == Some(&b',') {
                at = scan::space(text, at + 1);
            }
        }
        Ok(())
    }

    fn field(
        &mut self,
        field: &Field,
        json: Option<Json<'_>>,
        levels: Levels,
        depth: i16,
    ) -> Result<(), String> {
        let json = json.filter(|json| !json.is_null());
        match (field.repetition, json) {
            (Times::Once, json) => self.kind(field, json, levels, depth),
            (Times::Optional, None) => {
                self.nothing(field, levels);
                Ok(())
            }
            (Times::Optional, json) => {
                self.kind(field, json, Levels { definition: levels.definition + 1, ..levels }, depth)
            }
            (Times::Repeated, json) => self.each(field, json, levels, depth, |shredder, item, levels| {
                shredder.kind(field, item, levels, depth + 1)
            }),
        }
    }

    fn kind(
        &mut self,
        field: &Field,
        json: Option<Json<'_>>,
        levels: Levels,
        depth: i16,
    ) -> Result<(), String> {
        match &field.kind {
            Kind::Leaf(_) => {
                let Some(column) = self.columns.get_mut(field.columns.start) else { return Ok(()) };
                match json {
                    Some(json) => value::push(column, json, levels),
                    None => {
                        value::push_missing(column, levels);
                        Ok(())
                    }
                }
            }
            Kind::Struct(fields) => {
                if let Some(json) = json.filter(|json| json.first() != b'{') {
                    return Err(format!("{} can't be a STRUCT", json.kind()));
                }
                self.members(fields, json, levels, depth)
            }
            Kind::List(element) => self.each(field, json, levels, depth, |shredder, item, levels| {
                let outcome = shredder.field(element, item, levels, depth + 1);
                outcome.map_err(|error| within(&element.name, &error))
            }),
            Kind::Map(entry) => self.entries(field, entry, json, levels, depth),
        }
    }

    /// The items of an array, one repetition deeper.
    fn each(
        &mut self,
        field: &Field,
        json: Option<Json<'_>>,
        levels: Levels,
        depth: i16,
        mut item: impl FnMut(&mut Self, Option<Json<'_>>, Levels) -> Result<(), String>,
    ) -> Result<(), String> {
        let Some(json) = json else {
            self.nothing(field, levels);
            return Ok(());
        };
        if json.first() != b'[' {
            return Err(format!("{} can't be a list", json.kind()));
        }
        let text = json.text;
        let mut at = scan::space(text, json.start + 1);
        let mut inside = Levels { definition: levels.definition + 1, ..levels };
        if text.get(at) == Some(&b']') {
            self.nothing(field, levels);
            return Ok(());
        }
        while text.get(at).is_some_and(|byte| *byte != b']') {
            let (start, end) = scan::value(text, at).map_err(unreadable)?;
            let value = Json { text, start, end };
            item(self, Some(value).filter(|value| !value.is_null()), inside)?;
            inside.repetition = depth + 1;
            at = scan::space(text, end);
            if text.get(at) == Some(&b',') {
                at = scan::space(text, at + 1);
            }
        }
        Ok(())
    }

    fn entries(
        &mut self,
        field: &Field,
        [key, value]: &[Field; 2],
        json: Option<Json<'_>>,
        levels: Levels,
        depth: i16,
    ) -> Result<(), String> {
        let Some(json) = json else {
            self.nothing(field, levels);
            return Ok(());
        };
        if json.first() != b'{' {
            return Err(format!("{} can't be a MAP", json.kind()));
        }
        let text = json.text;
        let mut at = scan::space(text, json.start + 1);
        let mut inside = Levels { definition: levels.definition + 1, ..levels };
        if text.get(at) != Some(&b'"') {
            self.nothing(field, levels);
        }
        while text.get(at) == Some(&b'"') {
            let (start, end) = scan::value(text, at).map_err(unreadable)?;
            self.field(key, Some(Json { text, start, end }), inside, depth + 1)?;
            let (start, end) = scan::value(text, scan::space(text, end) + 1).map_err(unreadable)?;
            self.field(value, Some(Json { text, start, end }), inside, depth + 1)
                .map_err(|error| within(&value.name, &error))?;
            inside.repetition = depth + 1;
            at = scan::space(text, end);
            if text.get(at) == Some(&b',') {
                at = scan::space(text, at + 1);
            }
        }
        Ok(())
    }

    /// Says in every column below a field that nothing of it is there.
    fn nothing(&mut self, field: &Field, levels: Levels) {
        for column in self.columns.get_mut(field.columns.clone()).unwrap_or_default() {
            column.push_null(levels);
        }
    }
}

fn unreadable(error: JsonError) -> String {
    format!("failed to parse message as JSON: {error}")
}

/// An error below a field, with the path to it before a colon.
fn within(name: &str, error: &str) -> String {
    match error.strip_prefix("field ") {
        Some(rest) => format!("field {name}.{rest}"),
        None => format!("field {name}: {error}"),
    }
}
