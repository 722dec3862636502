//! Which functions and methods a source may use.

use crate::spec::FunctionSpec;
use crate::{functions, methods};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vocabulary {
    Whole,
    /// What a mapping may use that is itself a value of another mapping: nothing that asks the world or the message,
    /// and, as in Bento, none of the functions and methods that are added like plugins.
    Dynamic,
}

/// The functions of a dynamic mapping.
const FUNCTIONS: [&str; 16] = [
    "deleted",
    "ksuid",
    "meta",
    "nanoid",
    "nothing",
    "now",
    "random_int",
    "range",
    "root_meta",
    "throw",
    "timestamp_unix",
    "timestamp_unix_micro",
    "timestamp_unix_milli",
    "timestamp_unix_nano",
    "uuid_v4",
    "var",
];

/// Methods that leave the name of their target to whoever is further out, without being plugins.
const NATIVE: [&str; 2] = ["apply", "set"];

impl Vocabulary {
    pub(super) fn function(self, name: &str) -> Option<&'static FunctionSpec> {
        let known = self == Self::Whole || FUNCTIONS.contains(&name);
        known.then(|| functions::find(name)).flatten()
    }

    pub(super) fn method(self, name: &str) -> Option<&'static FunctionSpec> {
        let spec = methods::find(name)?;
        let plugin = spec.unnamed && !NATIVE.contains(&name) || name == "bloblang";
        (self == Self::Whole || !plugin).then_some(spec)
    }
}
