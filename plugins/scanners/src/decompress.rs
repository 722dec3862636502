//! Streams that are compressed. They are made larger piece by piece, so that however much a few bytes become, only one
//! piece of it is in memory at a time.

mod bzip2;
mod inflate;
mod input;
mod lz4;
mod snappy;
#[cfg(test)]
mod tests;
mod zstd;

use forebay_sdk::config::{Pointer, ScannerConfig};
use forebay_sdk::streams::Chunk;
use forebay_sdk::{Config, Error, Problem, waits};

use crate::plan::{Kind, Plan, Scan, inner};
use crate::source::Source;
use input::Input;

/// Decompresses the stream, and hands it to another scanner.
#[derive(Config)]
pub(crate) struct DecompressConfig {
    /// One of `gzip`, `pgzip` (the same), `zlib`, `bzip2`, `flate`, `snappy` (with frames), `lz4` and `zstd`.
    #[config(example = "gzip")]
    algorithm: String,
    /// The scanner that cuts the decompressed stream.
    #[config(default = {"to_the_end": {}})]
    into: ScannerConfig,
}

pub(crate) struct Decompress {
    algorithm: Algorithm,
    into: Box<dyn Plan>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Algorithm {
    Gzip,
    Zlib,
    Flate,
    Bzip2,
    Snappy,
    Lz4,
    Zstd,
}

impl Kind for Decompress {
    const NAME: &'static str = "decompress";

    type Config = DecompressConfig;

    fn plan(config: DecompressConfig, at: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem> {
        let DecompressConfig { algorithm, into } = config;
        let algorithm = match algorithm.as_str() {
            "gzip" | "pgzip" => Algorithm::Gzip,
            "zlib" => Algorithm::Zlib,
            "flate" => Algorithm::Flate,
            "bzip2" => Algorithm::Bzip2,
            "snappy" => Algorithm::Snappy,
            "lz4" => Algorithm::Lz4,
            "zstd" => Algorithm::Zstd,
            other => {
                let reason = format!("compression type not recognised: {other}");
                return Err(Problem::new(reason).at(at.key("algorithm")));
            }
        };
        Ok(Self::before(algorithm, inner(&into, &at.key("into"))?))
    }
}

impl Decompress {
    pub(crate) fn before(algorithm: Algorithm, into: Box<dyn Plan>) -> Box<dyn Plan> {
        Box::new(Self { algorithm, into })
    }
}

impl Plan for Decompress {
    fn begin(&self, source: Box<dyn Source>, name: &str) -> Result<Box<dyn Scan>, Error> {
        let decoder: Box<dyn Decoder> = match self.algorithm {
            Algorithm::Gzip => Box::new(inflate::Inflate::gzip()),
            Algorithm::Zlib => Box::new(inflate::Inflate::zlib()),
            Algorithm::Flate => Box::new(inflate::Inflate::flate()),
            Algorithm::Bzip2 => Box::new(bzip2::Bzip2::new()),
            Algorithm::Snappy => Box::new(snappy::Snappy::new()),
            Algorithm::Lz4 => Box::new(lz4::Lz4::new()),
            Algorithm::Zstd => Box::new(zstd::Zstd::new()),
        };
        self.into.begin(Box::new(Decompressed { source, decoder, input: Input::default(), end: None }), name)
    }
}

/// About so many bytes are made at once.
const PIECE: usize = 64 << 10;

/// Makes compressed bytes larger, a piece at a time.
trait Decoder {
    /// Goes on with what is in `input`, and appends what comes of it to the empty `out`.
    ///
    /// # Errors
    /// What is wrong with the bytes. What was appended counts.
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<Step, String>;
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// It took some bytes or gave some.
    On,
    /// It needs more bytes than there are.
    Wanting,
    /// There is nothing more, whatever follows.
    Ended,
}

struct Decompressed {
    source: Box<dyn Source>,
    decoder: Box<dyn Decoder>,
    input: Input,
    end: Option<End>,
}

enum End {
    Ended,
    Failed(Error),
}

impl Source for Decompressed {
    fn read(&mut self) -> Chunk {
        loop {
            match &mut self.end {
                Some(End::Ended) => return Chunk::Ended,
                Some(End::Failed(error)) => {
                    let error = std::mem::replace(error, Error::new("the stream failed before"));
                    return Chunk::Failed(error);
                }
                None => {}
            }
            let mut out = Vec::new();
            match self.decoder.step(&mut self.input, &mut out) {
                Ok(Step::On) => {}
                Ok(Step::Ended) => self.end = Some(End::Ended),
                Ok(Step::Wanting) if self.input.is_finished() => {
                    self.end = Some(End::Failed(Error::new("unexpected EOF")));
                }
                Ok(Step::Wanting) => match self.source.read() {
                    Chunk::Bytes(bytes) => self.input.push(bytes),
                    Chunk::Ended => self.input.finish(),
                    Chunk::Failed(error) => self.end = Some(End::Failed(error)),
                    woken @ Chunk::Woken(_) => return woken,
                },
                Err(error) => self.end = Some(End::Failed(Error::new(error))),
            }
            if !out.is_empty() {
                return Chunk::Bytes(out);
            }
            waits::give_way();
        }
    }
}
