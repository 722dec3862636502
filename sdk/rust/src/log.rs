//! The log of the pipeline. The host adds the pipeline, the path and the label of the component.

pub use crate::bindings::capabilities::forebay::log::log::Level;

/// Whether lines of this level are written at all, to spare the work of making them.
#[must_use]
pub fn enabled(level: Level) -> bool {
    #[cfg(target_arch = "wasm32")]
    {
        crate::bindings::capabilities::forebay::log::log::enabled(level)
    }
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::log_enabled(level)
}

/// Writes one line.
pub fn write(level: Level, message: &str, fields: &[(String, String)]) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::capabilities::forebay::log::log::write(level, message, fields);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::write_log(level, message, fields);
}

/// Writes one line of the level debug.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message.as_ref(), &[]);
}

/// Writes one line of the level info.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message.as_ref(), &[]);
}

/// Writes one line of the level warn.
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, message.as_ref(), &[]);
}

/// Writes one line of the level error.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message.as_ref(), &[]);
}
