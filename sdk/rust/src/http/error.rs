use std::fmt;

use crate::bindings::capabilities::forebay::http::client as wit;

/// Why there is no response. No secret is in any of these texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// The grant that is missing.
    Denied(String),
    /// The request itself can't be sent.
    Invalid(String),
    /// The name of the host can't be looked up.
    Dns(String),
    /// No connection, to the host or to its proxy.
    Connect(String),
    /// The certificate is not accepted, or the handshake failed.
    Tls(String),
    Timeout(String),
    /// The body is larger than was asked for, or than the instance may hold.
    TooLarge(String),
    /// Too many redirects, or one that may not be followed.
    Redirect(String),
    /// What came is not HTTP, or the connection broke.
    Protocol(String),
    /// Too many requests wait already.
    Busy(String),
    Other(String),
}

impl HttpError {
    /// What happened.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Denied(message)
            | Self::Invalid(message)
            | Self::Dns(message)
            | Self::Connect(message)
            | Self::Tls(message)
            | Self::Timeout(message)
            | Self::TooLarge(message)
            | Self::Redirect(message)
            | Self::Protocol(message)
            | Self::Busy(message)
            | Self::Other(message) => message,
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Dns(_) | Self::Connect(_) | Self::Timeout(_) | Self::Protocol(_) | Self::Busy(_) => true,
            Self::Denied(_)
            | Self::Invalid(_)
            | Self::Tls(_)
            | Self::TooLarge(_)
            | Self::Redirect(_)
            | Self::Other(_) => false,
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for HttpError {}

impl From<wit::HttpError> for HttpError {
    fn from(error: wit::HttpError) -> Self {
        match error {
            wit::HttpError::Denied(message) => Self::Denied(message),
            wit::HttpError::Invalid(message) => Self::Invalid(message),
            wit::HttpError::Dns(message) => Self::Dns(message),
            wit::HttpError::Connect(message) => Self::Connect(message),
            wit::HttpError::Tls(message) => Self::Tls(message),
            wit::HttpError::Timeout(message) => Self::Timeout(message),
            wit::HttpError::TooLarge(message) => Self::TooLarge(message),
            wit::HttpError::Redirect(message) => Self::Redirect(message),
            wit::HttpError::Protocol(message) => Self::Protocol(message),
            wit::HttpError::Busy(message) => Self::Busy(message),
            wit::HttpError::Other(message) => Self::Other(message),
        }
    }
}
