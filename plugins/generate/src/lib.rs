//! The input `generate`: messages that a mapping makes, at intervals.

mod cron;
mod input;
mod schedule;

use input::Generate;

forebay_sdk::plugin! {
    name: "generate",
    summary: "Makes messages with a mapping.",
    inputs: [Generate],
}
