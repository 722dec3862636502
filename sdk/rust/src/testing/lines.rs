use std::cell::{Cell, RefCell};

use crate::log::Level;

/// A line that was written to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub level: Level,
    pub message: String,
    pub fields: Vec<(String, String)>,
}

thread_local! {
    static LINES: RefCell<Vec<LogLine>> = const { RefCell::new(Vec::new()) };
    static LEAST: Cell<Level> = const { Cell::new(Level::Trace) };
}

/// The lines that were written to the log since the last call.
#[must_use]
pub fn take_log() -> Vec<LogLine> {
    LINES.take()
}

/// Leaves out lines below this level.
pub fn set_log_level(least: Level) {
    LEAST.set(least);
}

pub(crate) fn log_enabled(level: Level) -> bool {
    level >= LEAST.get()
}

pub(crate) fn write_log(level: Level, message: &str, fields: &[(String, String)]) {
    if log_enabled(level) {
        let line = LogLine { level, message: message.to_owned(), fields: fields.to_vec() };
        LINES.with_borrow_mut(|lines| lines.push(line));
    }
}
