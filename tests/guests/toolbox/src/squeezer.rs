use forebay_sdk::compression::{self, Algorithm};
use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor};

use crate::words::{answer_each, unknown};

#[derive(Config)]
pub(crate) struct SqueezerConfig {}

/// Compresses as many bytes as its messages say.
pub(crate) struct Squeezer;

impl Processor for Squeezer {
    const NAME: &'static str = "squeezer";
    type Config = SqueezerConfig;

    fn open(_: SqueezerConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self)
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        Ok(answer_each(&batch, |words| match words {
            ["compress", name, level, length] => {
                let bytes = lines(length.parse()?);
                let small = compression::compress(algorithm(name)?, Some(level.parse()?), &bytes)?;
                Ok(small.len().to_string())
            }
            ["there-and-back", name, length, most] => {
                let bytes = lines(length.parse()?);
                let small = compression::compress(algorithm(name)?, None, &bytes)?;
                let back = compression::decompress(algorithm(name)?, &small, most.parse()?)?;
                Ok((back == bytes && small.len() < bytes.len() / 2).to_string())
            }
            ["decompress", name, text] => {
                let bytes = compression::decompress(algorithm(name)?, text.as_bytes(), 1 << 20)?;
                Ok(bytes.len().to_string())
            }
            ["repeat", name, length] => {
                let bytes = lines(length.parse()?);
                let small = compression::compress(algorithm(name)?, None, &bytes)?;
                let back = compression::decompress(algorithm(name)?, &small.repeat(8), usize::MAX)?;
                Ok(back.len().to_string())
            }
            other => Err(unknown(other)),
        }))
    }
}

fn algorithm(name: &str) -> Result<Algorithm, Error> {
    let all = [Algorithm::Zstd, Algorithm::Gzip, Algorithm::Snappy];
    all.into_iter().find(|known| known.name() == name).ok_or_else(|| Error::new("no such algorithm"))
}

/// Text that can be compressed.
fn lines(length: usize) -> Vec<u8> {
    (0_u32..).flat_map(|line| format!("line {line}\n").into_bytes()).take(length).collect()
}
