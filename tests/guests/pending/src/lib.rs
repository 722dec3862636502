//! An output and a processor that return operations under way. What they start is writes at the end
//! of a file.

mod output;
mod processor;

use output::Appending;
use processor::Noting;

forebay_sdk::plugin! {
    name: "pending",
    summary: "Returns operations under way.",
    processors: [Noting],
    outputs: [Appending],
}
