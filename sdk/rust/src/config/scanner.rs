use serde_json::Value;

use super::{Config, Pointer, Spec};
use crate::Problem;

/// A scanner in a field: `{"name": {...}}`.
///
/// In an input the host runs it over the streams that the input returns; the input itself has no use
/// for it. In a scanner it is one of the same plugin, which the outer one runs itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ScannerConfig(Value);

impl ScannerConfig {
    /// The scanner's own configuration.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.0
    }
}

impl Config for ScannerConfig {
    fn spec() -> Spec {
        Spec::new("scanner")
    }

    fn parse(value: &Value, _at: &Pointer<'_>) -> Result<Self, Problem> {
        Ok(Self(value.clone()))
    }
}
