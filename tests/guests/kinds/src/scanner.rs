use forebay_sdk::streams::{ByteStream, Chunk};
use forebay_sdk::{Batch, Config, Context, Error, Problem, Scanned, Scanner};

/// Every read of the stream is a message.
#[derive(Config)]
pub(crate) struct ChunksConfig {
    /// The longest message.
    #[config(default = 4)]
    longest: u32,
}

pub(crate) struct Chunks {
    longest: u32,
    source: Option<ByteStream>,
}

impl Scanner for Chunks {
    const NAME: &'static str = "kinds_scanner";
    type Config = ChunksConfig;

    fn open(config: ChunksConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { longest: config.longest, source: None })
    }

    fn begin(&mut self, source: ByteStream, name: &str) -> Result<(), Error> {
        if name.is_empty() {
            return Err(Error::new("the stream has no name"));
        }
        self.source = Some(source);
        Ok(())
    }

    fn next(&mut self) -> Result<Scanned, Error> {
        let source = self.source.as_mut().ok_or_else(|| Error::new("no stream was begun"))?;
        match source.read(self.longest) {
            Chunk::Bytes(bytes) => Ok(Scanned::Batch(Batch::from_payloads([bytes]))),
            Chunk::Ended => Ok(Scanned::Ended),
            Chunk::Woken(_) => Ok(Scanned::Idle),
            Chunk::Failed(error) => Err(error.context("read the stream")),
        }
    }
}
