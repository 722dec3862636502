use crate::config::Config;
use crate::docs::Docs;
use crate::operation::Operation;
use crate::streams::ByteStream;
use crate::{Batch, Context, Error, Problem};

/// A destination of messages.
///
/// Life: `open`, then `connect` until it succeeds, then `write` and `resolve`, then `close`.
pub trait Output: Sized + 'static {
    /// `[a-z0-9_]+`
    const NAME: &'static str;
    const DOCS: Docs = Docs::DEFAULT;

    type Config: Config;

    /// Checks the configuration. Must not do any I/O.
    ///
    /// # Errors
    /// Says which field can't be used, and why.
    fn open(config: Self::Config, context: &Context) -> Result<Self, Problem>;

    /// Prepares for writing; called before the first `write` and after [`WriteError::NotConnected`].
    ///
    /// # Errors
    /// Tried again, with growing pauses.
    fn connect(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Starts to deliver one batch and does not wait for its own operations, so that the host can
    /// have several batches under way. Delivered means durable, as far as the destination can be.
    ///
    /// # Errors
    /// When nothing of the batch was delivered.
    fn write(&mut self, batch: Batch) -> Result<Written, WriteError>;

    /// Goes on after an operation that asked for it. Indexes count in the batch that it belongs to.
    ///
    /// # Errors
    /// As in `write`.
    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        Err(WriteError::Failed(format!("operation {} was not started here", operation.id())))
    }

    fn close(self) {}
}

/// An output that also takes one message while it is made, so that a large one is never held as a whole.
///
/// A plugin names such an output under `streaming_outputs` instead of `outputs`.
pub trait StreamingOutput: Output {
    /// Starts to deliver one message. `head` is a batch of it without its payload, which comes through `payload` as it is
    /// made and is whole when that ends. Where reading it fails, the message is given up, and nothing of it may be seen.
    /// An operation of the host that takes a stream ([`files::append_from`](crate::files::append_from)) reads it while
    /// the host goes on; reading it here may wait.
    ///
    /// # Errors
    /// When it was not delivered. What was read of the payload does not come again.
    fn write_stream(&mut self, head: Batch, payload: ByteStream) -> Result<Written, WriteError>;
}

/// How far a batch was delivered. Messages that neither list names are delivered.
#[derive(Debug, Default)]
pub struct Written {
    pub failed: Vec<Failure>,
    pub pending: Vec<Pending>,
}

/// Messages that were not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub reason: String,
    /// Indexes in the batch that was written; absent: all its messages.
    pub messages: Option<Vec<u32>>,
}

/// An operation that messages wait for.
#[derive(Debug)]
pub struct Pending {
    pub operation: Operation,
    /// The messages that are delivered when the operation succeeds; absent: all.
    pub messages: Option<Vec<u32>>,
    /// Whether the host hands the operation to [`Output::resolve`] when it has ended. Otherwise the
    /// host settles these messages by the operation's own success or failure.
    pub resolve: bool,
}

impl Written {
    /// All messages are delivered.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }
}

/// All messages are delivered when the operation succeeds.
impl From<Operation> for Written {
    fn from(operation: Operation) -> Self {
        let pending = Pending { operation, messages: None, resolve: false };
        Self { failed: Vec::new(), pending: vec![pending] }
    }
}

/// Why nothing of a batch was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    /// The connection is lost. The host calls `connect` with growing pauses, then `write` with the
    /// same batch.
    NotConnected(String),
    /// All messages failed.
    Failed(String),
}

impl From<Error> for WriteError {
    fn from(error: Error) -> Self {
        Self::Failed(error.into_message())
    }
}
