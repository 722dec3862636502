//! Mappings and interpolated strings, in any mapping language that the host knows.

use std::fmt;

pub use crate::bindings::capabilities::forebay::plugin::configuration::Form;
use crate::{Batch, Error, Problem, Processed};

/// The language of Bento, and of interpolated strings.
pub const BLOBLANG: &str = "bloblang";

/// A compiled text in a mapping language.
///
/// Natively, in tests, [`testing::set_language`](crate::testing::set_language) says what texts mean.
pub struct Expression {
    #[cfg(target_arch = "wasm32")]
    resource: crate::bindings::capabilities::forebay::expressions::expressions::Expression,
    #[cfg(not(target_arch = "wasm32"))]
    text: crate::testing::Text,
}

impl Expression {
    /// Compiles a text; may be called while a component opens.
    ///
    /// # Errors
    /// Says where in the text the problem is.
    pub fn compile(language: &str, source: &str, form: Form) -> Result<Self, Problem> {
        #[cfg(target_arch = "wasm32")]
        {
            use crate::bindings::capabilities::forebay::expressions::expressions as wit;

            Ok(Self { resource: wit::Expression::compile(language, source, form)? })
        }
        #[cfg(not(target_arch = "wasm32"))]
        Ok(Self { text: crate::testing::Text::new(language, source, form)? })
    }

    /// Runs a mapping or a mutation on every message. A message that fails is passed on with its
    /// error set.
    ///
    /// # Errors
    /// When the language's plugin failed; no message was changed.
    pub fn run(&self, batch: Batch) -> Result<Processed, Error> {
        #[cfg(target_arch = "wasm32")]
        {
            self.resource.run(batch.into()).map(Processed::from).map_err(Error::new)
        }
        #[cfg(not(target_arch = "wasm32"))]
        self.text.run(&batch)
    }

    /// Evaluates a query or an interpolation for every message: a batch of as many messages, whose
    /// payloads are the results as text and whose errors are those of the evaluation.
    ///
    /// # Errors
    /// When the language's plugin failed.
    pub fn evaluate(&self, batch: &Batch) -> Result<Batch, Error> {
        #[cfg(target_arch = "wasm32")]
        {
            self.resource.evaluate(batch.handle().resource()).map(Batch::from).map_err(Error::new)
        }
        #[cfg(not(target_arch = "wasm32"))]
        self.text.run(batch).map(|processed| processed.batch)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expression").finish_non_exhaustive()
    }
}
