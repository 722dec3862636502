use forebay_columns::Value;

use crate::bindings::capabilities::forebay::plugin::batches as wit;
use crate::config::Config;
use crate::docs::Docs;
use crate::streams::ByteStream;
use crate::{Batch, Context, Error, Problem};

/// A source of messages.
///
/// Life: `open`, then `connect` until it succeeds, then `read` again and again, then `close`.
pub trait Input: Sized + 'static {
    /// `[a-z0-9_]+`
    const NAME: &'static str;
    const DOCS: Docs = Docs::DEFAULT;
    /// Whether it reads rejected messages again itself, and gives rejected streams again
    /// ([`scanned::again`](crate::scanned::again)). Otherwise the host tries them again, and a rejection is final.
    const REREADS: bool = false;
    /// Whether it takes the responses to its batches, which come in [`Settlement::responses`].
    const RESPONDS: bool = false;
    /// Keys of metadata by whose values its batches are told apart where they are collected (`batching`): those that
    /// differ never go on together. All messages of a batch that it hands out have the same values.
    const LANES: &'static [&'static str] = &[];

    type Config: Config;

    /// Checks the configuration. Must not do any I/O.
    ///
    /// # Errors
    /// Says which field can't be used, and why.
    fn open(config: Self::Config, context: &Context) -> Result<Self, Problem>;

    /// Prepares for reading; called before the first `read` and after [`Event::NotConnected`].
    ///
    /// # Errors
    /// Tried again, with growing pauses.
    fn connect(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// The next messages. Takes the settlements that have come since the last call; each token comes
    /// back once. May wait, with [`waits`](crate::waits) or on a stream. After a shutdown it is called only where
    /// something was rejected that the input is to read again ([`Input::REREADS`]): nothing new is wanted then.
    ///
    /// # Errors
    /// Fails the input: it is closed and opened afresh.
    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error>;

    /// The last call, with the settlements since the last `read`.
    fn close(self, settled: Vec<Settlement>) {
        let _ = settled;
    }
}

/// Names a batch or stream that an input has handed out. Chosen by the input, unique in it.
pub type Token = u64;

/// What an input has.
#[derive(Debug)]
pub enum Event {
    /// Messages. They belong to the host until their token comes back in a settlement.
    Batch { token: Token, batch: Batch },
    /// A large object: the host runs the configured scanner over it, and asks for the next event when
    /// the scanner has reached its end.
    Stream(ArrivedStream),
    /// Nothing now. Return it when a wait was woken.
    Idle,
    /// There is nothing more to read. The host calls `close` once everything is settled.
    Ended,
    /// The connection is lost. The host calls `connect` again, with growing pauses.
    NotConnected(String),
}

/// A stream of bytes to cut into messages.
#[derive(Debug)]
pub struct ArrivedStream {
    pub token: Token,
    pub source: ByteStream,
    /// The name of the source (a path, a key) for errors, and for scanners that go by it.
    pub name: String,
    /// What every message of the stream gets as metadata.
    pub metadata: StreamMetadata,
}

/// Metadata that all messages of a stream get.
#[derive(Debug, Default)]
pub struct StreamMetadata(pub(crate) Vec<(String, wit::Value)>);

impl StreamMetadata {
    /// Adds a value. A key stands once.
    pub fn push(&mut self, key: impl Into<String>, value: Value<'_>) {
        let value = match value {
            Value::Null => wit::Value::Null,
            Value::Bool(value) => wit::Value::Boolean(value),
            Value::Signed(value) => wit::Value::Signed(value),
            Value::Unsigned(value) => wit::Value::Unsigned(value),
            Value::Float(value) => wit::Value::Float(value),
            Value::Text(value) => wit::Value::Text(value.to_owned()),
            Value::Bytes(value) => wit::Value::Bytes(value.to_vec()),
            Value::Timestamp { seconds, nanoseconds } => {
                wit::Value::Timestamp(wit::Timestamp { seconds, nanoseconds })
            }
            Value::Json(value) => wit::Value::Json(value.to_owned()),
        };
        self.0.push((key.into(), value));
    }
}

/// What became of a batch or a stream.
#[derive(Debug)]
pub struct Settlement {
    pub token: Token,
    pub outcome: Outcome,
    /// The responses to a batch, in the order in which they were given. Of inputs with [`Input::RESPONDS`].
    pub responses: Vec<Batch>,
}

impl Settlement {
    /// What became of something that nobody has responded to.
    #[must_use]
    pub const fn new(token: Token, outcome: Outcome) -> Self {
        Self { token, outcome, responses: Vec::new() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything derived from it was delivered, or dropped on purpose.
    Acknowledged,
    /// Some of it was not. An input with [`Input::REREADS`] reads those messages again; for others
    /// this is final.
    Rejected {
        reason: String,
        /// Indexes of the messages that failed; absent: all. Of a stream: absent, or empty where an input with
        /// [`Input::REREADS`] is not to read it again.
        messages: Option<Vec<u32>>,
    },
}
