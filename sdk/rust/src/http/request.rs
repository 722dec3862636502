use std::time::Duration;

use super::authentication::Authentication;
use super::error::HttpError;
use super::text::Text;
use crate::Operation;
use crate::bindings::capabilities::forebay::http::client as wit;
use crate::streams::ByteStream;

/// A request that is put together, and then sent.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    url: Text,
    headers: Vec<(String, Text)>,
    body: Body,
    timeout: Option<Duration>,
    redirects: Option<u32>,
    most: Option<u64>,
    tls: Option<Tls>,
    proxy: Option<Text>,
    authentication: Option<Authentication>,
}

#[derive(Debug, Clone)]
enum Body {
    Bytes(Vec<u8>),
    Text(Text),
}

#[derive(Debug, Clone, Default)]
struct Tls {
    skip_verification: bool,
    extra_roots: Option<Text>,
    identity: Option<(Text, Text)>,
}

/// A response with its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names are in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

/// A response whose body is still to come.
#[derive(Debug)]
pub struct Opened {
    pub status: u16,
    /// Names are in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// May be handed to the host, for a scanner.
    pub body: ByteStream,
}

impl Request {
    /// A request with this method.
    pub fn new(method: impl Into<String>, url: impl Into<Text>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Body::Bytes(Vec::new()),
            timeout: None,
            redirects: None,
            most: None,
            tls: None,
            proxy: None,
            authentication: None,
        }
    }

    /// A GET request.
    pub fn get(url: impl Into<Text>) -> Self {
        Self::new("GET", url)
    }

    /// A POST request.
    pub fn post(url: impl Into<Text>) -> Self {
        Self::new("POST", url)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Text>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(self, bytes: impl Into<Vec<u8>>) -> Self {
        Self { body: Body::Bytes(bytes.into()), ..self }
    }

    /// Sets a body that may hold secrets, such as a form with a client secret.
    #[must_use]
    pub fn text_body(self, text: impl Into<Text>) -> Self {
        Self { body: Body::Text(text.into()), ..self }
    }

    /// How long the whole request may take; 30 s where nothing is said, at most 10 minutes.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// How many redirects are followed: 10 where nothing is said; with 0, a redirect is the response.
    #[must_use]
    pub fn redirects(self, redirects: u32) -> Self {
        Self { redirects: Some(redirects), ..self }
    }

    /// The most bytes of the response's body: 1 MiB where nothing is said, at most 64 MiB; for
    /// [`Request::open`] any number, and no limit where nothing is said.
    #[must_use]
    pub fn most(self, bytes: u64) -> Self {
        Self { most: Some(bytes), ..self }
    }

    /// Accepts every certificate. The grant must allow that.
    #[must_use]
    pub fn skip_verification(mut self) -> Self {
        self.tls.get_or_insert_default().skip_verification = true;
        self
    }

    /// Trusts these certificates (PEM) as well.
    #[must_use]
    pub fn extra_roots(mut self, pem: impl Into<Text>) -> Self {
        self.tls.get_or_insert_default().extra_roots = Some(pem.into());
        self
    }

    /// Shows the server this certificate chain, with its key (both PEM).
    #[must_use]
    pub fn certificate(mut self, chain: impl Into<Text>, key: impl Into<Text>) -> Self {
        self.tls.get_or_insert_default().identity = Some((chain.into(), key.into()));
        self
    }

    /// Sends it through a proxy: `http://[user:password@]host:port`.
    #[must_use]
    pub fn proxy(self, proxy: impl Into<Text>) -> Self {
        Self { proxy: Some(proxy.into()), ..self }
    }

    /// Has the host prove who sends it.
    #[must_use]
    pub fn authentication(self, authentication: Authentication) -> Self {
        Self { authentication: Some(authentication), ..self }
    }

    /// Sends it and waits for the response; nothing else of this component runs meanwhile. For
    /// inputs and for rare requests.
    ///
    /// # Errors
    /// When there is no response. Any status is one.
    pub fn send(self) -> Result<Response, HttpError> {
        #[cfg(target_arch = "wasm32")]
        {
            Ok(wit::send(&self.into_wit())?.into())
        }
        #[cfg(not(target_arch = "wasm32"))]
        crate::testing::send(&self)
    }

    /// As [`Request::send`], with the body as a stream.
    ///
    /// # Errors
    /// As [`Request::send`].
    pub fn open(self) -> Result<Opened, HttpError> {
        granted(|| {
            let wit::Opened { status, headers, body } = wit::open(&self.into_wit())?;
            Ok(Opened { status, headers, body: body.into() })
        })
    }

    /// Starts it, to be performed while the component goes on: return the operation as pending, and
    /// take its [`response`] when it comes back.
    ///
    /// # Errors
    /// When the request can't be sent; everything else is found out later.
    pub fn start(self) -> Result<Operation, HttpError> {
        granted(|| Ok(wit::start(&self.into_wit())?.into()))
    }

    /// As [`Request::start`], sent after a pause of 10 minutes at most, for a request that is tried again.
    /// The timeout begins after the pause.
    ///
    /// # Errors
    /// As [`Request::start`].
    pub fn start_after(self, pause: Duration) -> Result<Operation, HttpError> {
        let nanoseconds = super::listener::nanoseconds(pause);
        granted(|| Ok(wit::start_after(&self.into_wit(), nanoseconds)?.into()))
    }

    /// Its method; for native tests.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Its url, as [`Text::shown`]; for native tests.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn shown_url(&self) -> String {
        self.url.shown()
    }

    /// A header, as [`Text::shown`]; for native tests.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn shown_header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.shown())
    }

    /// What proves who sends it; for native tests.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn shown_authentication(&self) -> Option<&Authentication> {
        self.authentication.as_ref()
    }

    /// Its body, as [`Text::shown`]; for native tests.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn shown_body(&self) -> Vec<u8> {
        match &self.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Text(text) => text.shown().into_bytes(),
        }
    }

    fn into_wit(self) -> wit::Request {
        let Self { method, url, headers, body, timeout, redirects, most, tls, proxy, authentication } = self;
        wit::Request {
            method,
            url: url.into_wit(),
            headers: headers
                .into_iter()
                .map(|(name, value)| wit::Header { name, value: value.into_wit() })
                .collect(),
            body: match body {
                Body::Bytes(bytes) => wit::Body::Bytes(bytes),
                Body::Text(text) => wit::Body::Parts(text.into_wit()),
            },
            timeout: timeout.map(super::listener::nanoseconds),
            redirects,
            most,
            tls: tls.map(Tls::into_wit),
            proxy: proxy.map(Text::into_wit),
            authentication: authentication.map(Authentication::into_wit),
        }
    }
}

