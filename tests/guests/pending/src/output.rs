use std::collections::HashMap;

use forebay_sdk::files::{self, Appender};
use forebay_sdk::{
    Batch, Config, Context, Error, Failure, Operation, Output, Pending, Problem, WriteError, Written,
};

/// Writes messages to a file; those that begin with `bad` fail at once.
#[derive(Config)]
pub(crate) struct AppendingConfig {
    /// The file.
    path: String,
    /// Whether it wants its operations back.
    #[config(default = false)]
    resolve: bool,
    /// One operation for every message, or one for all.
    #[config(default = true)]
    apart: bool,
    /// Whether a resolved operation is followed by another one, which is not.
    #[config(default = false)]
    twice: bool,
    /// Names a message that there is not, as nobody may.
    #[config(default = false)]
    wrong_index: bool,
}

pub(crate) struct Appending {
    config: AppendingConfig,
    appender: Option<Appender>,
    /// The messages that wait for an operation.
    waiting: HashMap<u64, Option<Vec<u32>>>,
}

impl Output for Appending {
    const NAME: &'static str = "appending";
    type Config = AppendingConfig;

    fn open(config: AppendingConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { config, appender: None, waiting: HashMap::new() })
    }

    fn connect(&mut self) -> Result<(), Error> {
        self.appender = Some(files::append_to(&self.config.path)?);
        Ok(())
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let Some(appender) = &self.appender else {
            return Err(WriteError::NotConnected("connect was not called".to_owned()));
        };
        let mut written = Written::all();
        if !self.config.apart {
            let operation = appender.append_batch(&batch, b"\n");
            written.pending.push(wait_for(&mut self.waiting, operation, None, self.config.resolve));
            return Ok(written);
        }
        for (index, message) in (0..).zip(batch.messages()) {
            if message.bytes().starts_with(b"bad") {
                let reason = format!("message {index} is bad");
                written.failed.push(Failure { reason, messages: Some(vec![index]) });
                continue;
            }
            let operation = appender.append(&[message.bytes(), b"\n"].concat());
            let named = if self.config.wrong_index { index + 1000 } else { index };
            written.pending.push(wait_for(
                &mut self.waiting,
                operation,
                Some(vec![named]),
                self.config.resolve,
            ));
        }
        Ok(written)
    }

    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        let id = operation.id();
        let Some(messages) = self.waiting.remove(&id) else {
            return Err(WriteError::Failed(format!("operation {id} was resolved before")));
        };
        let mut written = Written::all();
        match (operation.outcome(), &self.appender) {
            (None, _) => return Err(WriteError::Failed(format!("operation {id} has not ended"))),
            (Some(Err(error)), _) => {
                written.failed.push(Failure { reason: format!("resolved: {error}"), messages });
            }
            (Some(Ok(())), Some(appender)) if self.config.twice => {
                let operation = appender.append(b"again\n");
                written.pending.push(wait_for(&mut self.waiting, operation, messages, false));
            }
            (Some(Ok(())), _) => {}
        }
        Ok(written)
    }
}

fn wait_for(
    waiting: &mut HashMap<u64, Option<Vec<u32>>>,
    operation: Operation,
    messages: Option<Vec<u32>>,
    resolve: bool,
) -> Pending {
    waiting.insert(operation.id(), messages.clone());
    Pending { operation, messages, resolve }
}
