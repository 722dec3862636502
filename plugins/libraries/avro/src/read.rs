//! Values from binary to JSON.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forebay_calendar::Unit;
use forebay_json::{Html, write_float, write_string};

use crate::binary::Input;
use crate::decimal;
use crate::schema::{Decimal, IntKind, LongKind, Node, NodeId};
use crate::{DatumError, NESTING, Schema};

/// What a value looks like in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As what Bento makes of it for other components: bytes in base64, dates and timestamps as RFC 3339 has them, times of
    /// day as nanoseconds, decimals as fractions, and what is in a union in an object of its type.
    Native,
    /// As the specification has it: bytes as characters of their codes, all logical types as what they are made of, and what
    /// is in a union in an object of its type.
    Textual,
    /// The same, where values in unions stand for themselves.
    Plain,
}

const DAY: i64 = 86_400;

impl Schema {
    /// Appends the value that `bytes` begin with, and takes it off them. `most` bytes of JSON may become of it.
    ///
    /// # Errors
    /// They hold no such value. Something of it may have been appended.
    pub fn read(
        &self,
        bytes: &mut &[u8],
        form: Form,
        most: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), DatumError> {
        let most = out.len().saturating_add(most);
        let mut walk = Walk { schema: self, input: Input { rest: bytes }, form, most, out };
        walk.value(self.root(), 0)?;
        *bytes = walk.input.rest;
        Ok(())
    }
}

struct Walk<'w, 'b> {
    schema: &'w Schema,
    input: Input<'b>,
    form: Form,
    /// Bytes that `out` may grow to.
    most: usize,
    out: &'w mut Vec<u8>,
}

impl Walk<'_, '_> {
    fn value(&mut self, id: NodeId, depth: usize) -> Result<(), DatumError> {
        if depth > NESTING {
            return Err(DatumError::new(format!("values are nested more than {NESTING} deep")));
        }
        let schema = self.schema;
        match schema.node(id) {
            Node::Array(items) => {
                self.out.push(b'[');
                self.blocks(|walk, index| {
                    walk.value(*items, depth + 1).map_err(|error| error.in_item(index))
                })?;
                self.out.push(b']');
            }
            Node::Map(values) => {
                self.out.push(b'{');
                self.blocks(|walk, _| {
                    let key = walk.input.bytes().map_err(DatumError::new)?;
                    walk.key(key);
                    walk.value(*values, depth + 1)
                        .map_err(|error| error.in_field(&String::from_utf8_lossy(key)))
                })?;
                self.out.push(b'}');
            }
            Node::Union(branches) => {
                let index = self.input.long().map_err(DatumError::new)?;
                let branch = usize::try_from(index).ok().and_then(|index| branches.get(index));
                let branch = branch.ok_or_else(|| {
                    DatumError::new(format!("type {index} of a union that has {}", branches.len()))
                })?;
                let is_null = matches!(schema.node(branch.node), Node::Null);
                if is_null || self.form == Form::Plain {
                    return self.value(branch.node, depth + 1);
                }
                self.out.push(b'{');
                self.key(branch.name.as_bytes());
                self.value(branch.node, depth + 1)?;
                self.out.push(b'}');
            }
            Node::Record { fields, .. } => {
                self.out.push(b'{');
                for (index, field) in fields.iter().enumerate() {
                    if index > 0 {
                        self.out.push(b',');
                    }
                    self.key(field.name.as_bytes());
                    self.value(field.node, depth + 1).map_err(|error| error.in_field(&field.name))?;
                }
                self.out.push(b'}');
            }
            flat => self.flat(flat).map_err(DatumError::new)?,
        }
        if self.out.len() > self.most {
            return Err(DatumError::new("more JSON becomes of it than there may be"));
        }
        Ok(())
    }

    fn key(&mut self, name: &[u8]) {
        write_string(name, Html::Plain, self.out);
        self.out.push(b':');
    }

