//! The functions. Adding one is adding a file and a line here.

mod batch_index;
mod batch_size;
mod content;
mod counter;
mod deleted;
mod env;
mod error;
mod errored;
mod hostname;
mod json;
mod meta;
mod metadata;
mod nothing;
mod now;
mod pi;
mod random_int;
mod range;
mod root_meta;
mod throw;
mod timestamp_unix;
mod timestamp_unix_micro;
mod timestamp_unix_milli;
mod timestamp_unix_nano;
mod uuid_v4;
mod var;

use crate::spec::FunctionSpec;

static FUNCTIONS: [FunctionSpec; 25] = [
    batch_index::SPEC,
    batch_size::SPEC,
    content::SPEC,
    counter::SPEC,
    deleted::SPEC,
    env::SPEC,
    error::SPEC,
    errored::SPEC,
    hostname::SPEC,
    json::SPEC,
    meta::SPEC,
    metadata::SPEC,
    nothing::SPEC,
    now::SPEC,
    pi::SPEC,
    random_int::SPEC,
    range::SPEC,
    root_meta::SPEC,
    throw::SPEC,
    timestamp_unix::SPEC,
    timestamp_unix_micro::SPEC,
    timestamp_unix_milli::SPEC,
    timestamp_unix_nano::SPEC,
    uuid_v4::SPEC,
    var::SPEC,
];

/// All functions, in the order of their names.
pub fn functions() -> &'static [FunctionSpec] {
    &FUNCTIONS
}

pub(crate) fn find(name: &str) -> Option<&'static FunctionSpec> {
    FUNCTIONS.iter().find(|spec| spec.name == name)
}
