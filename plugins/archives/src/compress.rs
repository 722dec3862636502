use forebay_compression::Algorithm;
use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor};

/// Compresses every message.
#[derive(Config)]
pub(crate) struct CompressConfig {
    /// How: `flate`, `gzip`, `lz4`, `pgzip`, `snappy`, `zlib` or `zstd`.
    algorithm: String,
    /// How hard to try, from 0 to 9; -1 is what is usual for the algorithm. `snappy` and `zstd` have no levels.
    #[config(default = -1)]
    level: i64,
}

/// Compresses.
pub(crate) struct Compress {
    algorithm: Algorithm,
    level: i64,
}

impl Processor for Compress {
    const NAME: &'static str = "compress";

    type Config = CompressConfig;

    fn open(config: CompressConfig, _: &Context) -> Result<Self, Problem> {
        let CompressConfig { algorithm, level } = config;
        let algorithm =
            Algorithm::to_compress(&algorithm).map_err(|error| Problem::new(error).at("/algorithm"))?;
        Ok(Self { algorithm, level })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        let results = batch.map(|message, writer| {
            let compressed = self.algorithm.compress(message.bytes(), self.level).map_err(Error::new)?;
            writer.payload().extend_from_slice(&compressed);
            Ok(())
        });
        Ok(results.into())
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_level_that_is_none_flags_the_message() {
        let config = testing::config(&json!({"algorithm": "gzip", "level": 10})).expect("a configuration");
        let mut compress = Compress::open(config, &Context::new("compress")).expect("opens");
        let Ok(Processing::Done(results)) = compress.process(Batch::from_payloads(["a"])) else {
            panic!("not done")
        };
        let message = results[0].batch.message(0);
        assert_eq!(
            (message.bytes(), message.error()),
            (b"a".as_slice(), Some("gzip: invalid compression level: 10"))
        );
    }

    #[test]
    fn an_algorithm_must_be_one_that_can_compress() {
        for name in ["bzip2", "rar"] {
            let config = testing::config(&json!({"algorithm": name})).expect("a configuration");
            let problem = Compress::open(config, &Context::new("compress")).err().expect("refused");
            assert_eq!(problem.to_string(), format!("/algorithm: compression type not recognised: {name}"));
        }
    }
}
