//! A plugin with a component of every kind, which gets stuck where its configuration says.
//!
//! `at` names an export, `how` what happens there: `loop`, `trap`, `sleep` or `allocate`.
#![cfg(target_arch = "wasm32")]

mod how;
mod kinds;
mod processor;

use kinds::{StuckCache, StuckInput, StuckLanguage, StuckOutput, StuckScanner};
use processor::StuckProcessor;

forebay_sdk::plugin! {
    name: "stuck",
    summary: "Gets stuck.",
    inputs: [StuckInput],
    incremental_processors: [StuckProcessor],
    outputs: [StuckOutput],
    mappings: [StuckLanguage],
    scanners: [StuckScanner],
    caches: [StuckCache],
}
