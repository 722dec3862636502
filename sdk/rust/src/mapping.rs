use crate::docs::Docs;
use crate::expressions::Form;
use crate::{Batch, Error, Problem, Processed, Vocabulary};

/// What became of messages that a text was run onto.
#[derive(Debug)]
pub struct Changed {
    /// As many messages as there were.
    pub batch: Batch,
    /// Those whose root is deleted in the end, by index, rising. They are as far as they came.
    pub deleted: Vec<usize>,
}

/// A place in a message: the names on the way there, none for all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Document(Vec<String>),
    Metadata(Vec<String>),
}

/// What a text reads of the message that comes in and writes to the one that goes out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    pub reads: Vec<Target>,
    pub writes: Vec<Target>,
}

/// A text to compile.
#[derive(Debug, Clone, Copy)]
pub struct MappingText<'t> {
    pub source: &'t str,
    pub form: Form,
    /// What the text imports is relative to this folder: that of the file it stands in. Empty for a text without a
    /// file of its own, whose imports are relative to the working directory.
    pub folder: &'t str,
}

impl<'t> MappingText<'t> {
    /// A text without a file of its own.
    #[must_use]
    pub const fn new(source: &'t str, form: Form) -> Self {
        Self { source, form, folder: "" }
    }
}

/// A mapping language. One value is one compiled text.
pub trait MappingLanguage: Sized + 'static {
    /// `[a-z0-9_]+`
    const NAME: &'static str;
    const DOCS: Docs = Docs::DEFAULT;

    /// What texts in the language can call, if that is to be listed.
    #[must_use]
    fn vocabulary() -> Vocabulary {
        Vocabulary::default()
    }

    /// Compiles a text.
    ///
    /// # Errors
    /// Has the position in the text.
    fn compile(text: MappingText<'_>) -> Result<Self, Problem>;

    /// Runs a `mapping` or a `mutation` on every message. A message that fails is passed on with its
    /// error set, unchanged (a mutation: as far as it came).
    fn run(&mut self, batch: Batch) -> Processed;

    /// Runs a `mapping` on every message of a batch, which is only looked at: what it changes is the message of
    /// `onto` with the same index. A message of `onto` that has an error already is passed on as it is; one that
    /// fails gets its error, and is as far as it came.
    ///
    /// A language that does not have this refuses every message.
    fn run_onto(&mut self, batch: &Batch, onto: Batch) -> Changed {
        let _ = batch;
        let refused = onto.map(|message, _| match message.error() {
            Some(_) => Ok(()),
            None => Err(Error::new(format!("{} can't map one message onto another", Self::NAME))),
        });
        Changed { batch: refused.batch, deleted: Vec::new() }
    }

    /// What a `mapping` reads and writes, as far as the text tells; nothing where the language can't tell.
    fn targets(&self) -> Option<Targets> {
        None
    }

    /// Evaluates a `query` or an `interpolation` for every message: a batch of as many messages,
    /// whose payloads are the results as text and whose errors are those of the evaluation. A null
    /// result is a tombstone for a query and the text `null` otherwise.
    ///
    /// Tools also evaluate a `mapping`: the results are then the values that it gives, as `values` of the host's
    /// `Mapping` describes them. A language may refuse that by an error for every message.
    fn evaluate(&mut self, batch: &Batch) -> Batch;
}
