use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_metrics::Metrics;
use forebay_pipeline_config::Catalog;
use forebay_pipeline_message::{Batch, Failure, Outcome, Processed};
use forebay_traces::Tracer;
use tokio::sync::mpsc;

use crate::setup::{ByteStream, Form, MetadataValue, Setup};
use crate::{ComponentError, OpenError, Operation};

/// Opens components. Shared by all pipelines of a process.
#[async_trait]
pub trait Components: Send + Sync + 'static {
    /// What can be opened now; it changes when plugins do.
    fn catalog(&self) -> Arc<Catalog>;

    /// Where the engine counts what only it knows.
    fn metrics(&self) -> Arc<Metrics> {
        Arc::default()
    }

    /// What makes spans of messages; off where nobody wants them.
    fn tracer(&self) -> Tracer {
        Tracer::off()
    }

    /// # Errors
    /// When the component is unknown, its configuration is at fault, or its plugin fails.
    async fn open_input(&self, setup: Setup) -> Result<Box<dyn Input>, OpenError>;

    /// # Errors
    /// As [`Components::open_input`].
    async fn open_processor(&self, setup: Setup) -> Result<Box<dyn Processor>, OpenError>;

    /// # Errors
    /// As [`Components::open_input`].
    async fn open_output(&self, setup: Setup) -> Result<Box<dyn Output>, OpenError>;

    /// # Errors
    /// As [`Components::open_input`].
    async fn open_scanner(&self, setup: Setup) -> Result<Box<dyn Scanner>, OpenError>;

    /// Opens the incremental form of a processor whose description says that it has one.
    ///
    /// # Errors
    /// As [`Components::open_input`].
    async fn open_incremental(&self, setup: Setup) -> Result<Box<dyn IncrementalProcessor>, OpenError>;

    /// # Errors
    /// As [`Components::open_input`].
    async fn open_cache(&self, setup: Setup) -> Result<Box<dyn Cache>, OpenError>;

    /// Compiles a text in a mapping language, only to see whether it is right.
    ///
    /// # Errors
    /// A [`crate::Problem`] with its position.
    async fn check_mapping(&self, text: MappingText<'_>) -> Result<(), OpenError>;

    /// Compiles a text in a mapping language, to run it from outside of any component: `setup` says for whom.
    ///
    /// # Errors
    /// The language is unknown, the text is at fault (with its position), or the plugin fails.
    async fn open_mapping(
        &self,
        text: MappingText<'_>,
        setup: &Setup,
    ) -> Result<Box<dyn Mapping>, OpenError> {
        let _ = setup;
        Err(OpenError::Unknown { kind: "mapping", name: text.language.to_owned() })
    }
}

/// A text in a mapping language.
#[derive(Debug, Clone, Copy)]
pub struct MappingText<'t> {
    pub language: &'t str,
    pub source: &'t str,
    pub form: Form,
    /// The file that holds the text and nothing else, if there is one: what it imports is relative to that. It is
    /// relative to the working directory otherwise.
    pub file: Option<&'t Path>,
}

impl<'t> MappingText<'t> {
    /// A text that no file of its own holds.
    #[must_use]
    pub const fn new(language: &'t str, source: &'t str, form: Form) -> Self {
        Self { language, source, form, file: None }
    }
}

/// A compiled text in a mapping language.
#[async_trait]
pub trait Mapping: Send {
    /// What the text makes of a batch: a mapping or a mutation is run, other forms are evaluated.
    ///
    /// # Errors
    /// Why the language's plugin failed; the next call opens another instance of it.
    async fn apply(&mut self, batch: Batch) -> Result<Processed, String>;

    /// Runs a mapping on every message of `batch`, which is only looked at, and changes by it the message of `onto`
    /// with the same index: both have the same length. A message of `onto` that is flagged already is left alone; one
    /// that fails is flagged, and as far as it came.
    ///
    /// # Errors
    /// As [`Mapping::apply`].
    async fn apply_onto(&mut self, batch: Batch, onto: Batch) -> Result<Changed, String> {
        let _ = (batch, onto);
        Err("this text can't be run onto other messages".to_owned())
    }

    /// What a mapping reads and writes, as far as its text tells; nothing where its language can't tell.
    ///
    /// # Errors
    /// As [`Mapping::apply`].
    async fn targets(&mut self) -> Result<Option<Targets>, String> {
        Ok(None)
    }

    /// What a mapping gives for every message, as a tool shows it rather than as a message: a batch of as many
    /// messages. [`VALUE_KIND`] in their metadata says what they hold; a message that fails is flagged. A mapping that
    /// gives nothing gives what it looks at. With [`THIS_IS_BYTES`] in its metadata the content of a message is bytes to
    /// the mapping, not a document; the mapping does not see that key.
    ///
    /// # Errors
    /// As [`Mapping::apply`].
    async fn values(&mut self, batch: Batch) -> Result<Batch, String>;
}

