use std::time::Duration;

use forebay_sdk::config::{Interpolated, ScannerConfig};
use forebay_sdk::http::{Opened, Request, Response};
use forebay_sdk::rate_limits::Waited;
use forebay_sdk::streams::ByteStream;
use forebay_sdk::waits::{self, Woken};
use forebay_sdk::{
    ArrivedStream, Batch, BlockWriter, Config, Context, Error, Event, Input, MetadataWriter, Problem,
    Settlement, StreamMetadata, Token, Value, scanned, time,
};

use crate::client::{Client, LARGEST};
use crate::exchange::{Exchange, Tried, TryError, Verdict};
use crate::failure::Failure;
use crate::fields::ClientFields;
use crate::request::Body;
use crate::response::{Answer, chosen};

/// Asks an HTTP server again and again, and makes messages of its responses.
///
/// Every response is a message, and one of several parts (`multipart/...`) is a batch. Messages have the
/// metadata `http_status_code`, and the headers that `extract_headers` chooses. Texts in `url`, `headers`
/// and `payload` see the messages before, so that simple paging can be written with them. After a stream they
/// are what its scanner has made last.
///
/// With `stream.enabled` a response may go on for ever, and a scanner cuts it into messages as it comes. A
/// stream that says nothing for ten minutes is given up.
///
/// Responses that are no streams may have 64 MiB.
#[derive(Config)]
pub(crate) struct HttpClientInputConfig {
    /// The method of requests.
    #[config(default = "GET", example = "POST", example = "GET", example = "DELETE")]
    verb: String,
    #[config(flatten)]
    client: ClientFields,
    /// What every request sends.
    payload: Option<Interpolated>,
    /// Whether responses without a body are passed over. Not of streams, whose scanner may do that.
    #[config(default = true, advanced)]
    drop_empty_bodies: bool,
    /// Responses that are read as they come.
    #[config(default = {})]
    stream: StreamFields,
    /// Whether messages that an output rejects are tried again, as often as it takes.
    #[config(default = true)]
    #[expect(dead_code, reason = "the host tries rejected messages again")]
    auto_replay_nacks: bool,
}

#[derive(Config)]
#[expect(dead_code, reason = "the host runs the scanner")]
struct StreamFields {
    /// Whether responses are read as they come.
    #[config(default = false)]
    enabled: bool,
    /// Whether to ask again when a response has come to its end. Otherwise the input ends.
    #[config(default = true)]
    reconnect: bool,
    /// What cuts the body of a response into messages.
    #[config(default = {"lines": {}})]
    scanner: ScannerConfig,
}

/// Sends one request after the other, and waits for each.
pub(crate) struct HttpClientInput {
    client: Client,
    drop_empty_bodies: bool,
    mode: Mode,
    /// What the texts of the next request see.
    previous: Batch,
    /// What is to be tried again, and when.
    trying: Option<(Exchange, Duration)>,
    last_token: Token,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Messages,
    /// One stream after the other, or one alone.
    Streams {
        reconnects: bool,
    },
    /// There was the only stream.
    Over,
}

/// A try, and the body that it left to be read.
struct Sent {
    tried: Tried,
    stream: Option<ByteStream>,
}

impl Input for HttpClientInput {
    const NAME: &'static str = "http_client";

    type Config = HttpClientInputConfig;

    fn open(config: HttpClientInputConfig, _: &Context) -> Result<Self, Problem> {
        let HttpClientInputConfig { verb, client, payload, drop_empty_bodies, stream, .. } = config;
        let body = match payload {
            Some(payload) => payload,
            None => Interpolated::new("")?,
        };
        let client = Client::new(client, verb, Body::Text(body))?;
        let mode =
            if stream.enabled { Mode::Streams { reconnects: stream.reconnect } } else { Mode::Messages };
        Ok(Self {
            client: if stream.enabled { client.without_timeout() } else { client },
            drop_empty_bodies,
            mode,
            previous: Batch::from_payloads([""]),
            trying: None,
            last_token: 0,
        })
    }

