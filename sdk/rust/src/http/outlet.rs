use std::fmt;
use std::time::Duration;

use super::listener::{Cors, ListenError, nanoseconds, server_tls};
use super::text::Text;
use crate::bindings::capabilities::forebay::http::outlet as wit;
use crate::{Batch, Operation};

pub use crate::bindings::capabilities::forebay::http::outlet::StreamFormat;

/// A server from which others fetch what is offered, until it is dropped.
pub struct Outlet(wit::Outlet);

/// How an outlet behaves.
#[derive(Debug, Clone, Default)]
pub struct OutletOptions {
    /// The certificate chain and its key (both PEM).
    pub tls: Option<(Text, Text)>,
    pub cors: Option<Cors>,
    /// The methods of requests.
    pub methods: Vec<String>,
    /// Where each request is answered with one batch.
    pub path: Option<String>,
    /// How long such a request waits.
    pub timeout: Duration,
    pub stream: Option<OutletStream>,
    pub sockets: Option<OutletSockets>,
}

/// Where one batch after the other is sent as it comes.
#[derive(Debug, Clone)]
pub struct OutletStream {
    pub path: String,
    pub format: StreamFormat,
    /// How long nothing may be sent before a comment is; zero: for ever.
    pub heartbeat: Duration,
}

/// Where messages are sent through websockets.
#[derive(Debug, Clone)]
pub struct OutletSockets {
    pub path: String,
    pub is_text: bool,
    /// How long a client may take to take a message.
    pub write_timeout: Duration,
    /// How long it may be silent.
    pub pong_timeout: Duration,
    /// How often it is asked to say something.
    pub ping_period: Duration,
}

impl Outlet {
    /// As [`Listener::listen`](super::Listener::listen).
    ///
    /// # Errors
    /// When that is not granted, or the address is in use.
    pub fn open(address: &str, options: OutletOptions) -> Result<Self, ListenError> {
        if !cfg!(target_arch = "wasm32") {
            return Err(ListenError::Denied("there is no network in native tests".to_owned()));
        }
        Ok(Self(wit::Outlet::open(address, &options.into_wit())?))
    }

    /// Where it is, with the real port.
    #[must_use]
    pub fn address(&self) -> String {
        self.0.address()
    }

    /// Offers a batch to whoever asks for one. The operation succeeds when all of it is written to clients.
    #[must_use]
    pub fn offer(&self, batch: &Batch) -> Operation {
        #[cfg(target_arch = "wasm32")]
        {
            self.0.offer(batch.handle().resource()).into()
        }
        #[cfg(not(target_arch = "wasm32"))]
        unreachable!("no outlet can be opened natively, for {batch:?}")
    }
}

impl OutletOptions {
    fn into_wit(self) -> wit::Options {
        let Self { tls, cors, methods, path, timeout, stream, sockets } = self;
        wit::Options {
            tls: tls.map(server_tls),
            cors: cors.map(Cors::into_wit),
            methods,
            path,
            timeout: nanoseconds(timeout),
            stream: stream.map(|OutletStream { path, format, heartbeat }| wit::StreamOptions {
                path,
                format,
                heartbeat: nanoseconds(heartbeat),
            }),
            sockets: sockets.map(|sockets| wit::SocketOptions {
                path: sockets.path,
                is_text: sockets.is_text,
                write_timeout: nanoseconds(sockets.write_timeout),
                pong_timeout: nanoseconds(sockets.pong_timeout),
                ping_period: nanoseconds(sockets.ping_period),
            }),
        }
    }
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
    }
}
