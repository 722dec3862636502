use std::fmt;
use std::time::Duration;

use super::text::Text;
use crate::Error;
use crate::bindings::capabilities::forebay::http::listener as wit;
use crate::waits::Woken;

/// A socket that accepts connections until it is dropped.
pub struct Listener(wit::Listener);

/// How a listener behaves. What is left out is as the contract says.
#[derive(Debug, Clone, Default)]
pub struct ListenerOptions {
    /// The path of requests, which may end in a slash or have parts such as `{name}`. All, unless there are `sockets`.
    pub path: Option<String>,
    /// Where websockets are opened, and what each is sent first.
    pub sockets: Option<(String, Option<Vec<u8>>)>,
    /// Pages of which other origins may send requests.
    pub cors: Option<Cors>,
    /// Whether answers are compressed for clients that take gzip.
    pub compresses: bool,
    /// The certificate chain and its key (both PEM).
    pub tls: Option<(Text, Text)>,
    /// The largest body of a request: 1 MiB, at most 64 MiB.
    pub most: Option<u64>,
    /// How many requests may wait for [`Listener::next`]: 64, at most 1,000.
    pub queue: Option<u32>,
    /// How many connections there may be: 256, at most 4,096.
    pub connections: Option<u32>,
    /// How long a client may take for its headers, and for each piece of the body: 10 s, at most
    /// 5 minutes.
    pub read_timeout: Option<Duration>,
    /// How long an answer may take: 60 s, at most 24 hours.
    pub answer_timeout: Option<Duration>,
    /// What a client gets after that: status 504, or another one from 400 to 599.
    pub late_status: Option<u16>,
}

/// Pages of which other origins may send requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// May hold `*`.
    pub origins: Vec<String>,
    /// Beside those that are always allowed.
    pub headers: Vec<String>,
    pub methods: Vec<String>,
}

/// What [`Listener::next`] gave.
#[derive(Debug)]
pub enum Listened {
    Request(Arrived),
    /// Nothing came, but something else is pending: return, so that the host can tell you.
    Woken(Woken),
    /// It does not listen any more; drop it and listen again.
    Failed(Error),
}

/// A request, and how to answer it.
#[derive(Debug)]
pub struct Arrived {
    pub exchange: Exchange,
    pub method: String,
    pub path: String,
    /// What follows the `?`.
    pub query: Option<String>,
    /// Names are in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    /// Address and port of the client.
    pub remote: String,
    /// What the parts in braces of the path are, without percent-encoding.
    pub parameters: Vec<(String, String)>,
    /// Where the connection is secured.
    pub tls: Option<Secured>,
    /// Whether this is a message of a websocket, which is the body: [`Exchange::reply`] answers it.
    pub is_message: bool,
}

/// What a connection with TLS has agreed on.
pub use crate::bindings::capabilities::forebay::http::listener::Secured;

/// A message of a websocket. A text that is not UTF-8 is sent as a binary message.
pub use crate::bindings::capabilities::forebay::http::listener::Frame;

/// A request that waits for its answer. Dropped without one, it is answered with status 502, and a websocket is closed.
pub struct Exchange(wit::Exchange);

/// Why there is no listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenError {
    /// The grant that is missing.
    Denied(String),
    /// The address or an option can't be used.
    Invalid(String),
    /// The operating system refuses.
    Other(String),
}

impl Listener {
    /// Listens on `address:port`; port 0 takes a free one. An empty address stands for the process's own server, which
    /// only default plugins may use.
    ///
    /// # Errors
    /// When that is not granted, or the address is in use.
    pub fn listen(address: &str, options: ListenerOptions) -> Result<Self, ListenError> {
        if !cfg!(target_arch = "wasm32") {
            return Err(ListenError::Denied("there is no network in native tests".to_owned()));
        }
        Ok(Self(wit::Listener::listen(address, &options.into_wit())?))
    }

    /// Where it listens, with the real port.
    #[must_use]
    pub fn address(&self) -> String {
        self.0.address()
    }

    /// Waits for the next request, for a time or for ever. May wait without bound. Returns at once
    /// while something else is pending.
    #[must_use]
    pub fn next(&self, time: Option<Duration>) -> Listened {
        match self.0.next(time.map(nanoseconds)) {
            wit::Event::Exchange(wit::Arrived { exchange, request }) => {
                let wit::Request { method, path, query, headers, body, remote, parameters, tls, is_message } =
                    request;
                Listened::Request(Arrived {
                    exchange: Exchange(exchange),
                    method,
                    path,
                    query,
                    headers,
                    body,
                    remote,
                    parameters,
                    tls,
                    is_message,
                })
            }
            wit::Event::Woken(woken) => Listened::Woken(woken),
            wit::Event::Failed(reason) => Listened::Failed(Error::new(reason)),
        }
    }
}

impl Exchange {
    /// Answers.
    ///
    /// # Errors
    /// When the client is gone or was answered for want of time, or when the answer can't be sent.
    pub fn respond(self, status: u16, headers: &[(String, Vec<u8>)], body: &[u8]) -> Result<(), Error> {
        wit::Exchange::respond(self.0, status, headers, body).map_err(Error::new)
    }
}

impl Exchange {
    /// Answers a message of a websocket with others, maybe none.
    ///
    /// # Errors
    /// When the client is gone.
    pub fn reply(self, frames: &[Frame]) -> Result<(), Error> {
        wit::Exchange::reply(self.0, frames).map_err(Error::new)
    }
}

/// A certificate chain and its key, as the contract has them.
pub(super) fn server_tls((certificate, key): (Text, Text)) -> wit::ServerTls {
    wit::ServerTls { certificate: certificate.into_wit(), key: key.into_wit() }
}

impl Cors {
    pub(super) fn into_wit(self) -> wit::Cors {
        let Self { origins, headers, methods } = self;
        wit::Cors { origins, headers, methods }
    }
}

impl ListenerOptions {
    fn into_wit(self) -> wit::Options {
        let Self {
            path,
            sockets,
            cors,
            compresses,
            tls,
            most,
            queue,
            connections,
            read_timeout,
            answer_timeout,
            late_status,
        } = self;
        wit::Options {
            path,
            sockets: sockets.map(|(path, welcome)| wit::Sockets { path, welcome }),
            cors: cors.map(Cors::into_wit),
            compresses,
            late_status,
            tls: tls.map(server_tls),
            most,
            queue,
            connections,
            read_timeout: read_timeout.map(nanoseconds),
            answer_timeout: answer_timeout.map(nanoseconds),
        }
    }
}

pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(message) | Self::Invalid(message) | Self::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for ListenError {}

impl From<wit::ListenError> for ListenError {
    fn from(error: wit::ListenError) -> Self {
        match error {
            wit::ListenError::Denied(message) => Self::Denied(message),
            wit::ListenError::Invalid(message) => Self::Invalid(message),
            wit::ListenError::Other(message) => Self::Other(message),
        }
    }
}
