use std::fmt;

/// The first mistake in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// It ends too early.
    Truncated,
    /// A byte that cannot stand there; the text says where "there" is.
    Unexpected {
        byte: u8,
        place: &'static str,
    },
    TooDeep,
    TooLong,
    /// A number that no float is near to, by its offsets.
    OutOfRange {
        start: usize,
        end: usize,
    },
}

impl JsonError {
    /// What Go says that reads a stream, which words some mistakes differently. `text` is what was read.
    #[must_use]
    pub fn streamed(self, text: &[u8]) -> String {
        match self {
            Self::Truncated => "unexpected EOF".to_owned(),
            Self::OutOfRange { start, end } => {
                let number = String::from_utf8_lossy(text.get(start..end).unwrap_or_default());
                format!("json: cannot unmarshal number {number} into Go value of type float64")
            }
            other => other.to_string(),
        }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Truncated => f.write_str("unexpected end of JSON input"),
            Self::Unexpected { byte, place } => {
                f.write_str("invalid character '")?;
                character(byte, f)?;
                write!(f, "' {place}")
            }
            Self::TooDeep => f.write_str("exceeded max depth"),
            Self::TooLong => f.write_str("document is too long"),
            Self::OutOfRange { start, .. } => {
                write!(f, "the number at offset {start} is too large for a float")
            }
        }
    }
}

impl std::error::Error for JsonError {}

/// The character with the code of a byte, with Go's escapes.
fn character(byte: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match byte {
        b'\'' => f.write_str("\\'"),
        b'\\' => f.write_str("\\\\"),
        0x07 => f.write_str("\\a"),
        0x08 => f.write_str("\\b"),
        0x0c => f.write_str("\\f"),
        b'\n' => f.write_str("\\n"),
        b'\r' => f.write_str("\\r"),
        b'\t' => f.write_str("\\t"),
        0x0b => f.write_str("\\v"),
        0..0x20 | 0x7f => write!(f, "\\x{byte:02x}"),
        0x80..=0xa0 | 0xad => write!(f, "\\u{byte:04x}"),
        byte => write!(f, "{}", char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::JsonError;

    #[test]
    fn characters_are_shown_as_go_shows_them() {
        let shown = |byte| JsonError::Unexpected { byte, place: "here" }.to_string();
        for (byte, expected) in [
            (b'x', "x"),
            (b'"', "\""),
            (b'\'', "\\'"),
            (0, "\\x00"),
            (b'\n', "\\n"),
            (0xa0, "\\u00a0"),
            (0xad, "\\u00ad"),
        ] {
            assert_eq!(shown(byte), format!("invalid character '{expected}' here"));
        }
    }
}
