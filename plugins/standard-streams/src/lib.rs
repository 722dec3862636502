//! The standard streams of the process: the input `stdin` and the output `stdout`.

mod stdin;
mod stdout;

use stdin::Stdin;
use stdout::Stdout;

forebay_sdk::plugin! {
    name: "standard-streams",
    summary: "Reads the standard input and writes the standard output.",
    inputs: [Stdin],
    outputs: [Stdout],
}
