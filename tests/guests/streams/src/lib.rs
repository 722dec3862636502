//! Takes messages while they are made, and gives rejected streams again.

mod input;
mod output;

use input::Again;
use output::{Streaming, Whole};

forebay_sdk::plugin! {
    name: "streams",
    summary: "Takes messages while they are made, and gives rejected streams again.",
    inputs: [Again],
    streaming_outputs: [Streaming; Whole],
}
