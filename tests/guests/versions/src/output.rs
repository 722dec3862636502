use std::collections::HashMap;

use forebay_sdk::files::{self, Appender};
use forebay_sdk::{Batch, Config, Context, Error, Operation, Output, Pending, Problem, WriteError, Written};

use crate::build;

/// Writes messages to a file, with the number of its build behind each, and wants its operations back.
#[derive(Config)]
pub(crate) struct KeepConfig {
    /// The file.
    path: String,
}

pub(crate) struct Keep {
    path: String,
    appender: Option<Appender>,
    /// What was written, until it is known to be.
    waiting: HashMap<u64, usize>,
}

impl Output for Keep {
    const NAME: &'static str = "keep";
    type Config = KeepConfig;

    fn open(KeepConfig { path }: KeepConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { path, appender: None, waiting: HashMap::new() })
    }

    fn connect(&mut self) -> Result<(), Error> {
        self.appender = Some(files::append_to(&self.path)?);
        Ok(())
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let Some(appender) = &self.appender else {
            return Err(WriteError::NotConnected("connect was not called".to_owned()));
        };
        let mut lines = Vec::new();
        for message in batch.messages() {
            lines.extend_from_slice(message.bytes());
            lines.extend_from_slice(format!(" {}\n", build()).as_bytes());
        }
        let operation = appender.append(&lines);
        self.waiting.insert(operation.id(), batch.len());
        let mut written = Written::all();
        written.pending.push(Pending { operation, messages: None, resolve: true });
        Ok(written)
    }

    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        // An operation of another instance would be a message lost or written twice.
        if self.waiting.remove(&operation.id()).is_none() {
            return Err(WriteError::Failed(format!("operation {} was not started here", operation.id())));
        }
        match operation.outcome() {
            Some(Ok(())) => Ok(Written::all()),
            other => Err(WriteError::Failed(format!("{other:?}"))),
        }
    }

    fn close(self) {
        assert!(self.waiting.is_empty(), "it is closed with {} operations under way", self.waiting.len());
    }
}
