use crate::config::Config;
use crate::docs::Docs;
use crate::streams::ByteStream;
use crate::{Batch, Context, Error, Problem};

/// What cuts a stream of bytes into messages.
///
/// Life: `open`, then for every stream `begin` and `next` until it says `ended`, then `close`.
pub trait Scanner: Sized + 'static {
    /// `[a-z0-9_]+`
    const NAME: &'static str;
    const DOCS: Docs = Docs::DEFAULT;

    type Config: Config;

    /// Checks the configuration. Must not do any I/O.
    ///
    /// # Errors
    /// Says which field can't be used, and why.
    fn open(config: Self::Config, context: &Context) -> Result<Self, Problem>;

    /// Starts a stream, in place of the one before, which may not have ended. `name` is that of its
    /// source.
    ///
    /// # Errors
    /// Fails the stream.
    fn begin(&mut self, source: ByteStream, name: &str) -> Result<(), Error>;

    /// The next messages: what has arrived, without waiting for more than one.
    ///
    /// # Errors
    /// Fails the rest of the stream.
    fn next(&mut self) -> Result<Scanned, Error>;

    fn close(self) {}
}

/// What a scanner has.
#[derive(Debug)]
pub enum Scanned {
    /// Messages, in the order of the stream.
    Batch(Batch),
    /// Nothing now. Return it when a read was woken.
    Idle,
    /// The stream is at its end and everything in it has been returned.
    Ended,
}
