//! Requests of others: the input and the output `http_server`.
//!
//! The host speaks HTTP, and keeps the limits; here requests become messages, and responses answers.

mod answer;
mod asked;
mod content_type;
mod fields;
mod input;
mod output;
mod retries;
mod values;

pub(crate) use input::HttpServerInput;
pub(crate) use output::HttpServerOutput;
