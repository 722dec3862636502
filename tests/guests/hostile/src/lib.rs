//! Components that trap, pass limits, break the contract and reach for what is not theirs.
//!
//! The processor `misbehave` does what its `mode` says with a batch whose first payload is `bad`. Any
//! other batch it answers with the number of calls so far, which tells a fresh instance from an old one.
#![cfg(target_arch = "wasm32")]

mod amplify;
mod contract;
mod input;
mod limits;
mod processor;
mod reach;
mod traps;

use input::Repeating;
use processor::Misbehave;

forebay_sdk::plugin! {
    name: "hostile",
    summary: "Does all that it must not do.",
    inputs: [Repeating],
    processors: [Misbehave],
}
