use std::fmt;

use forebay_sdk::http::{HttpError, Response};
use http::StatusCode;

/// Why a request has failed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) text: String,
    /// The status of the last response, where there was one.
    pub(crate) status: Option<u16>,
    pub(crate) is_timeout: bool,
}

impl Failure {
    /// One without a response.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), status: None, is_timeout: false }
    }

    /// A response that is none to be content with.
    pub(crate) fn of_response(response: &Response) -> Self {
        let status = response.status;
        let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let line = reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"));
        let body = String::from_utf8_lossy(&response.body).replace('\n', "");
        let text =
            format!("HTTP request returned unexpected response code ({status}): {line}, Error: {body}");
        Self { text, status: Some(status), is_timeout: false }
    }

    /// A request without a response.
    pub(crate) fn of_request(method: &str, url: &str, error: &HttpError) -> Self {
        let is_timeout = matches!(error, HttpError::Timeout(_));
        let text = if is_timeout {
            "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        } else {
            error.message()
        };
        Self { is_timeout, ..Self::of_try(method, url, text) }
    }

    /// A request that could not be tried.
    pub(crate) fn of_try(method: &str, url: &str, reason: &str) -> Self {
        let mut letters = method.chars();
        let first: String = letters.next().into_iter().collect();
        let rest = letters.as_str().to_ascii_lowercase();
        Self::new(format!("{first}{rest} {url:?}: {reason}"))
    }

    /// The same with the url in front.
    pub(crate) fn at(self, url: &str) -> Self {
        Self { text: format!("{url}: {}", self.text), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, HttpError, Response};

    #[test]
    fn texts_are_those_of_bento() {
        let response = Response { status: 404, headers: Vec::new(), body: b"no\nsuch".to_vec() };
        let failure = Failure::of_response(&response).at("http://a/b");
        assert_eq!(
            failure.text,
            "http://a/b: HTTP request returned unexpected response code (404): 404 Not Found, Error: nosuch"
        );
        assert_eq!(failure.status, Some(404));
        let late = Failure::of_request("POST", "http://a/b", &HttpError::Timeout("late".to_owned()));
        assert_eq!(
            late.text,
            "Post \"http://a/b\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        );
        assert!(late.is_timeout);
    }
}