/// What became of messages that a mapping was run onto.
#[derive(Debug)]
pub struct Changed {
    /// As many messages as there were.
    pub batch: Batch,
    /// Those whose root is deleted in the end, by index, rising. They are as far as they came.
    pub deleted: Vec<u32>,
}

/// A place in a message: the names on the way there, none for all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Document(Vec<String>),
    Metadata(Vec<String>),
}

/// What a mapping reads of the message that comes in and writes to the one that goes out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    pub reads: Vec<Target>,
    pub writes: Vec<Target>,
}

/// Metadata of a value: `json` for the text of a document, `text` for any other, `deleted` where nothing is left.
pub const VALUE_KIND: &str = "kind";
/// Metadata of a message that a mapping sees as bytes.
pub const THIS_IS_BYTES: &str = "forebay_this_is_bytes";

/// Names a batch or a stream that an input has handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub u64);

/// What became of it.
#[derive(Debug, Clone)]
pub struct Settlement {
    pub token: Token,
    pub outcome: Outcome,
    /// The responses to a batch, in the order in which they were given. Of inputs that take them.
    pub responses: Vec<Batch>,
}

impl Settlement {
    /// What became of something that nobody has responded to.
    #[must_use]
    pub const fn new(token: Token, outcome: Outcome) -> Self {
        Self { token, outcome, responses: Vec::new() }
    }
}

/// What an input has to say.
pub enum Event {
    Batch(Token, Batch),
    Stream(Token, Stream),
    /// Nothing now: call again, with what is pending.
    Idle,
    /// Nothing more, for good.
    Ended,
    NotConnected(String),
}

/// A large object, to be cut into messages by a scanner.
pub struct Stream {
    pub source: Box<dyn ByteStream>,
    pub name: String,
    /// What every message of it gets.
    pub metadata: Vec<(String, MetadataValue)>,
    /// The rejected stream that this is once more, from its start: what was delivered of that is not wanted.
    pub again: Option<Token>,
}

/// A source of messages.
#[async_trait]
pub trait Input: Send {
    /// # Errors
    /// Worth another try, after a pause.
    async fn connect(&mut self) -> Result<(), ComponentError>;

    /// The next messages. May wait until [`crate::Wakes`] of its setup says otherwise; while that holds it back it should
    /// hand out nothing.
    ///
    /// # Errors
    /// The input must be opened afresh; tokens that it has handed out are void.
    async fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, ComponentError>;

    /// Says what a scanner has made last of the last stream that this has handed out, before the next `read`: a batch,
    /// or one message of a batch whose messages stand for themselves.
    fn scanned(&mut self, last: Batch) {
        drop(last);
    }

    /// The last call, with the last settlements.
    async fn close(&mut self, settled: Vec<Settlement>);

    /// Opens an instance of a newer build of the plugin beside the one that works, where there is one.
    /// Whether one is ready to take over; cheap while there is none. One that can't be opened is
    /// reported, and the old one goes on.
    async fn prepare(&mut self) -> bool {
        false
    }

    /// Closes the instance, as [`Input::close`] does, and puts the prepared one in its place, which must
    /// be connected next. Call it when nothing is in flight: tokens belong to the instance.
    async fn take_over(&mut self, settled: Vec<Settlement>) {
        self.close(settled).await;
    }
}

/// What a processor gave.
#[derive(Debug)]
pub enum Processing {
    Done(Vec<Processed>),
    /// Await it, then call [`Processor::resume`].
    Pending(Operation),
}

/// A transformation of batches.
#[async_trait]
pub trait Processor: Send {
    /// # Errors
    /// [`ComponentError::Failed`] flags every message; [`ComponentError::Lost`] fails the batch.
    async fn process(&mut self, batch: Batch) -> Result<Processing, ComponentError>;

    /// # Errors
    /// As [`Processor::process`].
    async fn resume(&mut self, operation: Operation) -> Result<Processing, ComponentError>;

    async fn close(&mut self);

    /// The CPU time of all calls up to now.
    fn cpu(&self) -> Duration {
        Duration::ZERO
    }
}

/// A processor that is fed slice by slice, and writes what it makes of them.
///
/// Where a call loses the instance, what was begun is lost with it: the next call is `begin`.
#[async_trait]
pub trait IncrementalProcessor: Send {
    /// Starts a batch, whose result goes to `sink`; a full channel holds the guest back.
    ///
    /// # Errors
    /// The batch can't be started.
    async fn begin(&mut self, sink: mpsc::Sender<Vec<u8>>) -> Result<(), ComponentError>;

    /// # Errors
    /// [`ComponentError::Failed`]: this slice was not taken; those before it stay.
    async fn add(&mut self, slice: Batch) -> Result<(), ComponentError>;

