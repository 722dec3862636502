use forebay_compression::{Algorithm, Pieces};
use forebay_sdk::streams::ByteSink;
use forebay_sdk::{
    Batch, Config, Context, Error, IncrementalProcessor, Problem, Processing, Processor, StreamMetadata,
};

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
    /// The message that was begun.
    growing: Option<(Pieces, ByteSink)>,
}

impl Processor for Compress {
    const NAME: &'static str = "compress";

    type Config = CompressConfig;

    fn open(config: CompressConfig, _: &Context) -> Result<Self, Problem> {
        let CompressConfig { algorithm, level } = config;
        let algorithm =
            Algorithm::to_compress(&algorithm).map_err(|error| Problem::new(error).at("/algorithm"))?;
        Ok(Self { algorithm, level, growing: None })
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

/// Of one message, whose bytes come piece by piece.
impl IncrementalProcessor for Compress {
    const OF_PIECES: bool = true;

    fn begin(&mut self, mut sink: ByteSink) -> Result<(), Error> {
        let mut out = Vec::new();
        let pieces = Pieces::begin(self.algorithm, self.level, &mut out).map_err(Error::new)?;
        if !out.is_empty() {
            sink.write(&out)?;
        }
        self.growing = Some((pieces, sink));
        Ok(())
    }

    fn add(&mut self, slice: &Batch) -> Result<(), Error> {
        let Some((pieces, sink)) = &mut self.growing else { return Ok(()) };
        let mut out = Vec::new();
        for index in 0..slice.len() {
            pieces.add(slice.message(index).bytes(), &mut out);
        }
        if out.is_empty() { Ok(()) } else { sink.write(&out) }
    }

    fn finish(&mut self) -> Result<StreamMetadata, Error> {
        let (pieces, mut sink) = self.growing.take().ok_or_else(|| Error::new("no message was begun"))?;
        let mut out = Vec::new();
        pieces.finish(&mut out);
        if !out.is_empty() {
            sink.write(&out)?;
        }
        Ok(StreamMetadata::default())
    }

    fn abort(&mut self) {
        self.growing = None;
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
    fn a_message_in_pieces_is_compressed_as_one() {
        for algorithm in ["flate", "gzip", "pgzip", "zlib", "lz4", "zstd"] {
            let config = testing::config(&json!({"algorithm": algorithm})).expect("a configuration");
            let mut compress = Compress::open(config, &Context::new("compress")).expect("opens");
            let (sink, bytes) = testing::sink();
            compress.begin(sink).expect("begins");
            for piece in ["one ", "", "two"] {
                compress.add(&Batch::from_payloads([piece])).expect("a piece");
            }
            compress.finish().expect("ends");
            let algorithm = Algorithm::to_decompress(algorithm).expect("known");
            assert_eq!(algorithm.decompress(&bytes.borrow(), 100).as_deref(), Ok(b"one two".as_slice()));
        }
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
