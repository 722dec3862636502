//! Lines to send through pipelines: small JSON objects, each with its number, of several lengths.

use std::fmt::Write as _;

/// Line `number`, without a line feed.
#[must_use]
pub fn line(number: usize) -> String {
    format!("{{\"id\":{number},\"text\":\"{}\"}}", "x".repeat(60 + number % 41))
}

/// The lines from 1 to `count`.
#[must_use]
pub fn lines(count: usize) -> String {
    (1..=count).fold(String::new(), |mut text, number| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", line(number));
        text
    })
}

/// What `root = this` and `root.seen = true` make of these lines.
#[must_use]
pub fn mapped_lines(lines: &str) -> String {
    lines.replace(",\"text\"", ",\"seen\":true,\"text\"")
}

/// Whether a text is the first lines of another one, and the last of them is whole.
#[must_use]
pub fn is_prefix_of_whole_lines(text: &str, of: &str) -> bool {
    of.starts_with(text) && (text.is_empty() || text.ends_with('\n'))
}
