//! Components that use objects, in every way that there is.

mod ask;
mod put;
mod walk;

use ask::Ask;
use put::Put;
use walk::Walk;

forebay_sdk::plugin! {
    name: "objects",
    summary: "Reads and writes objects.",
    inputs: [Walk],
    processors: [Ask],
    outputs: [Put],
}
