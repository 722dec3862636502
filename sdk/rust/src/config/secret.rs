use serde_json::Value;

use super::{Config, Pointer, Spec, wrong_type};
use crate::Problem;

/// A reference to a secret, which only the host can look up. A component hands it to a capability.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The reference.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").finish_non_exhaustive()
    }
}

impl Config for Secret {
    fn spec() -> Spec {
        Spec::new("string").secret()
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        let reference = value.get("$secret").and_then(Value::as_str);
        reference.map(|text| Self(text.to_owned())).ok_or_else(|| wrong_type("secret", value, at))
    }
}