    /// Writes what is left; the metadata of the result.
    ///
    /// # Errors
    /// Nothing of the batch counts as written.
    async fn finish(&mut self) -> Result<Vec<(String, MetadataValue)>, ComponentError>;

    /// Gives the batch up.
    async fn abort(&mut self);

    async fn close(&mut self);
}

/// A store of small values.
#[async_trait]
pub trait Cache: Send {
    /// # Errors
    /// Worth another try, after a pause.
    async fn connect(&mut self) -> Result<(), ComponentError>;

    /// The value of a key that is there and has not expired.
    ///
    /// # Errors
    /// The store can't be asked.
    async fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, ComponentError>;

    /// Sets a value in place of an older one.
    ///
    /// # Errors
    /// It was not set.
    async fn set(
        &mut self,
        key: &str,
        value: &[u8],
        expires_after: Option<Duration>,
    ) -> Result<(), ComponentError>;

    /// Sets a value unless there is one; whether it did.
    ///
    /// # Errors
    /// Whether it was set is not known.
    async fn add(
        &mut self,
        key: &str,
        value: &[u8],
        expires_after: Option<Duration>,
    ) -> Result<bool, ComponentError>;

    /// # Errors
    /// It was not removed.
    async fn delete(&mut self, key: &str) -> Result<(), ComponentError>;

    async fn close(&mut self);
}

/// What a scanner gave.
#[derive(Debug)]
pub enum Scanned {
    Batch(Batch),
    Idle,
    /// The stream is at its end.
    Ended,
}

/// Cuts streams of bytes into messages.
#[async_trait]
pub trait Scanner: Send {
    /// Starts a stream, in place of the one before.
    ///
    /// # Errors
    /// The stream can't be scanned.
    async fn begin(&mut self, source: Box<dyn ByteStream>, name: &str) -> Result<(), ComponentError>;

    /// # Errors
    /// The rest of the stream is lost.
    async fn next(&mut self) -> Result<Scanned, ComponentError>;

    async fn close(&mut self);
}

/// What became of a written batch. Messages that neither list names are delivered.
#[derive(Debug, Default)]
pub struct Written {
    pub failed: Vec<Failure>,
    pub pending: Vec<Pending>,
}

/// Messages whose delivery is under way.
#[derive(Debug)]
pub struct Pending {
    pub operation: Operation,
    /// Indexes in the batch; `None`: all.
    pub messages: Option<Vec<u32>>,
    /// Whether [`Output::resolve`] wants the operation when it has ended.
    pub resolve: bool,
}

/// Why a batch was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Nothing was delivered: connect, then write the same batch again.
    #[error("not connected: {0}")]
    NotConnected(String),
    #[error(transparent)]
    Component(#[from] ComponentError),
}

/// A destination of messages.
#[async_trait]
pub trait Output: Send {
    /// # Errors
    /// Worth another try, after a pause.
    async fn connect(&mut self) -> Result<(), ComponentError>;

    /// Starts to deliver a batch, without waiting for its operations.
    ///
    /// # Errors
    /// When nothing of it was delivered.
    async fn write(&mut self, batch: Batch) -> Result<Written, WriteError>;

    /// Whether [`Output::write_stream`] works.
    fn streams(&self) -> bool {
        false
    }

    /// Starts to deliver one message whose payload comes as it is made. `head` is a batch of that message without its
    /// payload, which is whole when `payload` ends. Where reading it fails, the message is given up, and nothing of it
    /// may be seen; the error is that of the call then. What this gives is as for a batch of that one message.
    ///
    /// # Errors
    /// When nothing of it was delivered. What was read of the payload does not come again.
    async fn write_stream(
        &mut self,
        head: Batch,
        payload: Box<dyn ByteStream>,
    ) -> Result<Written, WriteError> {
        drop((head, payload));
        Err(ComponentError::Failed("this output takes no streams".to_owned()).into())
    }

    /// Goes on after an operation that asked for it.
    ///
    /// # Errors
    /// When the messages of that operation were not delivered.
    async fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError>;

    async fn close(&mut self);

    /// As [`Input::prepare`].
    async fn prepare(&mut self) -> bool {
        false
    }

    /// Closes the instance and puts the prepared one in its place, which must be connected next. Call it
    /// when no operation is under way: those that the old one has started are void then.
    async fn take_over(&mut self) {
        self.close().await;
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("name", &self.name)
            .field("metadata", &self.metadata)
            .field("again", &self.again)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Batch(token, batch) => f.debug_tuple("Batch").field(token).field(batch).finish(),
            Self::Stream(token, stream) => f.debug_tuple("Stream").field(token).field(&stream.name).finish(),
            Self::Idle => f.write_str("Idle"),
            Self::Ended => f.write_str("Ended"),
            Self::NotConnected(reason) => f.debug_tuple("NotConnected").field(reason).finish(),
        }
    }
}
