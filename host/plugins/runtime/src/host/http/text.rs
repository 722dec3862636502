//! Texts that hold secrets: put together here, for the request alone.

use super::target::percent;
use crate::bindings::forebay::http::client::{Part, Piece};
use crate::secrets::Secrets;

/// A text put together. Not to be shown: it has no `Debug`.
pub(crate) struct Rendered {
    pub(crate) text: String,
    /// Where the first secret begins.
    pub(super) secret: Option<usize>,
}

impl Rendered {
    /// A text that is a secret, for tests.
    #[cfg(test)]
    pub(super) fn from_text(text: &str) -> Self {
        Self { text: text.to_owned(), secret: Some(0) }
    }

    pub(super) fn is_secret(&self) -> bool {
        self.secret.is_some()
    }
}

/// Puts a text together.
///
/// # Errors
/// When it names a secret that there is not.
pub(crate) fn render(parts: Vec<Part>, secrets: &Secrets) -> Result<Rendered, String> {
    let mut rendered = Rendered { text: String::new(), secret: None };
    for part in parts {
        match part {
            Part::Plain(piece) => rendered.push(piece, secrets)?,
            Part::Base64(pieces) => {
                let mut inner = Rendered { text: String::new(), secret: None };
                for piece in pieces {
                    inner.push(piece, secrets)?;
                }
                if inner.is_secret() {
                    rendered.mark();
                }
                base64(inner.text.as_bytes(), &mut rendered.text);
            }
        }
    }
    Ok(rendered)
}

impl Rendered {
    fn push(&mut self, piece: Piece, secrets: &Secrets) -> Result<(), String> {
        match piece {
            Piece::Text(text) => self.text.push_str(&text),
            Piece::Secret(reference) => {
                self.mark();
                self.text.push_str(secrets.get(&reference)?);
            }
            Piece::EncodedSecret(reference) => {
                self.mark();
                for byte in secrets.get(&reference)?.bytes() {
                    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                        self.text.push(char::from(byte));
                    } else {
                        percent(byte, &mut self.text);
                    }
                }
            }
        }
        Ok(())
    }

    fn mark(&mut self) {
        let end = self.text.len();
        self.secret.get_or_insert(end);
    }
}

/// RFC 4648, with padding.
pub(super) fn base64(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit > group.len() {
                out.push('=');
            } else {
                let index = bits >> (18 - 6 * digit) & 63;
                out.push(char::from(DIGITS[index as usize]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secrets() -> Secrets {
        let spec = serde_json::from_value(json!({"type": "object", "fields": [
            {"name": "user", "type": "string"}, {"name": "key", "type": "string", "secret": true}]}));
        let mut secrets = Secrets::default();
        secrets.add(&json!({"user": "u", "key": "a/b c"}), &spec.unwrap());
        secrets
    }

    #[test]
    fn secrets_are_put_into_the_text() {
        let parts = vec![
            Part::Plain(Piece::Text("x=".to_owned())),
            Part::Plain(Piece::EncodedSecret("/key".to_owned())),
            Part::Plain(Piece::Secret("/key".to_owned())),
        ];
        let rendered = render(parts, &secrets()).unwrap();
        assert_eq!((rendered.text.as_str(), rendered.secret), ("x=a%2Fb%20ca/b c", Some(2)));
    }

    #[test]
    fn a_pair_is_put_into_base64() {
        let pair = vec![Piece::Text("u:".to_owned()), Piece::Secret("/key".to_owned())];
        let parts = vec![Part::Plain(Piece::Text("Basic ".to_owned())), Part::Base64(pair)];
        let rendered = render(parts, &secrets()).unwrap();
        assert_eq!((rendered.text.as_str(), rendered.secret), ("Basic dTphL2IgYw==", Some(6)));
    }

    #[test]
    fn only_secret_fields_are_secrets() {
        for reference in ["/user", "/nothing", ""] {
            let parts = vec![Part::Plain(Piece::Secret(reference.to_owned()))];
            assert!(render(parts, &secrets()).is_err(), "{reference}");
        }
    }

    #[test]
    fn base64_pads() {
        for (bytes, expected) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            let mut out = String::new();
            base64(bytes.as_bytes(), &mut out);
            assert_eq!(out, expected);
        }
    }
}
