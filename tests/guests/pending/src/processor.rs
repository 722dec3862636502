use std::collections::HashMap;

use forebay_sdk::files::{self, Appender};
use forebay_sdk::{Batch, Config, Context, Error, Operation, Problem, Processing, Processor};

/// Notes every batch in a file before it passes it on; panics at the text `panic`.
#[derive(Config)]
pub(crate) struct NotingConfig {
    /// The file.
    path: String,
    /// How many operations a batch waits for, one after the other.
    #[config(default = 1)]
    steps: u64,
}

pub(crate) struct Noting {
    config: NotingConfig,
    appender: Option<Appender>,
    /// The batches that wait for an operation, and how many more there are.
    waiting: HashMap<u64, (Batch, u64)>,
}

impl Processor for Noting {
    const NAME: &'static str = "noting";
    type Config = NotingConfig;

    fn open(config: NotingConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { config, appender: None, waiting: HashMap::new() })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        assert_ne!(batch.message(0).bytes(), b"panic", "this batch is not to be noted");
        self.note(batch, self.config.steps)
    }

    fn resume(&mut self, operation: Operation) -> Result<Processing, Error> {
        let id = operation.id();
        let (batch, left) =
            self.waiting.remove(&id).ok_or_else(|| Error::new(format!("operation {id} is unknown")))?;
        match operation.outcome() {
            None => Err(Error::new(format!("operation {id} has not ended"))),
            Some(Err(error)) => Err(error.context("note a batch")),
            Some(Ok(())) => self.note(batch, left),
        }
    }
}

impl Noting {
    /// Starts the next step, or passes the batch on.
    fn note(&mut self, batch: Batch, left: u64) -> Result<Processing, Error> {
        if left == 0 {
            return Ok(batch.into());
        }
        let appender = match self.appender.take() {
            Some(appender) => appender,
            None => files::append_to(&self.config.path)?,
        };
        let operation = appender.append_batch(&batch, b"\n");
        self.appender = Some(appender);
        self.waiting.insert(operation.id(), (batch, left - 1));
        Ok(Processing::Pending(operation))
    }
}
