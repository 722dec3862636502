//! The processor `log`: writes a line to the log for every message.

mod fields;
mod level;
mod processor;

use processor::Log;

forebay_sdk::plugin! {
    name: "log",
    summary: "Writes lines to the log of the pipeline.",
    processors: [Log],
}
