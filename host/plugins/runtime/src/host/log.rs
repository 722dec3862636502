//! The log of the pipeline.

use tracing::Level as Line;

use crate::bindings::forebay::log::log::{Host, Level};
use crate::guest::Guest;

/// A longer line is cut.
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
        let mut end = message.len().min(LONGEST_LINE);
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        self.scope.log(line(level), &message[..end], &fields);
        Ok(())
    }
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
