mod codec;
mod target;

use std::collections::HashMap;

use forebay_sdk::config::{BatchPolicy, Interpolated};
use forebay_sdk::files::{self, Appender};
use forebay_sdk::streams::ByteStream;
use forebay_sdk::{
    Batch, Config, Context, Error, Failure, Operation, Output, Pending, Problem, StreamingOutput, WriteError,
    Written,
};

use codec::Codec;
use target::Target;

/// Writes messages to files.
///
/// A file stays open as long as the messages that follow are for the same path.
#[derive(Config)]
pub(crate) struct FileOutputConfig {
    /// The file. It is created where it is missing, and so are the folders above it.
    #[config(example = "/tmp/data.txt", example = "/tmp/${! timestamp_unix() }.txt")]
    path: Interpolated,
    /// How messages are written: each followed by a line feed (`lines`) or by a text of your choice
    /// (`delim:x`) unless it ends with it, as they are (`append`), or each in place of what the file
    /// had before (`all-bytes`).
    #[config(default = "lines", example = "lines", example = "delim:\t", example = "append")]
    codec: String,
    /// How messages are collected to batches before they are written, which Bento's output has not: what an archive or a
    /// compression makes of a large batch goes to the file while it is made, and is seen there when it is complete.
    #[config(default = {}, advanced)]
    #[expect(dead_code, reason = "the host collects them")]
    batching: BatchPolicy,
}

/// Writes every batch behind the one before it.
pub(crate) struct FileOutput {
    path: Interpolated,
    codec: Codec,
    file: Option<OpenFile>,
    /// How often a file was opened.
    opened: u64,
    /// The notes of operations under way, by their ids.
    notes: HashMap<u64, Note>,
}

/// The file that was written last.
struct OpenFile {
    path: String,
    appender: Appender,
}

struct Note {
    /// The messages that the operation writes; absent: all of the batch.
    messages: Option<Vec<u32>>,
    /// Which opening of a file it belongs to: one that failed must not close a later one.
    opened: u64,
}

impl Output for FileOutput {
    const NAME: &'static str = "file";

    type Config = FileOutputConfig;

    fn open(
        FileOutputConfig { path, codec, batching: _ }: FileOutputConfig,
        _: &Context,
    ) -> Result<Self, Problem> {
        Ok(Self { path, codec: Codec::parse(&codec)?, file: None, opened: 0, notes: HashMap::new() })
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let paths = self.path.evaluate(&batch)?;
        let targets = match &self.codec {
            Codec::Append { .. } => Target::of_runs(&paths, batch.len()),
            Codec::Replace => Target::of_paths(&paths, batch.len()),
        };
        let mut written = Written::all();
        for target in targets {
            let messages = target.messages(batch.len());
            match target.path.map_err(Error::new).and_then(|path| self.start(&batch, path, &target.indexes)) {
                Ok(operation) => {
                    self.notes
                        .insert(operation.id(), Note { messages: messages.clone(), opened: self.opened });
                    written.pending.push(Pending { operation, messages, resolve: true });
                }
                Err(error) => written.failed.push(Failure { reason: error.into_message(), messages }),
            }
        }
        Ok(written)
    }

    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        let note = self.notes.remove(&operation.id());
        let Some(Err(error)) = operation.outcome() else { return Ok(Written::all()) };
        let Note { messages, opened } = note.unwrap_or(Note { messages: None, opened: self.opened });
        if opened == self.opened {
            // Nothing can be appended behind a failure.
            self.file = None;
        }
        Ok(Written { failed: vec![Failure { reason: error.into_message(), messages }], pending: Vec::new() })
    }
}

impl StreamingOutput for FileOutput {
    fn write_stream(&mut self, head: Batch, payload: ByteStream) -> Result<Written, WriteError> {
        let paths = self.path.evaluate(&head)?;
        let path = paths.get(0).map_err(|error| error.context("path"))?;
        let operation = match &self.codec {
            Codec::Append { delimiter } => files::append_from(&path, payload, delimiter),
            Codec::Replace => files::replace_from(&path, payload),
        };
        Ok(operation.map_err(Error::from)?.into())
    }
}

impl FileOutput {
    /// Starts to write the messages with these indexes, of which there is one at least.
    fn start(&mut self, batch: &Batch, path: String, indexes: &[usize]) -> Result<Operation, Error> {
        let Codec::Append { delimiter } = &self.codec else {
            let last = indexes.last().map_or(&[][..], |index| batch.message(*index).bytes());
            return Ok(files::replace(&path, last)?);
        };
        let file = match self.file.take() {
            Some(file) if file.path == path => file,
            _ => {
                self.opened += 1;
                OpenFile { appender: files::append_to(&path)?, path }
            }
        };
        let operation = if indexes.len() == batch.len() {
            file.appender.append_batch(batch, delimiter)
        } else {
            file.appender.append_batch(&batch.select(indexes), delimiter)
        };
        self.file = Some(file);
        Ok(operation)
    }
}
