use std::fmt::{self, Write};

/// Why a call failed, as text for whoever reads the logs.
///
/// Made of any error by `?`, with the errors that caused it, or of a text by [`Error::new`].
pub struct Error(String);

impl Error {
    /// An error with this text.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The same error, with what was being done in front.
    #[must_use]
    pub fn context(self, doing: impl fmt::Display) -> Self {
        Self(format!("{doing}: {}", self.0))
    }

    /// The text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    #[must_use]
    pub fn into_message(self) -> String {
        self.0
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            // Writing to a text does not fail.
            let _ = write!(message, ": {cause}");
            source = cause.source();
        }
        Self(message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Error").field(&self.0).finish()
    }
}
