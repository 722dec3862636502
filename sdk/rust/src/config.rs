//! Configurations: what a component's fields are, and how they are read.
//!
//! `#[derive(Config)]` makes both from a struct. Its fields may be of any type here that implements
//! [`Config`], and structs nest.
//!
//! | attribute of a field | meaning |
//! |---|---|
//! | `default = ..` | JSON: `"1s"`, `5`, `{"lines": {}}`; a field without one is required unless it is an `Option` |
//! | `rename = ".."` | the name in the configuration |
//! | `options("a", "b")` | the only strings allowed |
//! | `example = ..` | JSON; may stand several times |
//! | `mapping = "bloblang"` | the [`Mapping`] is in this language, if it names no other |
//! | `form = "query"` | its form: `mutation` or `query` |
//! | `advanced`, `deprecated` | shown apart |
//! | `flatten` | the fields of this struct stand among those of the one around it |
//!
//! Doc comments become the documentation of the field. A struct with one unnamed field is a plain
//! value, with the attributes of the struct itself.

mod basic;
mod cache;
mod collections;
mod duration;
mod fields;
mod interpolated;
mod mapping;
mod pointer;
mod rate_limit;
mod scanner;
mod secret;
mod spec;

pub use cache::CacheLabel;
pub use duration::parse_duration;
pub use fields::Fields;
pub use forebay_sdk_macros::Config;
pub use interpolated::{Interpolated, Values};
pub use mapping::Mapping;
pub use pointer::Pointer;
pub use rate_limit::RateLimitLabel;
pub use scanner::ScannerConfig;
pub use secret::Secret;
use serde_json::Value;
pub use spec::Spec;

use crate::Problem;

/// A type that a configuration, or a field of one, can have.
pub trait Config: Sized {
    /// Whether a missing field of this type is read as null.
    const OPTIONAL: bool = false;

    /// The description of the field, in the form of `description.md`.
    fn spec() -> Spec;

    /// Reads a value, which stands at `at` in the configuration.
    ///
    /// # Errors
    /// When it has another type, or says something that the type does not allow.
    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem>;
}

/// The problem of a value of another type.
pub(crate) fn wrong_type(expected: &str, value: &Value, at: &Pointer<'_>) -> Problem {
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Problem::new(format!("expected {expected} value, got {got}")).at(at)
}
