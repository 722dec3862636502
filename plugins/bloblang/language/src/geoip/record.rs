//! The values of a database.

use super::shape::{Field, Shape, empty};
use crate::value::{Object, Text, Value};

/// How deep values and pointers may nest.
const DEPTH: u16 = 256;
/// The most values that one record may have: pointers can make a small file large.
const VALUES: usize = 100_000;

/// A section of a database that holds values, which point to each other by their places in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Data<'d>(pub(super) &'d [u8]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Pointer,
    Text,
    Double,
    Bytes,
    Unsigned(u32),
    Map,
    Signed,
    List,
    Bool,
    Single,
}

/// A value's head: its type, its size, and where it goes on.
#[derive(Clone, Copy, Debug)]
struct Head {
    kind: Kind,
    size: usize,
    next: usize,
}

/// One reading of a record.
struct Reading<'d> {
    data: &'d [u8],
    values: usize,
}

type Read<T> = Result<T, String>;

fn ended() -> String {
    "unexpected end of database".to_owned()
}

impl Data<'_> {
    /// The value at a place, as a shape asks for it.
    ///
    /// # Errors
    /// What is wrong with the database.
    pub(super) fn shaped(self, at: usize, shape: &Shape) -> Read<Value> {
        Reading { data: self.0, values: 0 }.value(at, shape, 0).map(|(value, _)| value)
    }
}