    fn read(&mut self, _: Vec<Settlement>) -> Result<Event, Error> {
        if self.mode == Mode::Over {
            return Ok(Event::Ended);
        }
        if let Some(last) = scanned::last() {
            self.previous = last;
        }
        let start = || (self.client.exchange(self.previous.slice(0..self.previous.len())), Duration::ZERO);
        let (mut exchange, mut due) = self.trying.take().unwrap_or_else(start);
        loop {
            if !wait_until(due) {
                self.trying = Some((exchange, due));
                return Ok(Event::Idle);
            }
            match self.client.admit(&exchange) {
                Ok(Waited::Admitted) => {}
                Ok(Waited::Woken(_)) => {
                    self.trying = Some((exchange, due));
                    return Ok(Event::Idle);
                }
                Err(failure) => return Ok(failed(failure)),
            }
            let Sent { tried, stream } = match self.client.request(&mut exchange) {
                Err(failure) => return Ok(failed(failure)),
                Ok(Err(error)) => Sent { tried: Err(error), stream: None },
                Ok(Ok(request)) => self.send(request),
            };
            match self.client.judge(&mut exchange, tried) {
                Verdict::Again(pause) => due = time::monotonic() + pause,
                Verdict::Ended(Err(failure)) => return Ok(failed(failure)),
                Verdict::Ended(Ok(response)) => {
                    return Ok(match stream {
                        Some(stream) => self.stream(&response, stream, exchange.url),
                        None => self.messages(response),
                    });
                }
            }
        }
    }
}

impl HttpClientInput {
    fn send(&self, request: Request) -> Sent {
        if self.mode == Mode::Messages {
            return Sent { tried: request.send().map_err(TryError::Http), stream: None };
        }
        match request.most(u64::MAX).open() {
            Ok(Opened { status, headers, mut body }) => {
                let is_success = self.client.is_success(status);
                // What it says is for the error; without all of it there is still the status.
                let most = usize::try_from(LARGEST).unwrap_or(usize::MAX);
                let text = if is_success { Vec::new() } else { body.read_to_end(most).unwrap_or_default() };
                let tried = Ok(Response { status, headers, body: text });
                Sent { tried, stream: is_success.then_some(body) }
            }
            Err(error) => Sent { tried: Err(TryError::Http(error)), stream: None },
        }
    }

    fn stream(&mut self, response: &Response, source: ByteStream, name: String) -> Event {
        if self.mode == (Mode::Streams { reconnects: false }) {
            self.mode = Mode::Over;
        }
        let headers = chosen(&response.headers, |_| true);
        let headers = headers.iter().map(|(name, value)| (name.as_str(), Value::Text(value)));
        self.previous = batch([(&[][..], headers)]);
        let token = self.token();
        Event::Stream(ArrivedStream { token, source, name, metadata: StreamMetadata::default() })
    }

    fn messages(&mut self, response: Response) -> Event {
        let answer = match self.client.answer(response) {
            Ok(answer) => answer,
            Err(failure) => return failed(failure),
        };
        match answer.payloads.as_slice() {
            [] => return Event::Idle,
            [only] if only.is_empty() && self.drop_empty_bodies => return Event::Idle,
            _ => {}
        }
        let messages = of_answer(&answer);
        self.previous = messages.slice(0..messages.len());
        Event::Batch { token: self.token(), batch: messages }
    }

    fn token(&mut self) -> Token {
        self.last_token += 1;
        self.last_token
    }
}

/// Whether the time has come, rather than something else.
fn wait_until(due: Duration) -> bool {
    loop {
        let remaining = due.saturating_sub(time::monotonic());
        if remaining.is_zero() {
            return true;
        }
        if waits::wait(Some(remaining)).intersects(Woken::SETTLEMENT | Woken::SHUTDOWN) {
            return false;
        }
    }
}

/// A request that was tried often enough. The host tries again, with growing pauses.
fn failed(failure: Failure) -> Event {
    if failure.is_timeout { Event::Idle } else { Event::NotConnected(failure.text) }
}

fn of_answer(answer: &Answer) -> Batch {
    batch(answer.payloads.iter().map(|payload| (payload.as_slice(), answer.metadata())))
}

/// Messages with their metadata.
fn batch<'a, M: Iterator<Item = (&'a str, Value<'a>)>>(
    messages: impl IntoIterator<Item = (&'a [u8], M)>,
) -> Batch {
    let mut block = BlockWriter::with_capacity(1, 0);
    let mut metadata = MetadataWriter::default();
    for (payload, entries) in messages {
        block.push(payload);
        for (key, value) in entries {
            metadata.push(key, value);
        }
        metadata.end_message();
    }
    block.set_metadata(metadata);
    Batch::from_block(block)
}

#[cfg(test)]
mod tests;
