use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor};

/// Panics at every batch.
#[derive(Config)]
pub(crate) struct StumbleConfig {
    /// Set to anything, this is refused.
    refused_by: Option<String>,
}

pub(crate) struct Stumble;

impl Processor for Stumble {
    const NAME: &'static str = "stumble";
    type Config = StumbleConfig;

    fn open(config: StumbleConfig, _: &Context) -> Result<Self, Problem> {
        match config.refused_by {
            Some(_) => Err(Problem::new("refused as told").at("/refused_by")),
            None => Ok(Self),
        }
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        assert!(batch.is_empty(), "stumbled as told");
        Ok(batch.into())
    }
}
