//! The log of the pipeline.

use tracing::Level as Line;

use crate::bindings::forebay::log::log::{Host, Level};
use crate::guest::Guest;

/// A longer line is cut; so are its fields, taken together.
const LONGEST_LINE: usize = 16 << 10;

impl Host for Guest {
    fn enabled(&mut self, level: Level) -> wasmtime::Result<bool> {
        Ok(line(level) <= tracing::level_filters::LevelFilter::current())
    }

    fn write(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let mut left = LONGEST_LINE;
        let fields: Vec<_> = fields
            .into_iter()
            .map_while(|(name, value)| {
                left = left.checked_sub(name.len())?;
                let value = cut(&value, left);
                left -= value.len();
                Some((name, value.to_owned()))
            })
            .collect();
        self.scope.log(line(level), cut(&message, LONGEST_LINE), &fields);
        Ok(())
    }
}

/// The beginning of a text, of at most so many bytes.
fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn line(level: Level) -> Line {
    match level {
        Level::Trace => Line::TRACE,
        Level::Debug => Line::DEBUG,
        Level::Info => Line::INFO,
        Level::Warn => Line::WARN,
        Level::Error | Level::Fatal => Line::ERROR,
    }
}
