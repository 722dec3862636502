use std::collections::HashMap;
use std::time::Duration;

use forebay_sdk::config::RateLimitLabel;
use forebay_sdk::http::{Exchange, Frame, Listened, Listener, ListenerOptions};
use forebay_sdk::waits::Woken;
use forebay_sdk::{
    Batch, Config, Context, Error, Event, Input, Outcome, Problem, Settlement, Token, log, rate_limits, time,
};

use super::answer::{Answer, ResponseFields, Responses};
use super::asked::Asked;
use super::fields::{LONGEST_ANSWER, ServerFields, address, check_verbs, path};
use super::retries::{Message, Retries};

/// Makes messages of requests, and answers each when its messages are delivered.
///
/// The body of a request is a message, and one of several parts (`multipart/...`) is a batch. Paths may end in a slash,
/// which stands for all that begin so, and may have parts: `/{name}` stands for one segment, `/{name:pattern}` for what
/// a regular expression matches. Without an `address` they are on the server of the process.
///
/// Messages have the metadata `http_server_user_agent`, `http_server_request_path`, `http_server_verb` and
/// `http_server_remote_ip`, over TLS `http_server_tls_version` and `http_server_tls_cipher_suite` too, and that of each
/// header, parameter of the query, part of the path and cookie under its name.
///
/// A request is answered with status 200 when its messages are delivered, and with what the processor or the output
/// `sync_response` made the response. It is answered with 502 and the reason when they are rejected, 408 when that takes
/// too long, 429 when the rate limit is passed, 405 when its method is not allowed, 413 when it has more than 64 MiB and
/// 503 when the pipeline stops or has too many to do.
///
/// Every message of a websocket is a message. It is tried again until it is delivered, and its responses are sent back;
/// then the next one is read.
#[derive(Config)]
pub(crate) struct HttpServerInputConfig {
    /// Where it listens, such as `0.0.0.0:4196`. Empty: on the server of the process.
    #[config(default = "")]
    address: String,
    /// The path of requests. Empty: none.
    #[config(default = "/post")]
    path: String,
    /// The path where websockets are opened. Empty: none.
    #[config(default = "/post/ws")]
    ws_path: String,
    /// What every websocket is sent first.
    #[config(default = "", advanced)]
    ws_welcome_message: String,
    /// What a websocket is sent in place of what it asks for, when the rate limit is passed.
    #[config(default = "", advanced)]
    ws_rate_limit_message: String,
    /// The methods of requests.
    #[config(default = ["POST"])]
    allowed_verbs: Vec<String>,
    /// How long a request may take. Its messages may still be delivered when it has got no answer in time.
    #[config(default = "5s")]
    timeout: Duration,
    /// The rate limit of requests, and of messages of websockets.
    #[config(default = "")]
    rate_limit: RateLimitLabel,
    #[config(flatten)]
    server: ServerFields,
    /// How responses are sent.
    #[config(default = {}, advanced)]
    sync_response: ResponseFields,
}

/// Hands requests out, and answers them when they are settled.
pub(crate) struct HttpServerInput {
    address: String,
    path: Option<String>,
    ws_path: Option<String>,
    welcome: Option<Vec<u8>>,
    refused: Vec<Frame>,
    verbs: Vec<String>,
    timeout: Duration,
    rate_limit: Option<RateLimitLabel>,
    server: ServerFields,
    responses: Responses,
    listener: Option<Listener>,
    waiting: HashMap<Token, Waiting>,
    retries: Retries,
    last_token: Token,
}

/// What is handed out.
enum Waiting {
    Request(Exchange),
    Message(Message),
}

/// The most requests that may wait for the pipeline.
const QUEUE: u32 = 1_000;
/// The most connections of a server of its own.
const CONNECTIONS: u32 = 4_096;
/// The largest body: as much as the host gives at once.
const LARGEST: u64 = 64 << 20;

impl Input for HttpServerInput {
    const NAME: &'static str = "http_server";
    // Whoever asked is told, and may ask again.
    const REREADS: bool = true;
    const RESPONDS: bool = true;

    type Config = HttpServerInputConfig;

    fn open(config: HttpServerInputConfig, _: &Context) -> Result<Self, Problem> {
        let HttpServerInputConfig {
            address: at,
            path: plain,
            ws_path,
            ws_welcome_message,
            ws_rate_limit_message,
            allowed_verbs,
            timeout,
            rate_limit,
            server,
            sync_response,
        } = config;
        check_verbs(&allowed_verbs)?;
        server.check()?;
        let given = |text: String| (!text.is_empty()).then(|| text.into_bytes());
        Ok(Self {
            address: address(&at),
            path: path(&plain, "/path")?,
            ws_path: path(&ws_path, "/ws_path")?,
            welcome: given(ws_welcome_message),
            refused: given(ws_rate_limit_message).map(Frame::Binary).into_iter().collect(),
            verbs: allowed_verbs,
            timeout,
            rate_limit: RateLimitLabel::given(Some(rate_limit)),
            server,
            responses: Responses::new(sync_response)?,
            listener: None,
            waiting: HashMap::new(),
            retries: Retries::default(),
            last_token: 0,
        })
    }

