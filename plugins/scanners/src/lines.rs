use forebay_sdk::config::Pointer;
use forebay_sdk::{Config, Error, Problem};

use crate::cutter::Cutter;
use crate::cutting::{Cut, Leaf};
use crate::out::Out;
use crate::plan::{Kind, Plan};

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
pub(crate) struct Lines;

impl Kind for Lines {
    const NAME: &'static str = "lines";

    type Config = LinesConfig;

    fn plan(config: LinesConfig, _: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem> {
        let LinesConfig { custom_delimiter, max_buffer_size, omit_empty } = config;
        let delimiter = custom_delimiter.unwrap_or_default();
        Ok(Self::plan(delimiter, max_buffer_size, omit_empty))
    }
}

impl Lines {
    /// Cuts at line feeds where `delimiter` is empty.
    pub(crate) fn plan(delimiter: String, max_buffer_size: usize, omit_empty: bool) -> Box<dyn Plan> {
        Box::new(Leaf(move || Cutter::new(&delimiter, max_buffer_size, omit_empty)))
    }
}

impl Cut for Cutter {
    fn push(&mut self, bytes: &[u8], out: &mut Out) -> Result<usize, Error> {
        self.cut(bytes, out.block())?;
        Ok(bytes.len())
    }

    fn finish(&mut self, out: &mut Out) -> Result<bool, Error> {
        self.end(out.block());
        Ok(true)
    }

    /// The start of a line counts as one, as in Bento.
    fn broken_off(&mut self, out: &mut Out) {
        self.end(out.block());
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::streams::{ByteStream, Chunk};
    use forebay_sdk::waits::Woken;
    use forebay_sdk::{Context, Scanned, Scanner, testing};
    use serde_json::json;

    use super::Lines;
    use crate::plan::Component;

    fn open(config: &serde_json::Value, source: ByteStream) -> Component<Lines> {
        let config = testing::config(config).expect("the configuration is right");
        let mut lines = Component::open(config, &Context::new("lines")).expect("opens");
        lines.begin(source, "test").expect("begins");
        lines
    }

    fn next(lines: &mut Component<Lines>) -> Vec<String> {
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
    fn lines_end_where_the_delimiter_says() {
        for (omit_empty, text, expected) in [
            (false, "firstXsecondXthird", &["first", "second", "third"][..]),
            (false, "firstXsecondXXthird", &["first", "second", "", "third"]),
            (true, "firstXsecondXXthird", &["first", "second", "third"]),
        ] {
            let config = json!({"custom_delimiter": "X", "omit_empty": omit_empty});
            let mut lines = open(&config, testing::stream(text.as_bytes(), 64));
            let mut all = Vec::new();
            while let Ok(Scanned::Batch(batch)) = lines.next() {
                all.extend(testing::texts(&batch));
            }
            assert_eq!(all, expected, "{text}");
        }
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

    #[test]
    fn the_start_of_a_line_counts_where_the_source_fails() {
        let chunks = vec![Chunk::Bytes(b"a\nb".to_vec()), Chunk::Failed(forebay_sdk::Error::new("gone"))];
        let mut lines = open(&json!({}), testing::scripted_stream(chunks));
        assert_eq!(next(&mut lines), ["a"]);
        assert_eq!(next(&mut lines), ["b"]);
        assert_eq!(lines.next().expect_err("fails").to_string(), "gone");
    }
}
