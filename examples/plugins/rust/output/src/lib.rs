//! The plugin `rust-output`.

use forebay_sdk::files::{self, Appender};
use forebay_sdk::{Batch, Config, Context, Error, Output, Problem, WriteError, Written};

/// Writes messages to a file, a line each.
#[derive(Config)]
pub struct RustOutputConfig {
    /// The file. It is created where it is missing.
    path: String,
}

/// The output `rust_output`.
pub struct RustOutput {
    path: String,
    file: Option<Appender>,
}

impl Output for RustOutput {
    const NAME: &'static str = "rust_output";
    type Config = RustOutputConfig;

    fn open(config: RustOutputConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { path: config.path, file: None })
    }

    /// The host calls this again, with growing pauses, until it succeeds.
    fn connect(&mut self) -> Result<(), Error> {
        self.file = Some(files::append_to(&self.path)?);
        Ok(())
    }

    /// Starts to write and does not wait: the messages are delivered when the operation has ended well.
    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        match &self.file {
            Some(file) => Ok(file.append_batch(&batch, b"\n").into()),
            None => Err(WriteError::NotConnected("the file is not open".to_owned())),
        }
    }
}

forebay_sdk::plugin! {
    name: "rust-output",
    summary: "Writes messages to a file.",
    outputs: [RustOutput],
}
