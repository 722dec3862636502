use std::sync::Arc;
use std::time::SystemTime;

use crate::{SpanId, TraceContext};

/// The most bytes of an error that a span keeps.
const MOST_OF_ERROR: usize = 1024;

/// What spans are about, the same for all that a component has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    pub name: String,
    /// Names and values.
    pub attributes: Vec<(String, String)>,
}

/// How long a message was with a component.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub context: TraceContext,
    /// The span of the same trace that it is part of.
    pub parent: Option<SpanId>,
    /// A span that came before, and that it does not count into.
    pub link: Option<TraceContext>,
    pub subject: Arc<Subject>,
    pub begun: SystemTime,
    pub ended: SystemTime,
    /// What the component failed for.
    pub error: Option<String>,
}

impl Subject {
    /// One without attributes.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), attributes: Vec::new() }
    }

    /// The same with another attribute.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Span {
    /// The same, of something that failed. Of a long error the beginning is kept.
    #[must_use]
    pub fn failed(self, error: &str) -> Self {
        let mut end = error.len().min(MOST_OF_ERROR);
        while !error.is_char_boundary(end) {
            end -= 1;
        }
        Self { error: Some(error[..end].to_owned()), ..self }
    }
}
