//! Values from JSON to binary.

mod brief;
mod scalar;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashSet;

use forebay_calendar::Unit;
use forebay_json::{Json, JsonError};

use crate::binary::{write_bytes, write_length, write_long};
use crate::budget::Budget;
use crate::schema::{Branch, Decimal, Field, IntKind, LongKind, Node, NodeId};
use crate::{DatumError, LARGEST, NESTING, Schema};

use brief::{REASONS, brief_list, cut};
use scalar::{date, decimal_bytes, instant, text_of, time_of_day, whole};

/// How JSON is to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Whether values in unions stand in an object of their type. Otherwise the first type counts that takes them.
    wrapped: bool,
    bytes: InText,
    decimals: InText,
    /// Whether members that are no fields are refused.
    strict: bool,
    /// Whether `null` is what a float may be, too.
    nan: bool,
}

/// What a string is where bytes are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InText {
    /// What it means: its bytes in UTF-8, or the number that it is.
    Value,
    /// Each character is the byte of its code.
    CodePoints,
}

impl Dialect {
    /// As Bento takes documents of other components: a string is bytes in UTF-8, and a decimal as it is written.
    pub const NATIVE: Self =
        Self { wrapped: true, bytes: InText::Value, decimals: InText::Value, strict: false, nan: false };
    /// As the specification has it.
    pub const TEXTUAL: Self = Self {
        wrapped: true,
        bytes: InText::CodePoints,
        decimals: InText::CodePoints,
        strict: true,
        nan: true,
    };
    /// The same, where members that are no fields mean nothing.
    pub const TOLERANT: Self = Self { strict: false, ..Self::TEXTUAL };
    /// As JSON is elsewhere: values in unions stand for themselves, and decimals are as they are written.
    pub const PLAIN: Self = Self {
        wrapped: false,
        bytes: InText::CodePoints,
        decimals: InText::Value,
        strict: false,
        nan: false,
    };
}

impl Schema {
    /// Appends the value of a document: 64 MiB at most.
    ///
    /// # Errors
    /// It is no JSON, or no value of this schema, or too much work; nothing was appended.
    pub fn write(&self, text: &[u8], dialect: Dialect, out: &mut Vec<u8>) -> Result<(), DatumError> {
        let json = Json::of(text).map_err(|error| DatumError::new(error.to_string()))?;
        let start = out.len();
        let mut budget = Budget::of_text(text.len());
        let mut walk = Walk { schema: self, dialect, found: Vec::new(), budget: &mut budget, start, out };
        let outcome = walk.value(self.root(), json, 0);
        if outcome.is_err() {
            out.truncate(start);
        }
        outcome
    }
}

/// Makes bytes of the default of a field; the first type of a union counts that takes it. All defaults of a schema have
/// one budget.
pub(crate) fn default_of(
    schema: &Schema,
    node: NodeId,
    text: &str,
    budget: &mut Budget,
) -> Result<Vec<u8>, DatumError> {
    let mut out = Vec::new();
    let mut walk =
        Walk { schema, dialect: Dialect::TEXTUAL, found: Vec::new(), budget, start: 0, out: &mut out };
    walk.default(node, text, 0)?;
    Ok(out)
}

struct Walk<'w> {
    schema: &'w Schema,
    dialect: Dialect,
    /// The values of the fields of all records that are open, each found before any of them is written: the last of
    /// several with one key counts.
    found: Vec<Option<(usize, usize)>>,
    budget: &'w mut Budget,
    /// Where the value starts in `out`.
    start: usize,
    out: &'w mut Vec<u8>,
}

fn unreadable(error: JsonError) -> DatumError {
    DatumError::new(error.to_string())
}

