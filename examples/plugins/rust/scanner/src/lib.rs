//! The plugin `rust-scanner`.

use forebay_sdk::streams::{ByteStream, Chunk};
use forebay_sdk::{Batch, Config, Context, Error, Problem, Scanned, Scanner};

/// How many bytes are asked for at once.
const READ: u32 = 64 * 1024;

/// Cuts a stream into messages at every delimiter.
#[derive(Config)]
pub struct RustScannerConfig {
    /// What stands between two messages: one character.
    #[config(default = ";")]
    delimiter: String,
    /// The most bytes that a message may have.
    #[config(default = 1048576)]
    max_size: usize,
}

/// The scanner `rust_scanner`.
pub struct RustScanner {
    delimiter: u8,
    max_size: usize,
    source: Option<ByteStream>,
    /// The start of a message that has not ended yet.
    rest: Vec<u8>,
}

impl Scanner for RustScanner {
    const NAME: &'static str = "rust_scanner";
    type Config = RustScannerConfig;

    fn open(config: RustScannerConfig, _: &Context) -> Result<Self, Problem> {
        let [delimiter] = *config.delimiter.as_bytes() else {
            return Err(Problem::new("expected one ASCII character").at("/delimiter"));
        };
        Ok(Self { delimiter, max_size: config.max_size, source: None, rest: Vec::new() })
    }

    fn begin(&mut self, source: ByteStream, _name: &str) -> Result<(), Error> {
        self.rest.clear();
        self.source = Some(source);
        Ok(())
    }

    /// What has arrived, without waiting for more than one message.
    fn next(&mut self) -> Result<Scanned, Error> {
        while let Some(source) = &mut self.source {
            let mut messages = match source.read(READ) {
                Chunk::Bytes(bytes) => self.cut(&bytes),
                Chunk::Ended => {
                    self.source = None;
                    if self.rest.is_empty() { Vec::new() } else { vec![std::mem::take(&mut self.rest)] }
                }
                Chunk::Woken(_) => return Ok(Scanned::Idle),
                Chunk::Failed(error) => {
                    self.source = None;
                    return Err(error);
                }
            };
            if self.rest.len() > self.max_size || messages.iter().any(|message| message.len() > self.max_size) {
                self.source = None;
                return Err(Error::new(format!("a message has more than {} bytes", self.max_size)));
            }
            if !messages.is_empty() {
                // They stand for themselves: the host may put them together as it likes.
                return Ok(Scanned::Batch(Batch::from_payloads(messages.drain(..)).with_independent(true)));
            }
        }
        Ok(Scanned::Ended)
    }
}

impl RustScanner {
    /// The messages that end in these bytes.
    fn cut(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut parts = bytes.split(|byte| *byte == self.delimiter).peekable();
        let mut messages = Vec::new();
        while let Some(part) = parts.next() {
            self.rest.extend_from_slice(part);
            if parts.peek().is_some() {
                messages.push(std::mem::take(&mut self.rest));
            }
        }
        messages
    }
}

forebay_sdk::plugin! {
    name: "rust-scanner",
    summary: "Cuts streams at a delimiter.",
    scanners: [RustScanner],
}
