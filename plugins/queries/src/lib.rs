//! The processors `jq`, `jmespath` and `json_schema`. The first two languages are the crates `forebay-jq` and
//! `forebay-jmespath`; schemas, and JSON itself, are those of Bloblang, so that all of them read and write alike.

mod content;
mod jmespath;
mod jq;
mod json_schema;
mod world;

use jmespath::Jmespath;
use jq::Jq;
use json_schema::JsonSchema;

forebay_sdk::plugin! {
    name: "queries",
    summary: "Queries of documents, and what documents must be like.",
    processors: [Jq, Jmespath, JsonSchema],
}
