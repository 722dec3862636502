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

impl<'a> Value<'a> {
    /// The number that stands for the type in the layout.
    #[must_use]
    pub fn tag(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Signed(_) => 2,
            Self::Unsigned(_) => 3,
            Self::Float(_) => 4,
            Self::Text(_) => 5,
            Self::Bytes(_) => 6,
            Self::Timestamp { .. } => 7,
            Self::Json(_) => 8,
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

    /// Whether these are the bytes of a value with this tag. `is_ascii`: text is known to be UTF-8.
    pub(crate) fn check(tag: u8, bytes: &[u8], is_ascii: bool) -> Result<(), LayoutError> {
        let fits = match tag {
            0 => bytes.is_empty(),
            1 => matches!(bytes, [0 | 1]),
            2..=4 => bytes.len() == 8,
            5 | 8 if is_ascii => true,
            5 | 8 => return utf8("metadata", bytes).map(|_| ()),
            6 => true,
            7 => bytes.len() == 12,
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err(LayoutError::new("metadata", format!("{} bytes for a value of type {tag}", bytes.len())))
        }
    }

    pub(crate) fn read(tag: u8, bytes: &'a [u8]) -> Result<Self, LayoutError> {
        let wrong =
            || LayoutError::new("metadata", format!("{} bytes for a value of type {tag}", bytes.len()));
        let number = || <[u8; 8]>::try_from(bytes).map_err(|_| wrong());
        Ok(match tag {
            0 if bytes.is_empty() => Self::Null,
            1 if matches!(bytes, [0 | 1]) => Self::Bool(bytes == [1]),
            2 => Self::Signed(i64::from_le_bytes(number()?)),
            3 => Self::Unsigned(u64::from_le_bytes(number()?)),
            4 => Self::Float(f64::from_le_bytes(number()?)),
            5 => Self::Text(utf8("metadata", bytes)?),
            6 => Self::Bytes(bytes),
            7 => {
                let (seconds, nanoseconds) = bytes.split_at_checked(8).ok_or_else(wrong)?;
                Self::Timestamp {
                    seconds: i64::from_le_bytes(seconds.try_into().map_err(|_| wrong())?),
                    nanoseconds: u32::from_le_bytes(nanoseconds.try_into().map_err(|_| wrong())?),
                }
            }
            8 => Self::Json(utf8("metadata", bytes)?),
            _ => return Err(wrong()),
        })
    }
}
