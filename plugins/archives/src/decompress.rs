use forebay_compression::Algorithm;
use forebay_sdk::compression::{self, CompressionError};
use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor};

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
    /// The host reads Zstandard at the speed of the machine. What it does not do the library does.
    fn decompress(&self, bytes: &[u8], most: usize, out: &mut Vec<u8>) -> Result<(), String> {
        if self.algorithm == Algorithm::Zstd {
            // The host is told of no limit: what is longer than allowed would be malformed to it.
            match compression::decompress(compression::Algorithm::Zstd, bytes, usize::MAX) {
                Ok(content) if content.len() > most => {
                    return Err(format!("the content is longer than {most} bytes"));
                }
                Ok(content) => {
                    out.extend_from_slice(&content);
                    return Ok(());
                }
                Err(CompressionError::Malformed(error)) => return Err(error),
                Err(CompressionError::Unsupported(_) | CompressionError::TooLarge(_)) => {}
            }
        }
        self.algorithm.decompress_onto(bytes, most, out)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

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
    /// What the processor makes of a frame, when the host gives that: the content or the error.
    fn with_host(
        host: Result<Vec<u8>, CompressionError>,
        frame: &[u8],
        most: usize,
    ) -> Result<Vec<u8>, String> {
        let calls = Rc::new(Cell::new(0));
        let counted = Rc::clone(&calls);
        testing::set_compression(
            |_, _, _| Err(CompressionError::Unsupported("not asked for".to_owned())),
            move |_, _, _| {
                counted.set(counted.get() + 1);
                host.clone()
            },
        );
        let mut out = Vec::new();
        let done = Decompress { algorithm: Algorithm::Zstd }.decompress(frame, most, &mut out);
        assert_eq!(calls.get(), 1);
        done.map(|()| out)
    }

    #[test]
    fn only_what_the_host_does_not_do_is_done_inside() {
        let frame = Algorithm::Zstd.compress(b"inside", -1).expect("compressed");
        let text = || "said by the host".to_owned();
        assert_eq!(with_host(Ok(b"host".to_vec()), &frame, 4), Ok(b"host".to_vec()));
        assert_eq!(
            with_host(Ok(b"host".to_vec()), &frame, 3),
            Err("the content is longer than 3 bytes".to_owned())
        );
        // The library would have read it.
        assert_eq!(with_host(Err(CompressionError::Malformed(text())), &frame, 10), Err(text()));
        for error in [CompressionError::Unsupported(text()), CompressionError::TooLarge(text())] {
            assert_eq!(with_host(Err(error.clone()), &frame, 6), Ok(b"inside".to_vec()));
            let error = with_host(Err(error), &frame, 5);
            assert_eq!(error, Err("the content is longer than 5 bytes".to_owned()));
        }
    }
}
