//! The functions. Adding one is adding a file and a line here.

mod kept;
mod random;

mod batch_index;
mod batch_size;
mod bytes;
mod cache_add;
mod cache_delete;
mod cache_get;
mod cache_set;
mod content;
mod cosine_similarity;
mod count;
mod counter;
mod deleted;
mod env;
mod error;
mod error_source_label;
mod error_source_name;
mod error_source_path;
mod error_source_type;
mod errored;
mod fake;
mod file;
mod file_rel;
mod file_rel_json;
mod flow_id;
mod hostname;
mod json;
mod ksuid;
mod meta;
mod metadata;
mod nanoid;
mod nothing;
mod now;
mod pi;
mod random_int;
mod range;
mod root_meta;
mod snowflake_id;
mod throw;
mod timestamp_unix;
mod timestamp_unix_micro;
mod timestamp_unix_milli;
mod timestamp_unix_nano;
mod tracing_id;
mod tracing_span;
mod ulid;
mod uuid_v4;
mod uuid_v7;
mod var;
mod with_schema_registry_header;

use crate::spec::FunctionSpec;

static FUNCTIONS: [FunctionSpec; 49] = [
    batch_index::SPEC,
    batch_size::SPEC,
    bytes::SPEC,
    cache_add::SPEC,
    cache_delete::SPEC,
    cache_get::SPEC,
    cache_set::SPEC,
    content::SPEC,
    cosine_similarity::SPEC,
    count::SPEC,
    counter::SPEC,
    deleted::SPEC,
    env::SPEC,
    error::SPEC,
    error_source_label::SPEC,
    error_source_name::SPEC,
    error_source_path::SPEC,
    error_source_type::SPEC,
    errored::SPEC,
    fake::SPEC,
    file::SPEC,
    file_rel::SPEC,
    file_rel_json::SPEC,
    flow_id::SPEC,
    hostname::SPEC,
    json::SPEC,
    ksuid::SPEC,
    meta::SPEC,
    metadata::SPEC,
    nanoid::SPEC,
    nothing::SPEC,
    now::SPEC,
    pi::SPEC,
    random_int::SPEC,
    range::SPEC,
    root_meta::SPEC,
    snowflake_id::SPEC,
    throw::SPEC,
    timestamp_unix::SPEC,
    timestamp_unix_micro::SPEC,
    timestamp_unix_milli::SPEC,
    timestamp_unix_nano::SPEC,
    tracing_id::SPEC,
    tracing_span::SPEC,
    ulid::SPEC,
    uuid_v4::SPEC,
    uuid_v7::SPEC,
    var::SPEC,
    with_schema_registry_header::SPEC,
];

/// All functions, in the order of their names.
pub fn functions() -> &'static [FunctionSpec] {
    &FUNCTIONS
}

pub(crate) fn find(name: &str) -> Option<&'static FunctionSpec> {
    FUNCTIONS.iter().find(|spec| spec.name == name)
}
