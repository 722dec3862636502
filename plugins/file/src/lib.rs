//! Files: the inputs `file` and `csv` and the output `file`.

mod csv;
mod input;
mod output;

use csv::CsvInput;
use input::FileInput;
use output::FileOutput;

forebay_sdk::plugin! {
    name: "file",
    summary: "Reads and writes files.",
    inputs: [CsvInput, FileInput],
    streaming_outputs: [FileOutput],
}