impl Reading<'_> {
    fn bytes(&self, at: usize, size: usize) -> Read<&[u8]> {
        at.checked_add(size).and_then(|end| self.data.get(at..end)).ok_or_else(ended)
    }

    fn number(&self, at: usize, size: usize) -> Read<u64> {
        let bytes = self.bytes(at, size)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn size(&self, at: usize, size: usize) -> Read<usize> {
        usize::try_from(self.number(at, size)?).map_err(|_| ended())
    }

    fn head(&mut self, at: usize, depth: u16) -> Read<Head> {
        self.values += 1;
        if depth > DEPTH || self.values > VALUES {
            return Err("exceeded maximum data structure depth; database is likely corrupt".to_owned());
        }
        let control = *self.data.get(at).ok_or_else(ended)?;
        let mut next = at + 1;
        let mut code = usize::from(control >> 5);
        if code == 0 {
            code = usize::from(*self.data.get(next).ok_or_else(ended)?) + 7;
            next += 1;
        }
        let kind = match code {
            1 => Kind::Pointer,
            2 => Kind::Text,
            3 => Kind::Double,
            4 => Kind::Bytes,
            5 => Kind::Unsigned(16),
            6 => Kind::Unsigned(32),
            7 => Kind::Map,
            8 => Kind::Signed,
            9 => Kind::Unsigned(64),
            10 => Kind::Unsigned(128),
            11 => Kind::List,
            14 => Kind::Bool,
            15 => Kind::Single,
            _ => return Err(format!("unknown type: {code}")),
        };
        let mut size = usize::from(control & 0x1f);
        if kind == Kind::Pointer {
            return Ok(Head { kind, size, next });
        }
        let extra = size.saturating_sub(28);
        if extra > 0 {
            size = [29, 285, 65_821].get(extra - 1).copied().unwrap_or(0) + self.size(next, extra)?;
            next += extra;
        }
        Ok(Head { kind, size, next })
    }

    /// Where a pointer leads, and where what follows it starts.
    fn pointer(&self, head: Head) -> Read<(usize, usize)> {
        let length = (head.size >> 3) + 1;
        let number = self.size(head.next, length)?;
        let high = (head.size & 7) << (8 * length);
        let target = match length {
            1 => high | number,
            2 => (high | number) + 2_048,
            3 => (high | number) + 526_336,
            _ => number,
        };
        Ok((target, head.next + length))
    }

    /// The value at a place, and where the next one starts.
    fn value(&mut self, at: usize, shape: &Shape, depth: u16) -> Read<(Value, usize)> {
        let head = self.head(at, depth)?;
        match (head.kind, shape) {
            (Kind::Pointer, _) => {
                let (target, next) = self.pointer(head)?;
                Ok((self.value(target, shape, depth + 1)?.0, next))
            }
            (Kind::Map, Shape::Group(fields)) => self.group(head, fields, depth),
            (Kind::Map, Shape::Names) => self.names(head, depth),
            (Kind::List, Shape::List(fields)) => self.list(head, fields, depth),
            (Kind::Map, _) => Err(unfit("map", shape)),
            (Kind::List, _) => Err(unfit("array", shape)),
            (Kind::Bool, Shape::Bool) => Ok((Value::Bool(head.size != 0), head.next)),
            (Kind::Bool, _) => Err(unfit(if head.size == 0 { "false" } else { "true" }, shape)),
            _ => {
                let value = self.scalar(head, shape)?;
                Ok((value, head.next + head.size))
            }
        }
    }

    fn scalar(&self, head: Head, shape: &Shape) -> Read<Value> {
        let bytes = self.bytes(head.next, head.size)?;
        let bad = |kind: &str| {
            let size = head.size;
            format!("the MaxMind DB file's data section contains bad data ({kind} size of {size})")
        };
        match head.kind {
            Kind::Text if matches!(shape, Shape::Text) => Ok(Value::String(Text::lossy(bytes))),
            Kind::Text => Err(unfit(&String::from_utf8_lossy(bytes), shape)),
            Kind::Double | Kind::Single => {
                let value = match (head.kind, bytes) {
                    (Kind::Double, [a, b, c, d, e, f, g, h]) => {
                        f64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h])
                    }
                    (Kind::Single, [a, b, c, d]) => f64::from(f32::from_be_bytes([*a, *b, *c, *d])),
                    (Kind::Double, _) => return Err(bad("float 64")),
                    _ => return Err(bad("float32")),
                };
                if matches!(shape, Shape::Float) {
                    float(value)
                } else {
                    Err(unfit(&value.to_string(), shape))
                }
            }
            Kind::Unsigned(bits) => {
                if head.size > bits as usize / 8 {
                    return Err(bad(&format!("uint{bits}")));
                }
                if head.size > 8 {
                    return Err(unfit("a large number", shape));
                }
                count(self.number(head.next, head.size)?, shape)
            }
            Kind::Signed => {
                let number = u32::try_from(self.number(head.next, head.size.min(4))?).unwrap_or(u32::MAX);
                count(u64::from(number), shape)
            }
            _ => Err(unfit("bytes", shape)),
        }
    }

    fn key(&mut self, at: usize, depth: u16) -> Read<(Text, usize)> {
        match self.value(at, &Shape::Text, depth)? {
            (Value::String(key), next) => Ok((key, next)),
            _ => Err("unexpected type when decoding string".to_owned()),
        }
    }

    fn group(&mut self, head: Head, fields: &[Field], depth: u16) -> Read<(Value, usize)> {
        let mut object = empty(fields);
        let mut at = head.next;
        for _ in 0..head.size {
            let (key, after) = self.key(at, depth + 1)?;
            at = match fields.iter().find(|field| field.key == key.as_str()) {
                Some(field) => {
                    let (value, next) = self.value(after, &field.shape, depth + 1)?;
                    object.insert(Text::fixed(field.shown), value);
                    next
                }
                None => self.skip(after, depth + 1)?,
            };
        }
        Ok((Value::Object(object), at))
    }

    fn names(&mut self, head: Head, depth: u16) -> Read<(Value, usize)> {
        let mut entries = Vec::new();
        let mut at = head.next;
        for _ in 0..head.size {
            let (key, after) = self.key(at, depth + 1)?;
            let (value, next) = self.value(after, &Shape::Text, depth + 1)?;
            entries.push((key, value));
            at = next;
        }
        Ok((Value::Object(Object::from(entries)), at))
    }

    fn list(&mut self, head: Head, fields: &'static [Field], depth: u16) -> Read<(Value, usize)> {
        let mut items = Vec::new();
        let mut at = head.next;
        for _ in 0..head.size {
            let (value, next) = self.value(at, &Shape::Group(fields), depth + 1)?;
            items.push(value);
            at = next;
        }
        Ok((Value::from(items), at))
    }

    /// Where the value after the one at a place starts.
    fn skip(&mut self, at: usize, depth: u16) -> Read<usize> {
        let head = self.head(at, depth)?;
        let parts = match head.kind {
            Kind::Pointer => return self.pointer(head).map(|(_, next)| next),
            Kind::Bool => return Ok(head.next),
            Kind::Map => head.size * 2,
            Kind::List => head.size,
            _ => return Ok(head.next.saturating_add(head.size)),
        };
        let mut next = head.next;
        for _ in 0..parts {
            next = self.skip(next, depth + 1)?;
        }
        Ok(next)
    }
}

fn unfit(shown: &str, shape: &Shape) -> String {
    format!("maxminddb: cannot unmarshal {shown} into type {}", shape.go_type())
}

fn count(number: u64, shape: &Shape) -> Read<Value> {
    match shape {
        Shape::Count(bits) if *bits >= 64 || number >> bits == 0 => {
            Ok(i64::try_from(number).map_or(Value::Uint(number), Value::Int))
        }
        _ => Err(unfit(&number.to_string(), shape)),
    }
}

/// A float as a document would have it.
fn float(value: f64) -> Read<Value> {
    if !value.is_finite() {
        return Err(format!("json: unsupported value: {}", Value::Float(value).verbose()));
    }
    let mut json = Vec::new();
    Value::Float(value).write_json(&mut json);
    Value::from_json(&json)
}
