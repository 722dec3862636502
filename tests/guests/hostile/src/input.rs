use forebay_sdk::{Batch, Config, Context, Error, Event, Input, Problem, Settlement};

/// Hands out the same token with every batch.
#[derive(Config)]
pub(crate) struct RepeatingConfig {}

pub(crate) struct Repeating;

impl Input for Repeating {
    const NAME: &'static str = "repeating";
    type Config = RepeatingConfig;

    fn open(_: RepeatingConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self)
    }

    fn read(&mut self, _: Vec<Settlement>) -> Result<Event, Error> {
        Ok(Event::Batch { token: 7, batch: Batch::from_payloads(["again"]) })
    }
}
