use std::ops::Deref;

use serde_json::Value;

use super::{Config, Pointer, Spec};
use crate::Problem;

/// The label of one of the pipeline's caches, for [`caches`](crate::caches). `lint` demands that
/// there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheLabel(String);

impl Config for CacheLabel {
    fn spec() -> Spec {
        Spec::new("string").resource("cache")
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        String::parse(value, at).map(Self)
    }
}

impl Deref for CacheLabel {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}
