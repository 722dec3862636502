//! Why a request has no response. No text here ever holds a secret, for no text is made of one.

use std::error::Error as _;
use std::fmt;

use super::target::Target;
use crate::bindings::forebay::http::client::HttpError as WitError;

/// Why a request has no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct HttpError {
    pub(crate) kind: ErrorKind,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    Denied,
    Invalid,
    Dns,
    Connect,
    Tls,
    Timeout,
    TooLarge,
    Redirect,
    Protocol,
    Busy,
    Other,
}

impl HttpError {
    pub(crate) fn new(kind: ErrorKind, text: impl fmt::Display) -> Self {
        Self { kind, text: text.to_string() }
    }

    pub(crate) fn denied(text: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Denied, text)
    }

    pub(crate) fn invalid(text: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Invalid, text)
    }

    /// That the process ends before the request does.
    pub(crate) fn stopped() -> Self {
        Self::new(ErrorKind::Other, "the process stops")
    }

    /// What the client library says of a request to `target`.
    pub(super) fn of_client(error: &hyper_util::client::legacy::Error, target: &Target) -> Self {
        let mut source = error.source();
        while let Some(cause) = source {
            if let Some(ours) = cause.downcast_ref::<Self>() {
                return ours.clone().at(target);
            }
            source = cause.source();
        }
        let kind = if error.is_connect() { ErrorKind::Connect } else { ErrorKind::Protocol };
        Self::new(kind, chain(error)).at(target)
    }

    /// The same with the place in front. Of a hidden host, what others say is left out: it may
    /// name the host.
    fn at(self, target: &Target) -> Self {
        let Self { kind, text } = self;
        if target.hidden {
            return Self { kind, text: format!("{target}: {}", kind.label()) };
        }
        Self { kind, text: format!("{target}: {text}") }
    }
}

impl ErrorKind {
    /// The label of this kind in metrics.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::Redirect => "redirect",
            Self::Protocol => "protocol",
            Self::Busy => "busy",
            Self::Other => "other",
        }
    }
}

/// An error with what caused it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

impl From<HttpError> for WitError {
    fn from(HttpError { kind, text }: HttpError) -> Self {
        match kind {
            ErrorKind::Denied => Self::Denied(text),
            ErrorKind::Invalid => Self::Invalid(text),
            ErrorKind::Dns => Self::Dns(text),
            ErrorKind::Connect => Self::Connect(text),
            ErrorKind::Tls => Self::Tls(text),
            ErrorKind::Timeout => Self::Timeout(text),
            ErrorKind::TooLarge => Self::TooLarge(text),
            ErrorKind::Redirect => Self::Redirect(text),
            ErrorKind::Protocol => Self::Protocol(text),
            ErrorKind::Busy => Self::Busy(text),
            ErrorKind::Other => Self::Other(text),
        }
    }
}
