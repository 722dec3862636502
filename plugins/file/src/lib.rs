//! Files: the input `file` and the output `file`.

mod input;
mod output;

use input::FileInput;
use output::FileOutput;

forebay_sdk::plugin! {
    name: "file",
    summary: "Reads and writes files.",
    inputs: [FileInput],
    outputs: [FileOutput],
}
