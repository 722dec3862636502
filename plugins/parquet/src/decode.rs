//! The processor `parquet_decode` and the input `parquet`.

mod columns;
mod input;
mod pages;
mod places;
mod plan;
mod render;
mod rows;

use bytes::Bytes;
use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor};

pub(crate) use input::ParquetInput;
use plan::Options;
use rows::Rows;

/// How much is made of the messages of one batch at most. As results grow they are moved, so that an instance with the
/// usual 256 MiB can just hold them. Tests that reach a limit should not take long to.
const BYTES: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };

/// Makes a message of every row of the files that messages hold.
///
/// A row becomes an object, with the metadata of its file. Bytes that are not text become base64, and of numbers that
/// mean a time or a decimal the number is taken, unless `logical_types` is set; floats that are no numbers become null. A
/// message that is no file is passed on with an error. What all rows of a batch hold is limited to 64 MiB: larger files are for the
/// input `parquet`.
#[derive(Config)]
pub(crate) struct DecodeConfig {
    /// Says nothing any more: what files call text is text, and other bytes are base64.
    #[config(default = false, deprecated)]
    #[expect(dead_code, reason = "Bento takes it and does nothing with it")]
    byte_array_as_string: bool,
    /// Whether lists are objects as the logical type LIST has them, `{"list": [{"element": 1}, {"element": 2}]}`, instead
    /// of `[1, 2]`. Lists inside of lists are arrays in either case.
    #[config(default = true, advanced)]
    use_parquet_list_format: bool,
    /// Whether times, dates, decimals, UUIDs, JSON and 16-bit floats are written as what they mean: RFC 3339, numbers with
    /// a point, and so on.
    #[config(default = false, advanced)]
    logical_types: bool,
}

/// Decodes.
pub(crate) struct Decode {
    options: Options,
}

impl Processor for Decode {
    const NAME: &'static str = "parquet_decode";

    type Config = DecodeConfig;

    fn open(config: DecodeConfig, _: &Context) -> Result<Self, Problem> {
        let options =
            Options { list_format: config.use_parquet_list_format, logical_types: config.logical_types };
        Ok(Self { options })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        let mut writer = batch.writer();
        let mut left = BYTES;
        // How many results there are after those of each message.
        let mut ends = Vec::with_capacity(batch.len());
        for message in batch.messages() {
            let (before, spent) = (writer.results(), left);
            let mut decode = || -> Result<(), String> {
                let mut rows = Rows::new(Bytes::copy_from_slice(message.bytes()), self.options)?;
                loop {
                    let out = writer.payload();
                    let start = out.len();
                    if !rows.next(out)? {
                        writer.discard();
                        return Ok(());
                    }
                    let length = out.len() - start;
                    left = left.checked_sub(length).ok_or_else(|| {
                        format!("the rows of a batch would hold more than {BYTES} bytes, which is the limit")
                    })?;
                    writer.end(message.index());
                }
            };
            if let Err(error) = decode() {
                left = spent;
                writer.truncate(before);
                writer.flag(&error);
                writer.end(message.index());
            }
            ends.push(writer.results());
        }
        let results = writer.finish();
        Ok(Processing::Done(if batch.independent() { results.apart(&ends) } else { vec![results] }))
    }
}

#[cfg(test)]
mod tests;
