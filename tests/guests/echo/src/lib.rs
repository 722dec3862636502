//! Processors that hand back what they get, each by another way through the contract, for tests and
//! for benches.
#![cfg(target_arch = "wasm32")]

mod add;
mod mapped;
mod same;

use add::Add;
use mapped::Mapped;
use same::{Columns, Echo, Nothing, Rebuilt, Records};

forebay_sdk::plugin! {
    name: "echo",
    summary: "Hands back what it gets.",
    processors: [Echo, Columns, Rebuilt, Records, Add, Mapped, Nothing],
}
