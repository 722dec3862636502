//! The mapping language `rhai`, and the processor of the same name that runs it. The language itself is the crate
//! `forebay-rhai`, whose page says what scripts see; this one lends it the messages of a batch and the world of a
//! guest.

mod language;
mod messages;
mod metadata;
mod processor;
mod runner;
mod surroundings;

use language::Rhai;
use processor::Processor;

forebay_sdk::plugin! {
    name: "rhai",
    summary: "The mapping language rhai.",
    mappings: [Rhai],
    processors: [Processor],
}
