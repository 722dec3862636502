//! The scanners that need no format: `lines` and `to_the_end`.

mod cutter;
mod lines;
mod to_the_end;

use lines::Lines;
use to_the_end::ToTheEnd;

forebay_sdk::plugin! {
    name: "scanners",
    summary: "Cuts streams of bytes into messages.",
    scanners: [Lines, ToTheEnd],
}

/// How many bytes a scanner reads at once.
const READ: u32 = 64 << 10;
