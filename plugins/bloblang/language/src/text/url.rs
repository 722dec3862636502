//! Percent escapes, queries, and URLs taken apart.

mod host;
mod parts;

pub(crate) use parts::{Url, parse};

/// Where in a URL a text stands, which decides what must be escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A key or value of a query, in which a plus is a space.
    Query,
    /// One segment of a path.
    Path,
}

pub(crate) fn escape(text: &[u8], place: Place) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'.' | b'~')
            || (place == Place::Path && matches!(byte, b'$' | b'&' | b'+' | b':' | b'=' | b'@'));
        if plain {
            out.push(*byte);
        } else if *byte == b' ' && place == Place::Query {
            out.push(b'+');
        } else {
            out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    out
}

/// # Errors
/// The first escape that is none.
pub(crate) fn unescape(text: &[u8], place: Place) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'%' => {
                out.push(escaped(after)?);
                rest = after.get(2..).unwrap_or_default();
            }
            b'+' if place == Place::Query => out.push(b' '),
            other => out.push(*other),
        }
    }
    Ok(out)
}

/// The byte that two hexadecimal digits after a percent sign stand for.
pub(crate) fn escaped(after: &[u8]) -> Result<u8, String> {
    let digit = |at: usize| {
        let digit = char::from(*after.get(at)?).to_digit(16)?;
        u8::try_from(digit).ok()
    };
    match (digit(0), digit(1)) {
        (Some(high), Some(low)) => Ok(high << 4 | low),
        _ => {
            let shown = after.get(..2).unwrap_or(after);
            let mut wrong = vec![b'%'];
            wrong.extend_from_slice(shown);
            let quoted = super::quoting::quote(&wrong);
            Err(format!("invalid URL escape {}", String::from_utf8_lossy(&quoted)))
        }
    }
}

/// Fields of a query beyond which Go refuses it.
const MOST_FIELDS: usize = 10_000;

/// A key and a value.
type Field = (Vec<u8>, Vec<u8>);

/// The fields of a query, in order.
///
/// # Errors
/// The first mistake; a semicolon counts before anything else.
pub(crate) fn query(text: &[u8]) -> Result<Vec<Field>, String> {
    let mut fields = Vec::new();
    let mut mistake = None;
    for (index, part) in text.split(|byte| *byte == b'&').enumerate() {
        if index >= MOST_FIELDS {
            return Err("number of URL query parameters exceeded limit".to_owned());
        }
        if part.contains(&b';') {
            mistake = Some("invalid semicolon separator in query".to_owned());
            continue;
        }
        if part.is_empty() {
            continue;
        }
        let cut = part.iter().position(|byte| *byte == b'=');
        let (key, value) = match cut {
            Some(at) => (part.get(..at).unwrap_or_default(), part.get(at + 1..).unwrap_or_default()),
            None => (part, &[][..]),
        };
        match (unescape(key, Place::Query), unescape(value, Place::Query)) {
            (Ok(key), Ok(value)) => fields.push((key, value)),
            (Err(error), _) | (_, Err(error)) => mistake = mistake.or(Some(error)),
        }
    }
    match mistake {
        Some(mistake) => Err(mistake),
        None => Ok(fields),
    }
}
