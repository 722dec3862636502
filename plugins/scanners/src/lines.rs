use forebay_sdk::streams::{ByteStream, Chunk};
use forebay_sdk::{Batch, BlockWriter, Config, Context, Error, Problem, Scanned, Scanner};

use crate::READ;
use crate::cutter::Cutter;

/// Every line of the stream is a message.
#[derive(Config)]
pub(crate) struct LinesConfig {
    /// What lines end with, instead of a line feed.
    #[config(example = "\r\n")]
    custom_delimiter: Option<String>,
    /// The size of the buffer in bytes. A line that does not fit into it fails the stream.
    #[config(default = 65536)]
    max_buffer_size: usize,
    /// Leaves out empty lines.
    #[config(default = false)]
    omit_empty: bool,
}

/// Cuts a stream at its line feeds.
pub(crate) struct Lines {
    cutter: Cutter,
    source: Option<ByteStream>,
    /// Reported after the lines before it.
    failed: Option<Error>,
}

impl Scanner for Lines {
    const NAME: &'static str = "lines";

    type Config = LinesConfig;

    fn open(config: LinesConfig, _: &Context) -> Result<Self, Problem> {
        let LinesConfig { custom_delimiter, max_buffer_size, omit_empty } = config;
        let delimiter = custom_delimiter.unwrap_or_default();
        Ok(Self { cutter: Cutter::new(&delimiter, max_buffer_size, omit_empty), source: None, failed: None })
    }

    fn begin(&mut self, source: ByteStream, _name: &str) -> Result<(), Error> {
        self.cutter.clear();
        (self.source, self.failed) = (Some(source), None);
        Ok(())
    }

    fn next(&mut self) -> Result<Scanned, Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        while let Some(source) = &mut self.source {
            let mut lines;
            match source.read(READ) {
                Chunk::Bytes(bytes) => {
                    // An estimate: lines are rarely shorter than this.
                    lines = BlockWriter::with_capacity(bytes.len() / 32, bytes.len());
                    if let Err(error) = self.cutter.push(&bytes, &mut lines) {
                        (self.source, self.failed) = (None, Some(error));
                    }
                }
                Chunk::Ended => {
                    self.source = None;
                    lines = BlockWriter::with_capacity(1, 0);
                    self.cutter.finish(&mut lines);
                }
                Chunk::Woken(_) => return Ok(Scanned::Idle),
                Chunk::Failed(error) => {
                    self.source = None;
                    return Err(error);
                }
            }
            if lines.messages() > 0 {
                lines.set_independent(true);
                return Ok(Scanned::Batch(Batch::from_block(lines)));
            }
        }
        match self.failed.take() {
            Some(error) => Err(error),
            None => Ok(Scanned::Ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::waits::Woken;
    use serde_json::json;

    use super::{Chunk, Context, Lines, Scanned, Scanner};
    use forebay_sdk::testing;

    fn open(config: &serde_json::Value, source: super::ByteStream) -> Lines {
        let config = testing::config(config).expect("the configuration is right");
        let mut lines = Lines::open(config, &Context::new("lines")).expect("opens");
        lines.begin(source, "test").expect("begins");
        lines
    }

    fn next(lines: &mut Lines) -> Vec<String> {
        match lines.next() {
            Ok(Scanned::Batch(batch)) => {
                assert!(batch.independent());
                testing::texts(&batch)
            }
            other => panic!("no batch: {other:?}"),
        }
    }

    #[test]
    fn lines_are_returned_as_soon_as_there_are_any() {
        let mut lines = open(&json!({}), testing::stream(b"a\nbcd\ne", 3));
        assert_eq!(next(&mut lines), ["a"]);
        assert_eq!(next(&mut lines), ["bcd"]);
        assert_eq!(next(&mut lines), ["e"]);
        assert!(matches!(lines.next(), Ok(Scanned::Ended)));
        assert!(matches!(lines.next(), Ok(Scanned::Ended)));
    }

    #[test]
    fn a_woken_read_keeps_the_start_of_a_line() {
        let chunks =
            vec![Chunk::Bytes(b"a".to_vec()), Chunk::Woken(Woken::SHUTDOWN), Chunk::Bytes(b"b\n".to_vec())];
        let mut lines = open(&json!({}), testing::scripted_stream(chunks));
        assert!(matches!(lines.next(), Ok(Scanned::Idle)));
        assert_eq!(next(&mut lines), ["ab"]);
    }

    #[test]
    fn lines_before_one_that_is_too_long_are_returned() {
        let mut lines = open(&json!({"max_buffer_size": 5}), testing::stream(b"a\nlonger\nb\n", 64));
        assert_eq!(next(&mut lines), ["a"]);
        assert!(lines.next().expect_err("fails").to_string().starts_with("token too long"));
        assert!(matches!(lines.next(), Ok(Scanned::Ended)));
    }
}
