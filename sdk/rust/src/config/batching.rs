use serde_json::{Value, json};

use super::{Config, Pointer, Spec};
use crate::Problem;

/// How messages are collected to batches on their way to an output, in a field that is named `batching` and has
/// the default `{}`. The host does that, in front of the output, which has no use for it itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPolicy(());

impl Config for BatchPolicy {
    fn spec() -> Spec {
        Spec::object(vec![
            Spec::new("int")
                .named("count")
                .default(json!(0))
                .docs("A batch is complete with so many messages; 0 for any number."),
            Spec::new("int")
                .named("byte_size")
                .default(json!(0))
                .docs("A batch is complete when its contents have so many bytes or more; 0 for any size."),
            Spec::new("string")
                .named("period")
                .default(json!(""))
                .docs("How long after the batch before it a batch goes on although it is not complete."),
            Spec::new("float")
                .named("jitter")
                .default(json!(0.0))
                .docs("By how much of the period, as a fraction of it, it may be longer by chance.")
                .advanced(),
            Spec::new("string")
                .named("check")
                .mapping("bloblang")
                .default(json!(""))
                .docs("A batch is complete when this says so of the message that was added last."),
            Spec::new("processor")
                .array()
                .named("processors")
                .default(json!([]))
                .docs("Work on a complete batch; all that they make of it goes on as one batch.")
                .advanced(),
        ])
    }

    fn parse(_: &Value, _: &Pointer<'_>) -> Result<Self, Problem> {
        Ok(Self(()))
    }
}
