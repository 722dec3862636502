//! The plugin `rust-input`.

use forebay_sdk::{Batch, Config, Context, Error, Event, Input, Problem, Settlement, Token};

/// Counts.
#[derive(Config)]
pub struct RustInputConfig {
    /// What stands in front of every number.
    #[config(default = "message ")]
    text: String,
    /// How far it counts; 0: without an end.
    #[config(default = 10)]
    count: u64,
    /// How many messages make a batch.
    #[config(default = 1)]
    batch_size: u64,
}

/// The input `rust_input`.
pub struct RustInput {
    config: RustInputConfig,
    next: u64,
    last_token: Token,
}

impl Input for RustInput {
    const NAME: &'static str = "rust_input";
    type Config = RustInputConfig;

    fn open(config: RustInputConfig, _: &Context) -> Result<Self, Problem> {
        if config.batch_size == 0 {
            return Err(Problem::new("a batch has one message at least").at("/batch_size"));
        }
        Ok(Self { config, next: 1, last_token: 0 })
    }

    /// What is rejected is tried again by the host: this input need not look at `settled`.
    fn read(&mut self, _settled: Vec<Settlement>) -> Result<Event, Error> {
        let RustInputConfig { text, count, batch_size } = &self.config;
        let last = if *count == 0 { u64::MAX } else { *count };
        if self.next > last {
            return Ok(Event::Ended);
        }
        let end = last.min(self.next + batch_size - 1);
        let batch = Batch::from_payloads((self.next..=end).map(|number| format!("{text}{number}")));
        self.next = end + 1;
        self.last_token += 1;
        Ok(Event::Batch { token: self.last_token, batch })
    }
}

forebay_sdk::plugin! {
    name: "rust-input",
    summary: "Counts.",
    inputs: [RustInput],
}
