use crate::LayoutError;
use crate::error::utf8;

/// A metadata value. Types survive the way through a pipeline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// Seconds since 1970-01-01T00:00:00Z, and nanoseconds after that second.
    Timestamp {
        seconds: i64,
        nanoseconds: u32,
    },
    /// An array or an object, as JSON text.
    Json(&'a str),
}

/// The numbers that stand for types in the layout.
pub(crate) mod tag {
    pub(crate) const NULL: u8 = 0;
    pub(crate) const BOOL: u8 = 1;
    pub(crate) const SIGNED: u8 = 2;
    pub(crate) const UNSIGNED: u8 = 3;
    pub(crate) const FLOAT: u8 = 4;
    pub(crate) const TEXT: u8 = 5;
    pub(crate) const BYTES: u8 = 6;
    pub(crate) const TIMESTAMP: u8 = 7;
    pub(crate) const JSON: u8 = 8;
    pub(crate) const LAST: u8 = JSON;
}

/// For every tag the length of its values in bytes, and which bits of that count: all, or none where
/// any length will do.
pub(crate) const LENGTHS: [(u32, u32); 16] = {
    const ANY: (u32, u32) = (0, 0);
    const fn exactly(bytes: u32) -> (u32, u32) {
        (bytes, u32::MAX)
    }
    let mut lengths = [ANY; 16];
    lengths[tag::NULL as usize] = exactly(0);
    lengths[tag::BOOL as usize] = exactly(1);
    lengths[tag::SIGNED as usize] = exactly(8);
    lengths[tag::UNSIGNED as usize] = exactly(8);
    lengths[tag::FLOAT as usize] = exactly(8);
    lengths[tag::TIMESTAMP as usize] = exactly(12);
    lengths
};

impl<'a> Value<'a> {
    /// The number that stands for the type in the layout.
    #[must_use]
    pub fn tag(&self) -> u8 {
        match self {
            Self::Null => tag::NULL,
            Self::Bool(_) => tag::BOOL,
            Self::Signed(_) => tag::SIGNED,
            Self::Unsigned(_) => tag::UNSIGNED,
            Self::Float(_) => tag::FLOAT,
            Self::Text(_) => tag::TEXT,
            Self::Bytes(_) => tag::BYTES,
            Self::Timestamp { .. } => tag::TIMESTAMP,
            Self::Json(_) => tag::JSON,
        }
    }

    pub(crate) fn write(&self, buffer: &mut Vec<u8>) {
        match *self {
            Self::Null => {}
            Self::Bool(value) => buffer.push(u8::from(value)),
            Self::Signed(value) => buffer.extend_from_slice(&value.to_le_bytes()),
            Self::Unsigned(value) => buffer.extend_from_slice(&value.to_le_bytes()),
            Self::Float(value) => buffer.extend_from_slice(&value.to_le_bytes()),
            Self::Text(text) | Self::Json(text) => buffer.extend_from_slice(text.as_bytes()),
            Self::Bytes(bytes) => buffer.extend_from_slice(bytes),
            Self::Timestamp { seconds, nanoseconds } => {
                buffer.extend_from_slice(&seconds.to_le_bytes());
                buffer.extend_from_slice(&nanoseconds.to_le_bytes());
            }
        }
    }

    /// Whether these are the bytes of a value with this tag.
    pub(crate) fn check(tag: u8, bytes: &'a [u8]) -> Result<(), LayoutError> {
        Self::read(tag, bytes).map(drop)
    }

    pub(crate) fn read(tag: u8, bytes: &'a [u8]) -> Result<Self, LayoutError> {
        let wrong =
            || LayoutError::new("metadata", format!("{} bytes for a value of type {tag}", bytes.len()));
        let number = || <[u8; 8]>::try_from(bytes).map_err(|_| wrong());
        Ok(match tag {
            tag::NULL if bytes.is_empty() => Self::Null,
            tag::BOOL if matches!(bytes, [0 | 1]) => Self::Bool(bytes == [1]),
            tag::SIGNED => Self::Signed(i64::from_le_bytes(number()?)),
            tag::UNSIGNED => Self::Unsigned(u64::from_le_bytes(number()?)),
            tag::FLOAT => Self::Float(f64::from_le_bytes(number()?)),
            tag::TEXT => Self::Text(utf8("metadata", bytes)?),
            tag::BYTES => Self::Bytes(bytes),
            tag::TIMESTAMP => {
                let (seconds, nanoseconds) = bytes.split_at_checked(8).ok_or_else(wrong)?;
                Self::Timestamp {
                    seconds: i64::from_le_bytes(seconds.try_into().map_err(|_| wrong())?),
                    nanoseconds: u32::from_le_bytes(nanoseconds.try_into().map_err(|_| wrong())?),
                }
            }
            tag::JSON => Self::Json(utf8("metadata", bytes)?),
            _ => return Err(wrong()),
        })
    }
}
