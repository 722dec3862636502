//! The mapping language `bloblang`, and the processors `mapping` (of the old name `bloblang`) and
//! `mutation` that run it. The language itself is the crate `forebay-bloblang`; this one lends it the
//! messages of a batch and the world of a guest.

mod language;
mod messages;
mod metadata;
mod onto;
mod processors;
mod runner;
mod surroundings;
mod values;
mod vocabulary;

use language::Bloblang;
use processors::{Mapping, Mutation, OldMapping, Processor};

forebay_sdk::plugin! {
    name: "bloblang",
    summary: "The mapping language Bloblang.",
    mappings: [Bloblang],
    processors: [Processor<Mapping>, Processor<OldMapping>, Processor<Mutation>],
}
