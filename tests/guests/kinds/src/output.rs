use forebay_sdk::{Batch, Config, Context, Error, Output, Problem, WriteError, Written};

/// Accepts every batch but an empty one, after a second try to connect.
#[derive(Config)]
pub(crate) struct KindsOutputConfig {}

pub(crate) struct KindsOutput {
    tries: u32,
}

impl Output for KindsOutput {
    const NAME: &'static str = "kinds_output";
    type Config = KindsOutputConfig;

    fn open(_: KindsOutputConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { tries: 0 })
    }

    fn connect(&mut self) -> Result<(), Error> {
        self.tries += 1;
        if self.tries == 1 { Err(Error::new("not at the first try")) } else { Ok(()) }
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        if batch.is_empty() {
            return Err(WriteError::NotConnected("there is nothing to write".to_owned()));
        }
        Ok(Written::all())
    }
}
