use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor};

use crate::build;

/// Puts the number of its build behind every message.
#[derive(Config)]
pub(crate) struct StampConfig {
    /// The build that finds fault with this field.
    refused_by: Option<String>,
    /// The build that traps when it is opened.
    trapped_by: Option<String>,
    /// What stands between the message and the number.
    #[config(default = " ")]
    between: String,
    /// Means nothing; other builds have another name for it.
    spare_one: Option<String>,
}

pub(crate) struct Stamp {
    between: String,
}

impl Processor for Stamp {
    const NAME: &'static str = "stamp";
    type Config = StampConfig;

    fn open(config: StampConfig, _: &Context) -> Result<Self, Problem> {
        let StampConfig { refused_by, trapped_by, between, spare_one } = config;
        drop(spare_one);
        if refused_by.as_deref() == Some(build()) {
            return Err(Problem::new(format!("build {} does not want this", build())).at("/refused_by"));
        }
        assert_ne!(trapped_by.as_deref(), Some(build()), "trapped as told");
        Ok(Self { between })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        let stamped = batch.map(|message, writer| {
            writer.payload().extend_from_slice(message.bytes());
            writer.payload().extend_from_slice(self.between.as_bytes());
            writer.payload().extend_from_slice(build().as_bytes());
            Ok(())
        });
        Ok(stamped.into())
    }
}
