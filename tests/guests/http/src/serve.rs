use std::collections::HashMap;
use std::time::Duration;

use forebay_sdk::config::Secret;
use forebay_sdk::http::{Arrived, Exchange, Listened, Listener, ListenerOptions, Text};
use forebay_sdk::{
    Batch, Config, Context, Error, Event, Input, Outcome, Problem, Settlement, Token, metrics,
};

/// Hands every request out as a message and answers it when that is settled. Its gauge `serve_port`
/// says where it listens.
#[derive(Config)]
pub(crate) struct ServeConfig {
    /// Where it listens.
    #[config(default = "127.0.0.1:0")]
    address: String,
    /// The largest body.
    most: Option<u64>,
    /// How many requests may wait.
    queue: Option<u32>,
    /// How long a client may take.
    read_timeout_ms: Option<u64>,
    /// How long an answer may take.
    answer_timeout_ms: Option<u64>,
    /// The chain of certificates.
    certificate: Option<String>,
    /// Its key.
    key: Option<Secret>,
    /// How long it waits for one request; for ever when it is left out.
    deadline_ms: Option<u64>,
}

pub(crate) struct Serve {
    config: ServeConfig,
    listener: Option<Listener>,
    waiting: HashMap<Token, Exchange>,
    next: Token,
}

impl Input for Serve {
    const NAME: &'static str = "serve";
    const REREADS: bool = true;
    type Config = ServeConfig;

    fn open(config: ServeConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { config, listener: None, waiting: HashMap::new(), next: 0 })
    }

    fn connect(&mut self) -> Result<(), Error> {
        let config = &self.config;
        let tls = config.certificate.as_ref().zip(config.key.as_ref());
        let options = ListenerOptions {
            tls: tls.map(|(certificate, key)| (Text::from(certificate), Text::from(key))),
            most: config.most,
            queue: config.queue,
            connections: None,
            read_timeout: config.read_timeout_ms.map(Duration::from_millis),
            answer_timeout: config.answer_timeout_ms.map(Duration::from_millis),
            ..ListenerOptions::default()
        };
        let listener = Listener::listen(&config.address, options)?;
        let port = listener.address().rsplit(':').next().and_then(|port| port.parse().ok());
        metrics::gauge("serve_port", &[], port.unwrap_or_default());
        self.listener = Some(listener);
        Ok(())
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        for Settlement { token, outcome, .. } in settled {
            let Some(exchange) = self.waiting.remove(&token) else { continue };
            let text = [("content-type".to_owned(), b"text/plain".to_vec())];
            let answered = match outcome {
                Outcome::Acknowledged => exchange.respond(200, &text, b"acknowledged"),
                Outcome::Rejected { reason, .. } => exchange.respond(500, &text, reason.as_bytes()),
            };
            if answered.is_err() {
                metrics::count("serve_gone", &[], 1);
            }
        }
        let Some(listener) = &self.listener else {
            return Ok(Event::NotConnected("connect was not called".to_owned()));
        };
        match listener.next(self.config.deadline_ms.map(Duration::from_millis)) {
            Listened::Woken(_) => Ok(Event::Idle),
            Listened::Failed(error) => Ok(Event::NotConnected(error.into_message())),
            Listened::Request(arrived) => Ok(self.take(arrived)),
        }
    }
}

impl Serve {
    fn take(&mut self, arrived: Arrived) -> Event {
        let Arrived { exchange, method, path, query, headers, body, remote, .. } = arrived;
        let body = String::from_utf8_lossy(&body);
        let host = headers.iter().any(|(name, _)| name == "host");
        let text =
            format!("{method} {path} {query:?} {body} host {host} local {}", remote.starts_with("127."));
        self.next += 1;
        match path.as_str() {
            "/drop" => drop(exchange),
            "/close" => {
                drop(exchange);
                self.listener = None;
            }
            "/bad-header" => {
                let refused = exchange.respond(200, &[("connection".to_owned(), b"close".to_vec())], b"");
                let text = format!("{:?}", refused.map_err(Error::into_message));
                return Event::Batch { token: self.next, batch: Batch::from_payloads([text]) };
            }
            _ => drop(self.waiting.insert(self.next, exchange)),
        }
        Event::Batch { token: self.next, batch: Batch::from_payloads([text]) }
    }
}
