//! From MessagePack to values.

use super::TIMESTAMP;
use crate::limits::VALUE_DEPTH;
use crate::time::Zone;
use crate::value::{Object, Text, Timestamp, Value};

/// The first value in `bytes`; timestamps are shown in `zone`.
///
/// # Errors
/// What is wrong with it, in the words of the package that Bento uses.
pub(crate) fn read(bytes: &[u8], zone: Zone) -> Result<Value, String> {
    Reader { rest: bytes, zone }.value(0)
}

struct Reader<'b> {
    rest: &'b [u8],
    zone: Zone,
}

impl<'b> Reader<'b> {
    fn value(&mut self, depth: u16) -> Result<Value, String> {
        if depth >= VALUE_DEPTH {
            return Err(format!("msgpack: values nest more than {VALUE_DEPTH} levels deep"));
        }
        let code = self.byte()?;
        Ok(match code {
            0x00..=0x7f | 0xe0..=0xff => Value::Int(i64::from(code.cast_signed())),
            0x80..=0x8f => self.map(usize::from(code & 15), depth)?,
            0x90..=0x9f => self.array(usize::from(code & 15), depth)?,
            0xa0..=0xbf | 0xd9..=0xdb => string(self.sized(code)?),
            0xc0 => Value::Null,
            0xc2 | 0xc3 => Value::Bool(code == 0xc3),
            0xc4..=0xc6 => Value::bytes(self.sized(code)?),
            0xc7..=0xc9 | 0xd4..=0xd8 => self.extension(code)?,
            0xca => Value::Float(widened(f32::from_be_bytes(self.array_of()?))),
            0xcb => Value::Float(f64::from_be_bytes(self.array_of()?)),
            0xcc => Value::Int(i64::from(self.byte()?)),
            0xcd => Value::Int(i64::from(u16::from_be_bytes(self.array_of()?))),
            0xce => Value::Int(i64::from(u32::from_be_bytes(self.array_of()?))),
            0xcf => Value::Uint(u64::from_be_bytes(self.array_of()?)),
            0xd0 => Value::Int(i64::from(self.byte()?.cast_signed())),
            0xd1 => Value::Int(i64::from(i16::from_be_bytes(self.array_of()?))),
            0xd2 => Value::Int(i64::from(i32::from_be_bytes(self.array_of()?))),
            0xd3 => Value::Int(i64::from_be_bytes(self.array_of()?)),
            0xdc => {
                let length = u16::from_be_bytes(self.array_of()?);
                self.array(usize::from(length), depth)?
            }
            0xdd => {
                let length = self.length()?;
                self.array(length, depth)?
            }
            0xde => {
                let length = u16::from_be_bytes(self.array_of()?);
                self.map(usize::from(length), depth)?
            }
            0xdf => {
                let length = self.length()?;
                self.map(length, depth)?
            }
            0xc1 => return Err(format!("msgpack: unknown code {code:x} decoding interface{{}}")),
        })
    }

    /// Every element takes a byte at least, so a wrong length ends soon.
    fn array(&mut self, length: usize, depth: u16) -> Result<Value, String> {
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(self.value(depth + 1)?);
        }
        Ok(Value::from(items))
    }

    fn map(&mut self, length: usize, depth: u16) -> Result<Value, String> {
        let mut entries = Vec::new();
        for _ in 0..length {
            let code = self.byte()?;
            let key = match code {
                0xc0 => &[],
                _ => self.sized(code)?,
            };
            entries.push((Text::lossy(key), self.value(depth + 1)?));
        }
        Ok(Value::Object(Object::from(entries)))
    }

    /// The bytes of text or of binary data.
    fn sized(&mut self, code: u8) -> Result<&'b [u8], String> {
        let length = match code {
            0xa0..=0xbf => usize::from(code & 31),
            0xc4 | 0xd9 => usize::from(self.byte()?),
            0xc5 | 0xda => usize::from(u16::from_be_bytes(self.array_of()?)),
            0xc6 | 0xdb => self.length()?,
            _ => return Err(format!("msgpack: invalid code={code:x} decoding string/bytes length")),
        };
        self.take(length)
    }

    fn extension(&mut self, code: u8) -> Result<Value, String> {
        let length = match code {
            0xc7 => usize::from(self.byte()?),
            0xc8 => usize::from(u16::from_be_bytes(self.array_of()?)),
            0xc9 => self.length()?,
            fixed => 1 << (fixed - 0xd4),
        };
        let kind = self.byte()?.cast_signed();
        if kind != TIMESTAMP {
            return Err(format!("msgpack: unknown ext id={kind}"));
        }
        let (seconds, nanoseconds) = match *self.take(length)? {
            [a, b, c, d] => (i64::from(u32::from_be_bytes([a, b, c, d])), 0),
            [a, b, c, d, e, f, g, h] => {
                let word = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
                ((word & 0x3_ffff_ffff).cast_signed(), u32::try_from(word >> 34).unwrap_or_default())
            }
            [a, b, c, d, e, f, g, h, i, j, k, l] => {
                (i64::from_be_bytes([e, f, g, h, i, j, k, l]), u32::from_be_bytes([a, b, c, d]))
            }
            _ => return Err(format!("msgpack: invalid ext len={length} decoding time")),
        };
        let seconds = seconds.saturating_add(i64::from(nanoseconds / 1_000_000_000));
        Ok(Value::Timestamp(Timestamp::new(seconds, nanoseconds % 1_000_000_000, self.zone)))
    }

    fn length(&mut self) -> Result<usize, String> {
        Ok(usize::try_from(u32::from_be_bytes(self.array_of()?)).unwrap_or(usize::MAX))
    }

    fn byte(&mut self) -> Result<u8, String> {
        let [byte] = self.array_of()?;
        Ok(byte)
    }

    fn array_of<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| "unexpected EOF".to_owned())
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], String> {
        match self.rest.split_at_checked(length) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None if self.rest.is_empty() => Err("EOF".to_owned()),
            None => Err("unexpected EOF".to_owned()),
        }
    }
}

fn string(bytes: &[u8]) -> Value {
    std::str::from_utf8(bytes).map_or_else(|_| Value::bytes(bytes), Value::from)
}

/// The number with the digits that the short form shows.
fn widened(short: f32) -> f64 {
    short.to_string().parse().unwrap_or_else(|_| f64::from(short))
}
