use forebay_sdk::config::ScannerConfig;
use forebay_sdk::{
    ArrivedStream, Config, Context, Error, Event, Input, Problem, Settlement, StreamMetadata, Token, files,
};

/// The only stream of this input.
const STANDARD_INPUT: Token = 1;

/// Reads the standard input of the process, and ends at its end.
#[derive(Config)]
#[expect(dead_code, reason = "the host runs the scanner and tries rejected messages again")]
pub(crate) struct StdinConfig {
    /// What cuts the bytes into messages.
    #[config(default = {"lines": {}})]
    scanner: ScannerConfig,
    /// The old name of `scanner`, which wins over it: `lines`, `delim:x`, `all-bytes` and so on.
    #[config(deprecated, example = "lines", example = "delim:|")]
    codec: Option<String>,
    /// The size of the buffer of `codec`.
    #[config(deprecated, default = 1000000)]
    max_buffer: u64,
    /// Whether messages that an output rejects are tried again, as often as it takes.
    #[config(default = true)]
    auto_replay_nacks: bool,
}

/// Hands the standard input to the host once.
pub(crate) struct Stdin {
    handed_out: bool,
}

impl Input for Stdin {
    const NAME: &'static str = "stdin";

    type Config = StdinConfig;

    fn open(_: StdinConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { handed_out: false })
    }

    fn read(&mut self, _settled: Vec<Settlement>) -> Result<Event, Error> {
        if self.handed_out {
            return Ok(Event::Ended);
        }
        let source = files::standard_input()?;
        self.handed_out = true;
        Ok(Event::Stream(ArrivedStream {
            token: STANDARD_INPUT,
            source,
            name: "stdin".to_owned(),
            metadata: StreamMetadata::default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::StdinConfig;
    use forebay_sdk::testing;

    #[test]
    fn the_configuration_may_be_empty() {
        assert!(testing::config::<StdinConfig>(&json!({})).is_ok());
        assert!(testing::config::<StdinConfig>(&json!({"codec": "lines", "max_buffer": 5})).is_ok());
    }
}
