//! Requests to HTTP servers: the processor `http`, the input and the output `http_client`. And requests of others: the
//! input and the output `http_server`, see `server`.
//!
//! The first three share the fields of `fields` and the `client` that is made of them: it composes requests of
//! messages, judges what came back, and says after which pause a failed one is tried again. Processor and
//! output start requests and go on; the input waits for its own.

mod certificates;
mod client;
mod dump;
mod exchange;
mod failure;
mod fields;
mod input;
mod keys;
mod media_type;
mod multipart;
mod output;
mod pauses;
mod processor;
mod request;
mod response;
mod server;
mod status;

use input::HttpClientInput;
use output::HttpClientOutput;
use processor::Http;
use server::{HttpServerInput, HttpServerOutput};

forebay_sdk::plugin! {
    name: "http",
    summary: "Sends requests to HTTP servers, and answers those of others.",
    inputs: [HttpClientInput, HttpServerInput],
    processors: [Http],
    outputs: [HttpClientOutput, HttpServerOutput],
}
