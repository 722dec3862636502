use std::num::NonZeroU32;

use serde_json::{Value, json};

use super::{Config, Pointer, Spec};
use crate::Problem;

/// How messages are collected to batches on their way to an output, or from an input, in a field that is named `batching`
/// and has the default `{}`. The host does that, in front of the output or behind the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPolicy {
    /// The most messages of a batch.
    count: Option<NonZeroU32>,
    /// Whether its size or a check completes a batch.
    by_others: bool,
    by_period: bool,
}

impl BatchPolicy {
    /// Whether there is anything by which a batch is complete.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        self.count.is_some() || self.by_others || self.by_period
    }

    /// With how many messages a batch is complete, if that is said.
    #[must_use]
    pub const fn count(&self) -> Option<NonZeroU32> {
        self.count
    }

    /// Whether a batch is complete after some time.
    #[must_use]
    pub const fn has_period(&self) -> bool {
        self.by_period
    }
}

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

    /// The host has checked the types.
    fn parse(value: &Value, _: &Pointer<'_>) -> Result<Self, Problem> {
        let number = |name| value.get(name).and_then(Value::as_i64).unwrap_or(0);
        let says = |name| value.get(name).is_some_and(|text| !matches!(text.as_str(), None | Some("")));
        let count = u32::try_from(number("count").max(0)).unwrap_or(u32::MAX);
        // A check in another language is an object.
        let has_check = says("check") || value.get("check").is_some_and(Value::is_object);
        Ok(Self {
            count: NonZeroU32::new(count),
            by_others: number("byte_size") > 0 || has_check,
            by_period: says("period"),
        })
    }
}
