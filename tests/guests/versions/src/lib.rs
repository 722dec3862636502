//! A pipeline's worth of components that say which build they are of.
//!
//! Tests make other builds of it by writing other digits over those of [`build`], or other names over
//! those of fields and components.

mod input;
mod output;
mod processor;
mod stumble;

use input::Numbers;
use output::Keep;
use processor::Stamp;
use stumble::Stumble;

/// Kept in one piece, so that it can be found in the file.
static TEXT: &str = "this guest is build 0000000001 of all";

/// The digits in the text.
fn build() -> &'static str {
    let text = std::hint::black_box(TEXT);
    text.get(20..30).unwrap_or_default()
}

forebay_sdk::plugin! {
    name: "versions",
    summary: "Says which build it is.",
    inputs: [Numbers],
    processors: [Stamp, Stumble],
    outputs: [Keep],
}