impl Tls {
    fn into_wit(self) -> wit::TlsOptions {
        let Self { skip_verification, extra_roots, identity } = self;
        let (certificate, key) = identity.unzip();
        wit::TlsOptions {
            skip_verification,
            extra_roots: extra_roots.map(Text::into_wit),
            certificate: certificate.map(Text::into_wit),
            key: key.map(Text::into_wit),
        }
    }
}

/// Takes the response of a request that was started. Once, and when it has ended.
///
/// # Errors
/// When there is none.
pub fn response(operation: &Operation) -> Result<Response, HttpError> {
    granted(|| {
        let none = || HttpError::Denied("the operation is none of the host's".to_owned());
        Ok(wit::take_response(operation.resource().ok_or_else(none)?)?.into())
    })
}

/// Asks the host; natively there is none to ask.
pub(super) fn granted<T>(ask: impl FnOnce() -> Result<T, HttpError>) -> Result<T, HttpError> {
    if cfg!(target_arch = "wasm32") {
        return ask();
    }
    Err(HttpError::Denied("there is no network in native tests".to_owned()))
}

impl Response {
    /// The first header of this name, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }
}

impl From<wit::Response> for Response {
    fn from(wit::Response { status, headers, body }: wit::Response) -> Self {
        Self { status, headers, body }
    }
}
