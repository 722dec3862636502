//! The plugin `rust-processor`.

use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor};

/// Writes every message in capital letters.
#[derive(Config)]
pub struct RustProcessorConfig {
    /// What every message ends with.
    #[config(default = "!")]
    ending: String,
}

/// The processor `rust_processor`.
pub struct RustProcessor {
    ending: String,
}

impl Processor for RustProcessor {
    const NAME: &'static str = "rust_processor";
    type Config = RustProcessorConfig;

    fn open(config: RustProcessorConfig, _: &Context) -> Result<Self, Problem> {
        if config.ending.contains('\n') {
            return Err(Problem::new("a message stays on its line").at("/ending"));
        }
        Ok(Self { ending: config.ending })
    }

    /// An error in the closure flags that message, which is passed on as it is; an empty message is dropped.
    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        let results = batch.map(|message, writer| {
            if message.bytes().is_empty() {
                writer.drop_message();
                return Ok(());
            }
            let text = std::str::from_utf8(message.bytes())?;
            writer.payload().extend_from_slice(text.to_uppercase().as_bytes());
            writer.payload().extend_from_slice(self.ending.as_bytes());
            Ok(())
        });
        Ok(results.into())
    }
}

forebay_sdk::plugin! {
    name: "rust-processor",
    summary: "Writes messages in capital letters.",
    processors: [RustProcessor],
}
