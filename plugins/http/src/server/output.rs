use std::time::Duration;

use forebay_sdk::http::{Outlet, OutletOptions, OutletSockets, OutletStream, StreamFormat};
use forebay_sdk::{Batch, Config, Context, Error, Output, Pending, Problem, WriteError, Written};

use super::fields::{ServerFields, address, check_verbs, path};

/// Gives messages to whoever asks for them.
///
/// A request for `path` is answered with one batch: a message as it is, several as the parts of a body (RFC 2046). One
/// for `stream_path` is answered with one batch after the other, as they come, and a websocket of `ws_path` is sent
/// each message. A batch goes to one client; which one, if several ask, is not said. Without an `address` the paths are
/// on the server of the process.
///
/// Messages count as delivered when they are written to a client. What a client has not taken, because it is gone, goes
/// to the next one.
#[derive(Config)]
pub(crate) struct HttpServerOutputConfig {
    /// Where it listens, such as `0.0.0.0:4196`. Empty: on the server of the process.
    #[config(default = "")]
    address: String,
    /// The path where one batch is fetched. Empty: none.
    #[config(default = "/get")]
    path: String,
    /// The path of a stream of batches. Empty: none.
    #[config(default = "/get/stream")]
    stream_path: String,
    /// What a stream looks like: `raw_bytes` are messages with line feeds behind them, and another one behind a batch of
    /// several; with `event_source` each message is a server-sent event.
    #[config(default = "raw_bytes", options("raw_bytes", "event_source"))]
    stream_format: String,
    /// After what time without a message a stream of events is sent a comment, half a second at least. `0s`: never.
    #[config(default = "0s", advanced)]
    heartbeat: Duration,
    /// The path where websockets are opened. Empty: none.
    #[config(default = "/get/ws")]
    ws_path: String,
    /// How websockets are sent messages.
    #[config(default = "binary", options("binary", "text"))]
    ws_message_type: String,
    /// The methods of requests for `path` and `stream_path`.
    #[config(default = ["GET"])]
    allowed_verbs: Vec<String>,
    /// How long a request for `path` waits for a message before it is answered with status 408.
    #[config(default = "5s", advanced)]
    timeout: Duration,
    #[config(flatten)]
    server: ServerFields,
    /// How long a client may take to take a message of a websocket.
    #[config(default = "10s", advanced)]
    write_wait: Duration,
    /// How long the client of a websocket may be silent.
    #[config(default = "60s", advanced)]
    pong_wait: Duration,
    /// How often the client of a websocket is asked to say something. Less than `pong_wait`.
    #[config(default = "54s", advanced)]
    ping_period: Duration,
}

/// Offers messages.
pub(crate) struct HttpServerOutput {
    address: String,
    server: ServerFields,
    options: OutletOptions,
    outlet: Option<Outlet>,
}

impl Output for HttpServerOutput {
    const NAME: &'static str = "http_server";

    type Config = HttpServerOutputConfig;

    fn open(config: HttpServerOutputConfig, _: &Context) -> Result<Self, Problem> {
        let HttpServerOutputConfig {
            address: at,
            path: plain,
            stream_path,
            stream_format,
            heartbeat,
            ws_path,
            ws_message_type,
            allowed_verbs,
            timeout,
            server,
            write_wait,
            pong_wait,
            ping_period,
        } = config;
        check_verbs(&allowed_verbs)?;
        server.check()?;
        let format = if stream_format == "event_source" { StreamFormat::Events } else { StreamFormat::Lines };
        let stream = path(&stream_path, "/stream_path")?;
        let sockets = path(&ws_path, "/ws_path")?;
        let options = OutletOptions {
            tls: None,
            cors: server.cors(),
            methods: allowed_verbs,
            path: path(&plain, "/path")?,
            timeout,
            stream: stream.map(|path| OutletStream { path, format, heartbeat }),
            sockets: sockets.map(|path| OutletSockets {
                path,
                is_text: ws_message_type == "text",
                write_timeout: write_wait,
                pong_timeout: pong_wait,
                ping_period,
            }),
        };
        Ok(Self { address: address(&at), server, options, outlet: None })
    }

    fn connect(&mut self) -> Result<(), Error> {
        self.outlet = None;
        let options = OutletOptions { tls: self.server.tls()?, ..self.options.clone() };
        self.outlet = Some(Outlet::open(&self.address, options)?);
        Ok(())
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let Some(outlet) = &self.outlet else {
            return Err(WriteError::NotConnected("the server is closed".to_owned()));
        };
        let mut written = Written::all();
        let operation = outlet.offer(&batch);
        written.pending.push(Pending { operation, messages: None, resolve: false });
        Ok(written)
    }
}
