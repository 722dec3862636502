//! What becomes of messages that a processor fails for: `error_handling`.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::lint::Examiner;
use crate::spec::{FieldSpec, FieldType};
use crate::yaml::Node;

const NAME: &str = "error_handling";

/// What becomes of messages that a processor fails for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct ErrorHandling {
    pub strategy: Strategy,
    pub log: ErrorLog,
}

/// Where such messages go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// On, flagged with the error.
    #[default]
    None,
    /// Nowhere: they are rejected.
    Reject,
    /// Nowhere: they, and those that are rejected later on, pass the processors again.
    Retry,
}

/// Which of them are logged.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct ErrorLog {
    pub enabled: bool,
    /// Whether with their contents.
    pub add_payload: bool,
    /// Which part of them, from 0 to 1.
    pub sampling_ratio: f64,
}

impl Default for ErrorLog {
    fn default() -> Self {
        Self { enabled: false, add_payload: false, sampling_ratio: 1.0 }
    }
}

pub(super) fn field() -> FieldSpec {
    let strategy = FieldSpec::new("strategy", FieldType::String)
        .with_default("none")
        .with_options(&["none", "reject", "retry"])
        .with_docs(
            "What becomes of messages that a processor fails for: they go on with their error (`none`), are rejected \
             (`reject`), or pass the processors again until they succeed (`retry`).",
        );
    let log = vec![
        FieldSpec::new("enabled", FieldType::Bool)
            .with_default(false)
            .with_docs("Whether each of these messages is logged."),
        FieldSpec::new("add_payload", FieldType::Bool)
            .with_default(false)
            .with_docs("Whether what is logged has the content of the message."),
        FieldSpec::new("sampling_ratio", FieldType::Float)
            .with_default(1.0)
            .with_docs("Which part of these messages is logged, from 0 to 1, chosen by chance."),
    ];
    let log = FieldSpec::new("log", FieldType::Object).with_fields(log).with_docs("Logs of such messages.");
    FieldSpec::new(NAME, FieldType::Object)
        .with_fields(vec![strategy, log])
        .with_docs("What becomes of messages that a processor fails for.")
        .advanced()
}

pub(super) fn examine(
    examiner: &mut Examiner<'_>,
    root: &Node,
    settings: &Map<String, Json>,
) -> ErrorHandling {
    let Some(setting) = settings.get(NAME) else { return ErrorHandling::default() };
    let at = || root.get(NAME).map_or(root.span, |node| node.span).start;
    match ErrorHandling::deserialize(setting) {
        Ok(handling) => {
            if !(0.0..=1.0).contains(&handling.log.sampling_ratio) {
                examiner.lint(at(), "sampling_ratio should be between 0 and 1".to_owned());
            }
            handling
        }
        // What does not fit was reported when the fields were read.
        Err(_) => ErrorHandling::default(),
    }
}
