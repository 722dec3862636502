//! A plugin with one component of every kind.

mod cache;
mod input;
mod language;
mod output;
mod processor;
mod scanner;

use cache::KindsCache;
use input::KindsInput;
use language::Shouting;
use output::KindsOutput;
use processor::Counting;
use scanner::Chunks;

forebay_sdk::plugin! {
    name: "kinds",
    summary: "Has a component of every kind.",
    inputs: [KindsInput],
    incremental_processors: [Counting],
    outputs: [KindsOutput],
    mappings: [Shouting],
    scanners: [Chunks],
    caches: [KindsCache],
}
