use crate::docs::Docs;
use crate::expressions::Form;
use crate::{Batch, Problem, Processed, Vocabulary};

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
    fn compile(source: &str, form: Form) -> Result<Self, Problem>;

    /// Runs a `mapping` or a `mutation` on every message. A message that fails is passed on with its
    /// error set, unchanged (a mutation: as far as it came).
    fn run(&mut self, batch: Batch) -> Processed;

    /// Evaluates a `query` or an `interpolation` for every message: a batch of as many messages,
    /// whose payloads are the results as text and whose errors are those of the evaluation. A null
    /// result is a tombstone for a query and the text `null` otherwise.
    ///
    /// Tools also evaluate a `mapping`: the results are then the values that it gives, as `values` of the host's
    /// `Mapping` describes them. A language may refuse that by an error for every message.
    fn evaluate(&mut self, batch: &Batch) -> Batch;
}
