use forebay_sdk::config::{Pointer, ScannerConfig};
use forebay_sdk::streams::Chunk;
use forebay_sdk::{Config, Error, Problem};

use crate::plan::{Kind, Plan, Scan, inner};
use crate::source::Source;

/// Leaves out a byte order mark at the start of the stream, and hands the rest to another scanner.
#[derive(Config)]
pub(crate) struct SkipBomConfig {
    /// The scanner that cuts what follows the mark.
    #[config(default = {"to_the_end": {}})]
    into: ScannerConfig,
}

pub(crate) struct SkipBom {
    into: Box<dyn Plan>,
}

impl Kind for SkipBom {
    const NAME: &'static str = "skip_bom";

    type Config = SkipBomConfig;

    fn plan(SkipBomConfig { into }: SkipBomConfig, at: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem> {
        Ok(Self::before(inner(&into, &at.key("into"))?))
    }
}

impl SkipBom {
    pub(crate) fn before(into: Box<dyn Plan>) -> Box<dyn Plan> {
        Box::new(Self { into })
    }
}

impl Plan for SkipBom {
    fn begin(&self, source: Box<dyn Source>, name: &str) -> Result<Box<dyn Scan>, Error> {
        self.into.begin(Box::new(Marked { source, start: Some(Vec::new()), failed: None }), name)
    }
}

/// The marks of UTF-32, UTF-8 and UTF-16. Longer ones come first, as one begins with another.
const MARKS: [&[u8]; 5] =
    [&[0, 0, 0xfe, 0xff], &[0xff, 0xfe, 0, 0], &[0xef, 0xbb, 0xbf], &[0xfe, 0xff], &[0xff, 0xfe]];
const LONGEST: usize = 4;

/// Bytes that may begin with a mark.
struct Marked {
    source: Box<dyn Source>,
    /// What has come before it is known whether there is a mark.
    start: Option<Vec<u8>>,
    /// Reported after the bytes before it.
    failed: Option<Error>,
}

impl Source for Marked {
    fn read(&mut self) -> Chunk {
        if let Some(error) = self.failed.take() {
            return Chunk::Failed(error);
        }
        let Some(start) = &mut self.start else { return self.source.read() };
        while start.len() < LONGEST {
            match self.source.read() {
                Chunk::Bytes(bytes) => start.extend_from_slice(&bytes),
                woken @ Chunk::Woken(_) => return woken,
                Chunk::Ended => break,
                Chunk::Failed(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        let mut start = self.start.take().unwrap_or_default();
        if let Some(mark) = MARKS.iter().find(|mark| start.starts_with(mark)) {
            start.drain(..mark.len());
        }
        if start.is_empty() { self.read() } else { Chunk::Bytes(start) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{cut, refused};

    #[test]
    fn one_mark_is_left_out() {
        let skipped =
            |bytes: &[u8]| cut(&json!({"skip_bom": {"into": {"lines": {}}}}), bytes).texts().concat();
        assert_eq!(skipped(b"\xef\xbb\xbfabc"), "abc");
        assert_eq!(skipped(b"\xff\xfeab"), "ab");
        assert_eq!(skipped(b"\xff\xfe\0\0ab"), "ab");
        assert_eq!(skipped(b"\0\0\xfe\xffab"), "ab");
        assert_eq!(skipped(b"\xef\xbb\xbf\xef\xbb\xbfa"), "\u{feff}a");
        assert_eq!(skipped(b"ab"), "ab");
        assert_eq!(skipped(b"\xef\xbb\xbf"), "");
        assert_eq!(skipped(b"\xfe\xff"), "");
        assert_eq!(skipped(b""), "");
    }

    #[test]
    fn a_scanner_of_another_plugin_is_refused() {
        assert_eq!(
            refused(&json!({"skip_bom": {"into": {"of_mine": {}}}})),
            "/skip_bom/into: scanner `of_mine` is of another plugin and can't stand inside of this one, only avro, chunker, \
             csv, decompress, json_documents, lines, re_match, skip_bom, switch, tar, to_the_end can"
        );
    }
}
