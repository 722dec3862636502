use crate::bindings::capabilities::forebay::http::client as wit;
use crate::config::Secret;

/// A text that may hold secrets, which the host puts in their places.
///
/// ```
/// # use forebay_sdk::{config::Secret, http::Text};
/// # fn example(password: &Secret, key: &Secret) {
/// let authorization = Text::basic("user", password);
/// let url = Text::from("https://api.example.com/v1?key=").encoded_secret(key);
/// # let _ = (authorization, url);
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Text(Vec<wit::Part>);

impl Text {
    /// The same with more text.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with(wit::Part::Plain(wit::Piece::Text(text.into())))
    }

    /// The same with a secret.
    #[must_use]
    pub fn secret(self, secret: &Secret) -> Self {
        self.with(wit::Part::Plain(wit::Piece::Secret(secret.reference().to_owned())))
    }

    /// The same with a secret that is percent-encoded, for a query or a form.
    #[must_use]
    pub fn encoded_secret(self, secret: &Secret) -> Self {
        self.with(wit::Part::Plain(wit::Piece::EncodedSecret(secret.reference().to_owned())))
    }

    /// What basic authentication sends: `Basic` and the base64 of user and password, of which there
    /// may be none.
    #[must_use]
    pub fn basic<'a>(user: &str, password: impl Into<Option<&'a Secret>>) -> Self {
        let secret = password.into().map(|password| wit::Piece::Secret(password.reference().to_owned()));
        Self::credentials(user, secret)
    }

    fn credentials(user: &str, secret: Option<wit::Piece>) -> Self {
        let pieces = [wit::Piece::Text(format!("{user}:"))].into_iter().chain(secret).collect();
        Self::from("Basic ").with(wit::Part::Base64(pieces))
    }

    fn with(mut self, part: wit::Part) -> Self {
        self.0.push(part);
        self
    }

    pub(crate) fn into_wit(self) -> Vec<wit::Part> {
        self.0
    }

    /// The text, with the references of its secrets in their places; for native tests.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn shown(&self) -> String {
        let piece = |piece: &wit::Piece| match piece {
            wit::Piece::Text(text) => text.clone(),
            wit::Piece::Secret(reference) => format!("{{secret {reference}}}"),
            wit::Piece::EncodedSecret(reference) => format!("{{encoded secret {reference}}}"),
        };
        let part = |part: &wit::Part| match part {
            wit::Part::Plain(plain) => piece(plain),
            wit::Part::Base64(pieces) => {
                format!("{{base64 {}}}", pieces.iter().map(piece).collect::<String>())
            }
        };
        self.0.iter().map(part).collect()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::default().text(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::default().text(text)
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self::default().text(text)
    }
}

impl From<&Secret> for Text {
    fn from(secret: &Secret) -> Self {
        Self::default().secret(secret)
    }
}
