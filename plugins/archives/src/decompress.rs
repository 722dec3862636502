use forebay_compression::Algorithm;
use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor, compression};

use crate::budget::Budget;

/// Undoes the compression of every message.
///
/// A message that is not compressed so, or of which too much would become, is passed on unchanged with an error.
#[derive(Config)]
pub(crate) struct DecompressConfig {
    /// How the messages are compressed: `bzip2`, `flate`, `gzip`, `lz4`, `pgzip`, `snappy`, `zlib` or `zstd`.
    algorithm: String,
}

/// Decompresses.
pub(crate) struct Decompress {
    algorithm: Algorithm,
}

impl Processor for Decompress {
    const NAME: &'static str = "decompress";

    type Config = DecompressConfig;

    fn open(DecompressConfig { algorithm }: DecompressConfig, _: &Context) -> Result<Self, Problem> {
        let algorithm =
            Algorithm::to_decompress(&algorithm).map_err(|error| Problem::new(error).at("/algorithm"))?;
        Ok(Self { algorithm })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        let mut budget = Budget::new();
        let results = batch.map(|message, writer| {
            let out = writer.payload();
            let before = out.len();
            self.decompress(message.bytes(), budget.bytes(), out).map_err(Error::new)?;
            budget.spend(out.len() - before)
        });
        Ok(results.into())
    }
}

impl Decompress {
    /// The host reads Zstandard at the speed of the machine. What it does not read the library does, or says what is
    /// wrong with it.
    fn decompress(&self, bytes: &[u8], most: usize, out: &mut Vec<u8>) -> Result<(), String> {
        if self.algorithm == Algorithm::Zstd
            && let Ok(content) = compression::decompress(compression::Algorithm::Zstd, bytes, most)
        {
            out.extend_from_slice(&content);
            return Ok(());
        }
        self.algorithm.decompress_onto(bytes, most, out)
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::json;

    use super::*;
    use crate::budget::BYTES;

    #[test]
    fn a_bomb_is_refused_and_its_neighbours_are_not() {
        let zeros = vec![0; BYTES / 2];
        let half = Algorithm::Snappy.compress(&zeros, -1).expect("compressed");
        let small = Algorithm::Snappy.compress(b"small", -1).expect("compressed");
        let config = testing::config(&json!({"algorithm": "snappy"})).expect("a configuration");
        let mut decompress = Decompress::open(config, &Context::new("decompress")).expect("opens");
        let batch = Batch::from_payloads([&half, &small, &half, &small]);
        let Ok(Processing::Done(results)) = decompress.process(batch) else { panic!("not done") };
        let batch = &results[0].batch;
        assert_eq!((batch.message(0).bytes().len(), batch.message(0).error()), (zeros.len(), None));
        assert_eq!(batch.message(2).bytes(), half);
        let limit = format!("the content is longer than {} bytes", BYTES / 2 - 5);
        assert_eq!(batch.message(2).error(), Some(limit.as_str()));
        assert_eq!((batch.message(3).bytes(), batch.message(3).error()), (b"small".as_slice(), None));
    }
}