    fn connect(&mut self) -> Result<(), Error> {
        // A server that failed still has the port.
        self.listener = None;
        if self.path.is_none() && self.ws_path.is_none() {
            return Err(Error::new("there is nothing to listen for: path and ws_path are both empty"));
        }
        let options = ListenerOptions {
            path: self.path.clone(),
            sockets: self.ws_path.clone().map(|path| (path, self.welcome.clone())),
            cors: self.server.cors(),
            compresses: true,
            tls: self.server.tls()?,
            most: Some(LARGEST),
            queue: Some(QUEUE),
            connections: Some(CONNECTIONS),
            read_timeout: None,
            answer_timeout: Some(self.timeout.min(LONGEST_ANSWER)),
            late_status: Some(408),
        };
        self.listener = Some(Listener::listen(&self.address, options)?);
        Ok(())
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        self.settle(settled);
        let Some(listener) = self.listener.take() else {
            return Ok(Event::NotConnected("the server is closed".to_owned()));
        };
        loop {
            let now = time::monotonic();
            if let Some(message) = self.retries.next(now) {
                self.listener = Some(listener);
                return Ok(self.hand_out_message(message));
            }
            match listener.next(self.retries.pause(now)) {
                Listened::Failed(error) => return Ok(Event::NotConnected(error.into_message())),
                Listened::Woken(woken) if woken == Woken::DEADLINE => {}
                Listened::Woken(_) => {
                    self.listener = Some(listener);
                    return Ok(Event::Idle);
                }
                Listened::Request(arrived) => {
                    let (exchange, asked) = Asked::of(arrived);
                    if let Some(event) = self.take(exchange, &asked) {
                        self.listener = Some(listener);
                        return Ok(event);
                    }
                }
            }
        }
    }

    fn close(mut self, settled: Vec<Settlement>) {
        self.settle(settled);
    }
}

impl HttpServerInput {
    /// Hands a request out, unless it is answered at once.
    fn take(&mut self, exchange: Exchange, asked: &Asked) -> Option<Event> {
        if !asked.is_message && !self.verbs.contains(&asked.method) {
            respond(exchange, &Answer::error(405, "Incorrect method"));
            return None;
        }
        let exchange = self.admit(exchange, asked.is_message)?;
        let batch = match asked.messages() {
            Ok(batch) => batch,
            Err(reason) => {
                log::warn(format!("Request read failed: {reason}"));
                respond(exchange, &Answer::error(400, "Bad request"));
                return None;
            }
        };
        if asked.is_message {
            return Some(self.hand_out_message(Message { exchange, batch, rejected: 0 }));
        }
        Some(self.hand_out(Waiting::Request(exchange), batch))
    }

    /// Asks the rate limit. What it does not let pass is answered here.
    fn admit(&self, exchange: Exchange, is_message: bool) -> Option<Exchange> {
        let Some(label) = &self.rate_limit else { return Some(exchange) };
        let answer = match rate_limits::access(label, None) {
            Ok(pause) if pause.is_zero() => return Some(exchange),
            Ok(pause) => {
                let mut answer = Answer::error(429, "Too Many Requests");
                answer.set("Retry-After", pause.as_secs().to_string());
                answer
            }
            Err(error) => {
                log::warn(format!("Failed to access rate limit: {error}"));
                Answer::error(502, "Server error")
            }
        };
        if is_message {
            reply(exchange, &self.refused);
        } else {
            respond(exchange, &answer);
        }
        None
    }

    fn hand_out_message(&mut self, message: Message) -> Event {
        let batch = message.batch.slice(0..message.batch.len());
        self.hand_out(Waiting::Message(message), batch)
    }

    fn hand_out(&mut self, waiting: Waiting, batch: Batch) -> Event {
        self.last_token += 1;
        self.waiting.insert(self.last_token, waiting);
        Event::Batch { token: self.last_token, batch }
    }

    fn settle(&mut self, settled: Vec<Settlement>) {
        for Settlement { token, outcome, responses } in settled {
            match (self.waiting.remove(&token), outcome) {
                (Some(Waiting::Request(exchange)), Outcome::Acknowledged) => {
                    respond(exchange, &self.responses.answer(responses));
                }
                (Some(Waiting::Request(exchange)), Outcome::Rejected { reason, .. }) => {
                    respond(exchange, &Answer::error(502, &reason));
                }
                (Some(Waiting::Message(Message { exchange, .. })), Outcome::Acknowledged) => {
                    let texts = responses.iter().flat_map(|batch| batch.messages());
                    let frames: Vec<_> = texts.map(|message| Frame::Text(message.bytes().to_vec())).collect();
                    reply(exchange, &frames);
                }
                (Some(Waiting::Message(message)), Outcome::Rejected { .. }) => {
                    self.retries.add(message, time::monotonic());
                }
                (None, _) => {}
            }
        }
    }
}

/// Answers a request. Whoever asked may have gone, or was answered for want of time.
fn respond(exchange: Exchange, Answer { status, headers, body }: &Answer) {
    if let Err(error) = exchange.respond(*status, headers, body) {
        log::debug(format!("A request was not answered: {error}"));
    }
}

fn reply(exchange: Exchange, frames: &[Frame]) {
    if let Err(error) = exchange.reply(frames) {
        log::debug(format!("A message of a websocket was not answered: {error}"));
    }
}
