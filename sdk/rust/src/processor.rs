use crate::config::Config;
use crate::docs::Docs;
use crate::operation::Operation;
use crate::streams::ByteSink;
use crate::{Batch, Context, Error, Problem, Processed};

/// A transformation of batches.
///
/// Life: `open`, then `process` again and again, then `close`.
pub trait Processor: Sized + 'static {
    /// `[a-z0-9_]+`
    const NAME: &'static str;
    const DOCS: Docs = Docs::DEFAULT;

    type Config: Config;

    /// Checks the configuration. Must not do any I/O.
    ///
    /// # Errors
    /// Says which field can't be used, and why.
    fn open(config: Self::Config, context: &Context) -> Result<Self, Problem>;

    /// Transforms one batch. A message that can't be transformed is passed on with its error set.
    /// Does not wait.
    ///
    /// # Errors
    /// Flags every message of the batch, unchanged.
    fn process(&mut self, batch: Batch) -> Result<Processing, Error>;

    /// Goes on after an operation that `process` or `resume` returned.
    ///
    /// # Errors
    /// As in `process`.
    fn resume(&mut self, operation: Operation) -> Result<Processing, Error> {
        Err(Error::new(format!("operation {} was not started here", operation.id())))
    }

    fn close(self) {}
}

/// What became of a batch.
#[derive(Debug)]
pub enum Processing {
    /// The results, in order. None at all: the source was dropped on purpose.
    Done(Vec<Processed>),
    /// The host awaits this, then calls `resume` with it. Other batches may come before that.
    Pending(Operation),
}

impl From<Processed> for Processing {
    fn from(processed: Processed) -> Self {
        Self::Done(vec![processed])
    }
}

/// Passes the batch on as it is.
impl From<Batch> for Processing {
    fn from(batch: Batch) -> Self {
        Self::Done(vec![batch.into()])
    }
}

/// The incremental form of a processor: a batch that is too large to be held is fed slice by slice.
///
/// A plugin names such a processor under `incremental_processors` instead of `processors`.
pub trait IncrementalProcessor: Processor {
    /// Whether slices are pieces of one message, each with the next bytes of its payload, rather than messages.
    const OF_PIECES: bool = false;

    /// Starts a batch. The payload of its single result message goes to `sink`.
    ///
    /// # Errors
    /// The batch can't be made slice by slice; it comes whole then.
    fn begin(&mut self, sink: ByteSink) -> Result<(), Error>;

    /// The next messages. May write to the sink; waiting there is how the receiver holds back.
    ///
    /// # Errors
    /// Fails these messages and leaves what was added before.
    fn add(&mut self, slice: &Batch) -> Result<(), Error>;

    /// Writes what is left and ends the batch, whose metadata is returned.
    ///
    /// # Errors
    /// Fails the batch.
    fn finish(&mut self) -> Result<crate::StreamMetadata, Error>;

    /// Gives the batch up.
    fn abort(&mut self);
}
