use forebay_sdk::{Batch, Config, Context, Error, Event, Input, Problem, Settlement};

/// Hands out one batch and ends.
#[derive(Config)]
pub(crate) struct KindsInputConfig {
    /// Its payloads.
    #[config(default = ["one", "two"])]
    payloads: Vec<String>,
}

pub(crate) struct KindsInput {
    payloads: Option<Vec<String>>,
}

impl Input for KindsInput {
    const NAME: &'static str = "kinds_input";
    type Config = KindsInputConfig;

    fn open(config: KindsInputConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { payloads: Some(config.payloads) })
    }

    fn read(&mut self, _: Vec<Settlement>) -> Result<Event, Error> {
        Ok(match self.payloads.take() {
            Some(payloads) => Event::Batch { token: 1, batch: Batch::from_payloads(payloads) },
            None => Event::Ended,
        })
    }
}
