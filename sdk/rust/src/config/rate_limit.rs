use std::ops::Deref;

use serde_json::Value;

use super::{Config, Pointer, Spec};
use crate::Problem;

/// The label of one of the pipeline's rate limits, for [`rate_limits`](crate::rate_limits). `lint` demands that
/// there is one. A component may ask only those limits that fields of this type name. Where the field is
/// optional, an empty text stands for none: see [`RateLimitLabel::given`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimitLabel(String);

impl RateLimitLabel {
    /// What an optional field names, if it names anything.
    #[must_use]
    pub fn given(field: Option<Self>) -> Option<Self> {
        field.filter(|label| !label.is_empty())
    }
}

impl Config for RateLimitLabel {
    fn spec() -> Spec {
        Spec::new("string").resource("rate_limit")
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        String::parse(value, at).map(Self)
    }
}

impl Deref for RateLimitLabel {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}