impl Walk<'_> {
    fn value(&mut self, id: NodeId, json: Json<'_>, depth: usize) -> Result<(), DatumError> {
        if depth > NESTING {
            return Err(DatumError::new(format!("values are nested more than {NESTING} deep")));
        }
        // What is in a value is looked over to find where it ends.
        self.budget.step(json.end.saturating_sub(json.start))?;
        let schema = self.schema;
        match schema.node(id) {
            Node::Array(items) => self.array(*items, json, depth)?,
            Node::Map(values) => self.map(*values, json, depth)?,
            Node::Union(branches) if self.dialect.wrapped => self.wrapped(branches, json, depth)?,
            Node::Union(branches) => self.plain(branches, json, depth)?,
            Node::Record { name, fields } => self.record(name, fields, json, depth)?,
            flat => self.flat(flat, json).map_err(DatumError::new)?,
        }
        self.check_size()
    }

    fn check_size(&self) -> Result<(), DatumError> {
        if self.out.len() - self.start > LARGEST {
            return Err(DatumError::new(format!(
                "a value has more than {LARGEST} bytes, which is the limit"
            )));
        }
        Ok(())
    }

    fn array(&mut self, items: NodeId, json: Json<'_>, depth: usize) -> Result<(), DatumError> {
        if json.first() != b'[' {
            return Err(DatumError::new(format!("{} can't be an array", json.kind())));
        }
        let start = self.out.len();
        let mut count = 0;
        for item in json.items() {
            self.value(items, item.map_err(unreadable)?, depth + 1).map_err(|error| error.in_item(count))?;
            count += 1;
        }
        self.end_block(start, count);
        Ok(())
    }

    fn map(&mut self, values: NodeId, json: Json<'_>, depth: usize) -> Result<(), DatumError> {
        if json.first() != b'{' {
            return Err(DatumError::new(format!("{} can't be a map", json.kind())));
        }
        let start = self.out.len();
        let mut keys = HashSet::new();
        for member in json.members() {
            let (key, value) = member.map_err(unreadable)?;
            let name = String::from_utf8_lossy(&key).into_owned();
            write_bytes(name.as_bytes(), self.out);
            self.value(values, value, depth + 1).map_err(|error| error.in_field(&name))?;
            if let Some(twice) = keys.replace(name) {
                return Err(DatumError::new(format!("the key {twice} stands twice")));
            }
        }
        self.end_block(start, keys.len());
        Ok(())
    }

    /// Puts the count before the items that were written from `start` on, and the end behind them.
    fn end_block(&mut self, start: usize, count: usize) {
        if count > 0 {
            let mut length = Vec::with_capacity(10);
            write_length(count, &mut length);
            self.out.splice(start..start, length);
        }
        self.out.push(0);
    }

    /// A value in an object of its type, or null.
    fn wrapped(&mut self, branches: &[Branch], json: Json<'_>, depth: usize) -> Result<(), DatumError> {
        let wrong = |found: &str| {
            let names = brief_list(branches.iter().map(|branch| branch.name.as_str()));
            DatumError::new(format!(
                "{found}: what is in a union is null, or an object with one key, the name of its type: {names}"
            ))
        };
        if json.is_null() {
            let is_null = |branch: &Branch| matches!(self.schema.node(branch.node), Node::Null);
            let index = branches.iter().position(is_null).ok_or_else(|| wrong("null"))?;
            write_length(index, self.out);
            return Ok(());
        }
        let mut members = json.members();
        let (Some(member), None) = (members.next(), members.next()) else { return Err(wrong(json.kind())) };
        let (key, value) = member.map_err(unreadable)?;
        let index = branches.iter().position(|branch| branch.name.as_bytes() == &*key);
        // As the specification has it, a logical type is not in the name.
        let bare = |branch: &Branch| {
            branch.name.split_once('.').is_some_and(|(name, _)| name.as_bytes() == &*key)
                && matches!(self.schema.node(branch.node), Node::Int(_) | Node::Long(_) | Node::Bytes(_))
        };
        let index = index.or_else(|| branches.iter().position(bare));
        let index = index.ok_or_else(|| wrong(&String::from_utf8_lossy(&key)))?;
        write_length(index, self.out);
        self.value(branches[index].node, value, depth + 1)
    }

    /// The first type that takes a value.
    fn plain(&mut self, branches: &[Branch], json: Json<'_>, depth: usize) -> Result<(), DatumError> {
        let (start, open) = (self.out.len(), self.found.len());
        let mut reasons = String::new();
        for (index, branch) in branches.iter().enumerate() {
            write_length(index, self.out);
            let error = match self.value(branch.node, json, depth + 1) {
                Ok(()) => return Ok(()),
                // The other types can't be looked at any more.
                Err(error) if self.budget.is_spent() => return Err(error),
                Err(error) => error,
            };
            // What was written for nothing is work, too.
            self.budget.step(self.out.len() - start)?;
            self.out.truncate(start);
            self.found.truncate(open);
            // Each of them may hold those of a union below, and so on.
            if reasons.len() < REASONS {
                let between = if reasons.is_empty() { "" } else { "; " };
                reasons.push_str(&format!("{between}{}: {error}", branch.name));
                cut(&mut reasons);
            }
        }
        Err(DatumError::new(format!("no type of the union takes {}: {reasons}", json.kind())))
    }

    fn record(
        &mut self,
        name: &str,
        fields: &[Field],
        json: Json<'_>,
        depth: usize,
    ) -> Result<(), DatumError> {
        if json.first() != b'{' {
            return Err(DatumError::new(format!("{} can't be a record {name}", json.kind())));
        }
        let base = self.found.len();
        self.found.resize(base + fields.len(), None);
        self.find(fields, json, base)?;
        for (index, field) in fields.iter().enumerate() {
            let found = self.found.get(base + index).copied().flatten();
            let outcome = match (found, &field.default) {
                (Some((start, end)), _) => {
                    self.value(field.node, Json { text: json.text, start, end }, depth + 1)
                }
                (None, Some(default)) => match &default.binary {
                    Some(binary) => {
                        self.out.extend_from_slice(binary);
                        self.check_size()
                    }
                    None => self.default(field.node, &default.text, depth + 1),
                },
                (None, None) => Err(DatumError::new("it is missing, and the schema has no default")),
            };
            outcome.map_err(|error| error.in_field(&field.name))?;
        }
        self.found.truncate(base);
        Ok(())
    }

    /// Finds the members of an object that are fields.
    fn find(&mut self, fields: &[Field], json: Json<'_>, base: usize) -> Result<(), DatumError> {
        // Messages tend to have their keys in the same order.
        let mut guess = 0;
        for member in json.members() {
            let (key, value) = member.map_err(unreadable)?;
            let is_key = |field: &Field| field.name.as_bytes() == &*key;
            let index = match fields.get(guess) {
                Some(field) if is_key(field) => Some(guess),
                _ => fields.iter().position(is_key),
            };
            let Some(index) = index else {
                if self.dialect.strict {
                    let key = String::from_utf8_lossy(&key);
                    return Err(DatumError::new("there is no such field in the schema").in_field(&key));
                }
                continue;
            };
            guess = index + 1;
            if let Some(found) = self.found.get_mut(base + index) {
                *found = Some((value.start, value.end));
            }
        }
        Ok(())
    }

    fn default(&mut self, node: NodeId, text: &str, depth: usize) -> Result<(), DatumError> {
        self.budget.step(text.len())?;
        let json = Json::of(text.as_bytes()).map_err(unreadable)?;
        if let Node::Union(branches) = self.schema.node(node) {
            // Bento takes this text for what it says.
            let is_null = matches!(branches.first(), Some(Branch { name, .. }) if name == "null");
            if is_null && text == "\"null\"" {
                self.out.push(0);
                return Ok(());
            }
            return self.plain(branches, json, depth);
        }
        self.value(node, json, depth)
    }

    fn flat(&mut self, node: &Node, json: Json<'_>) -> Result<(), String> {
        let wrong = |what: &str| format!("{} can't be {what}", json.kind());
        match node {
            Node::Null if json.is_null() => {}
            Node::Null => return Err(wrong("null")),
            Node::Boolean => match json.first() {
                first @ (b't' | b'f') => self.out.push(u8::from(first == b't')),
                _ => return Err(wrong("a boolean")),
            },
            Node::Int(kind) => {
                let value = match (kind, text_of(json)?) {
                    (IntKind::Date, Some(text)) => date(&text)?,
                    (IntKind::TimeMillis, Some(text)) => time_of_day(&text)? / 1_000_000,
                    _ => whole(json).ok_or_else(|| wrong("an int"))??,
                };
                let value = i32::try_from(value).map_err(|_| format!("{value} does not fit an int"))?;
                write_long(i64::from(value), self.out);
            }
            Node::Long(kind) => {
                let value = match (kind, text_of(json)?) {
                    (LongKind::TimestampMillis, Some(text)) => instant(&text, Unit::Millis)?,
                    (LongKind::TimestampMicros, Some(text)) => instant(&text, Unit::Micros)?,
                    (LongKind::TimeMicros, Some(text)) => time_of_day(&text)? / 1_000,
                    _ => whole(json).ok_or_else(|| wrong("a long"))??,
                };
                write_long(value, self.out);
            }
            Node::Float => {
                #[expect(clippy::cast_possible_truncation, reason = "a float is as precise as its type")]
                let value = self.float(json).ok_or_else(|| wrong("a float"))? as f32;
                self.out.extend_from_slice(&value.to_le_bytes());
            }
            Node::Double => {
                let value = self.float(json).ok_or_else(|| wrong("a double"))?;
                self.out.extend_from_slice(&value.to_le_bytes());
            }
            Node::String => {
                let text = json.string().map_err(|error| error.to_string())?;
                let text = text.ok_or_else(|| wrong("a string"))?;
                write_bytes(String::from_utf8_lossy(&text).as_bytes(), self.out);
            }
            Node::Bytes(decimal) => {
                let bytes = self.bytes(json, *decimal, None)?.ok_or_else(|| wrong("bytes"))?;
                write_bytes(&bytes, self.out);
            }
            Node::Fixed { name, size, decimal } => {
                let bytes = self.bytes(json, *decimal, Some(*size))?;
                let bytes = bytes.ok_or_else(|| wrong("bytes"))?;
                if bytes.len() != *size {
                    return Err(format!("{} bytes: values of {name} have {size}", bytes.len()));
                }
                self.out.extend_from_slice(&bytes);
            }
            Node::Enum { name, symbols } => {
                let text = json.string().map_err(|error| error.to_string())?;
                let text = text.ok_or_else(|| wrong("a symbol"))?;
                let index = symbols.iter().position(|symbol| symbol.as_bytes() == &*text);
                let text = String::from_utf8_lossy(&text);
                let all = || brief_list(symbols.iter().map(String::as_str));
                let index = index.ok_or_else(|| format!("{text} is none of {name}: {}", all()))?;
                write_length(index, self.out);
            }
            Node::Array(_) | Node::Map(_) | Node::Union(_) | Node::Record { .. } => {}
        }
        Ok(())
    }

    fn float(&self, json: Json<'_>) -> Option<f64> {
        match json.first() {
            b'n' if self.dialect.nan => Some(f64::NAN),
            b'-' | b'0'..=b'9' => std::str::from_utf8(json.bytes()).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// The bytes of a string, or of a decimal; none of another value.
    fn bytes<'t>(
        &self,
        json: Json<'t>,
        decimal: Option<Decimal>,
        size: Option<usize>,
    ) -> Result<Option<Cow<'t, [u8]>>, String> {
        if let Some(decimal) = decimal {
            let text = match json.first() {
                b'-' | b'0'..=b'9' => Some(Cow::Borrowed(json.bytes())),
                _ if self.dialect.decimals == InText::CodePoints => None,
                _ => json.string().map_err(|error| error.to_string())?,
            };
            if let Some(text) = text {
                return decimal_bytes(&text, decimal, size).map(|bytes| Some(Cow::Owned(bytes)));
            }
        }
        let Some(text) = json.string().map_err(|error| error.to_string())? else { return Ok(None) };
        if self.dialect.bytes == InText::Value || text.is_ascii() {
            return Ok(Some(text));
        }
        let text = String::from_utf8_lossy(&text);
        let bytes = text.chars().map(|character| u8::try_from(u32::from(character)));
        let bytes: Result<Vec<u8>, _> = bytes.collect();
        let bytes = bytes.map_err(|_| "it has characters beyond U+00FF, which stand for no byte")?;
        Ok(Some(Cow::Owned(bytes)))
    }
}
