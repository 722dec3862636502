//! Encodings of bytes as text.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::text::base64;

mod ascii85;
mod z85;

/// An encoding by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Base64,
    Base64Url,
    Base64RawUrl,
    Hex,
    Ascii85,
    /// Works only on whole groups, and is kept for mappings that have it.
    Z85,
}

impl Scheme {
    pub(super) fn find(name: &str) -> Result<Self, String> {
        match name {
            "base64" => Ok(Self::Base64),
            "base64url" => Ok(Self::Base64Url),
            "base64rawurl" => Ok(Self::Base64RawUrl),
            "hex" => Ok(Self::Hex),
            "ascii85" => Ok(Self::Ascii85),
            "z85" => Ok(Self::Z85),
            other => Err(format!("unrecognized encoding type: {other}")),
        }
    }

    /// # Errors
    /// The scheme has no form for so many bytes.
    pub(super) fn encode(self, bytes: &[u8]) -> Result<String, String> {
        Ok(match self {
            Self::Base64 => STANDARD.encode(bytes),
            Self::Base64Url => URL_SAFE.encode(bytes),
            Self::Base64RawUrl => URL_SAFE_NO_PAD.encode(bytes),
            Self::Hex => hex(bytes),
            Self::Ascii85 => ascii85::encode(bytes),
            Self::Z85 => z85::encode(bytes)?,
        })
    }

    /// # Errors
    /// What is wrong with the text, in Go's words.
    pub(super) fn decode(self, text: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Base64 => base64::decode(text, [b'+', b'/'], true),
            Self::Base64Url => base64::decode(text, [b'-', b'_'], true),
            Self::Base64RawUrl => base64::decode(text, [b'-', b'_'], false),
            Self::Hex => unhex(text),
            Self::Ascii85 => ascii85::decode(text),
            Self::Z85 => z85::decode(text),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &[u8]) -> Result<Vec<u8>, String> {
    let digit = |byte: u8| {
        let digit = char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        digit.ok_or_else(|| format!("encoding/hex: invalid byte: {}", shown(byte)))
    };
    let (pairs, rest) = text.as_chunks::<2>();
    let mut bytes = Vec::with_capacity(pairs.len());
    for [high, low] in pairs {
        bytes.push(digit(*high)? << 4 | digit(*low)?);
    }
    match rest {
        [] => Ok(bytes),
        [last, ..] => digit(*last).and(Err("unexpected EOF".to_owned())),
    }
}

/// A byte as a character with its number, as Go shows it.
fn shown(byte: u8) -> String {
    let character = char::from(byte);
    if crate::text::quoting::is_printable(character) {
        format!("U+{byte:04X} '{character}'")
    } else {
        format!("U+{byte:04X}")
    }
}

#[cfg(test)]
mod tests {
    use super::Scheme;

    #[test]
    fn every_scheme_reads_what_it_writes() {
        let bytes: Vec<u8> = (0..=255).chain([0, 0, 0, 0, 1]).collect();
        for name in ["base64", "base64url", "base64rawurl", "hex", "ascii85"] {
            let scheme = Scheme::find(name).expect("known");
            for length in [0, 1, 2, 3, 4, 5, bytes.len()] {
                let part = &bytes[bytes.len() - length..];
                assert_eq!(
                    scheme.decode(scheme.encode(part).expect("encoded").as_bytes()).as_deref(),
                    Ok(part),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn mistakes_are_worded_as_go_words_them() {
        let decode = |name: &str, text: &str| Scheme::find(name).expect("known").decode(text.as_bytes());
        assert_eq!(decode("hex", "6g"), Err("encoding/hex: invalid byte: U+0067 'g'".to_owned()));
        assert_eq!(decode("hex", "686"), Err("unexpected EOF".to_owned()));
        assert_eq!(decode("base64", "a%k="), Err("illegal base64 data at input byte 1".to_owned()));
    }
}