    /// The blocks of an array or a map, with commas between the items.
    fn blocks(
        &mut self,
        mut item: impl FnMut(&mut Self, usize) -> Result<(), DatumError>,
    ) -> Result<(), DatumError> {
        let mut index = 0;
        loop {
            let count = self.input.long().map_err(DatumError::new)?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // The bytes of the block, by which it could be skipped.
                self.input.long().map_err(DatumError::new)?;
            }
            for _ in 0..count.unsigned_abs() {
                if index > 0 {
                    self.out.push(b',');
                }
                item(self, index)?;
                index += 1;
            }
        }
    }

    fn flat(&mut self, node: &Node) -> Result<(), String> {
        match node {
            Node::Null => self.out.extend_from_slice(b"null"),
            Node::Boolean => match self.input.array()? {
                [0] => self.out.extend_from_slice(b"false"),
                [1] => self.out.extend_from_slice(b"true"),
                [other] => return Err(format!("the byte {other:#04x} is no boolean")),
            },
            Node::Int(kind) => {
                let value = self.input.long()?;
                let value = i32::try_from(value).map_err(|_| format!("{value} is no int"))?;
                self.int(i64::from(value), *kind)?;
            }
            Node::Long(kind) => {
                let value = self.input.long()?;
                self.long(value, *kind)?;
            }
            Node::Float => {
                let value = f32::from_le_bytes(self.input.array()?);
                // Its digits as a float of 32 bits, written as those of 64 are.
                let shortest = value.to_string().parse().unwrap_or(f64::from(value));
                self.float(shortest)?;
            }
            Node::Double => {
                let value = f64::from_le_bytes(self.input.array()?);
                self.float(value)?;
            }
            Node::Bytes(decimal) => {
                let bytes = self.input.bytes()?;
                self.bytes(bytes, *decimal)?;
            }
            Node::Fixed { size, decimal, .. } => {
                let bytes = self.input.take(*size)?;
                self.bytes(bytes, *decimal)?;
            }
            Node::String => {
                let bytes = self.input.bytes()?;
                write_string(bytes, Html::Plain, self.out);
            }
            Node::Enum { name, symbols } => {
                let index = self.input.long()?;
                let symbol = usize::try_from(index).ok().and_then(|index| symbols.get(index));
                let symbol = symbol.ok_or_else(|| {
                    format!("symbol {index} of the enum {name}, which has {}", symbols.len())
                })?;
                write_string(symbol.as_bytes(), Html::Plain, self.out);
            }
            Node::Array(_) | Node::Map(_) | Node::Union(_) | Node::Record { .. } => {}
        }
        Ok(())
    }

    fn int(&mut self, value: i64, kind: IntKind) -> Result<(), String> {
        match kind {
            IntKind::Date if self.form == Form::Native => {
                self.instant(value * DAY * Unit::Millis.per_second(), Unit::Millis)?;
            }
            IntKind::TimeMillis if self.form == Form::Native => self.number(value * 1_000_000),
            _ => self.number(value),
        }
        Ok(())
    }

    fn long(&mut self, value: i64, kind: LongKind) -> Result<(), String> {
        match kind {
            LongKind::TimestampMillis if self.form == Form::Native => self.instant(value, Unit::Millis),
            LongKind::TimestampMicros if self.form == Form::Native => self.instant(value, Unit::Micros),
            LongKind::TimeMicros if self.form == Form::Native => {
                let nanoseconds = value.checked_mul(1_000);
                self.number(nanoseconds.ok_or_else(|| format!("{value} microseconds are out of range"))?);
                Ok(())
            }
            _ => {
                self.number(value);
                Ok(())
            }
        }
    }

    fn number(&mut self, value: i64) {
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = write!(text, "{value}");
        self.out.extend_from_slice(text.as_bytes());
    }

    /// An instant of the years that RFC 3339 has.
    fn instant(&mut self, value: i64, unit: Unit) -> Result<(), String> {
        const YEARS: std::ops::Range<i64> = -62_167_219_200..253_402_300_800;
        if !YEARS.contains(&value.div_euclid(unit.per_second())) {
            return Err(format!("the instant {value} is not of the years 0 to 9999"));
        }
        self.out.push(b'"');
        forebay_calendar::write_instant(value, unit, self.out);
        self.out.push(b'"');
        Ok(())
    }

    fn float(&mut self, value: f64) -> Result<(), String> {
        if value.is_finite() {
            write_float(value, self.out);
            return Ok(());
        }
        let text: &[u8] = match self.form {
            Form::Native => return Err(format!("{value} can't be written as JSON")),
            _ if value.is_nan() => b"null",
            _ if value > 0.0 => b"1e999",
            _ => b"-1e999",
        };
        self.out.extend_from_slice(text);
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8], decimal: Option<Decimal>) -> Result<(), String> {
        self.out.push(b'"');
        match (self.form, decimal) {
            (Form::Native, Some(Decimal { scale, .. })) => {
                let number = decimal::from_bytes(bytes).ok_or("a decimal has more than 128 bits")?;
                self.out.extend_from_slice(decimal::as_ratio(number, scale).as_bytes());
            }
            (Form::Native, None) => {
                let start = self.out.len();
                let length = base64::encoded_len(bytes.len(), true).unwrap_or_default();
                self.out.resize(start + length, 0);
                if STANDARD.encode_slice(bytes, &mut self.out[start..]).is_err() {
                    self.out.truncate(start);
                }
            }
            (Form::Textual | Form::Plain, _) => code_points(bytes, self.out),
        }
        self.out.push(b'"');
        Ok(())
    }
}

/// Every byte as the character of its code; those that are not ASCII as escapes.
fn code_points(bytes: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            0x20..0x7f => out.push(*byte),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
    }
}
