//! The input `parquet`.

use std::collections::VecDeque;

use forebay_sdk::files::{self, FileDetails};
use forebay_sdk::{
    Batch, BlockWriter, Config, Context, Error, Event, Input, Problem, Settlement, Token, log,
};

use super::places::Places;
use super::plan::Options;
use super::rows::Rows;

/// Reads the rows of files in the format [Parquet](https://parquet.apache.org), one file after the other.
///
/// A row becomes an object: see the processor `parquet_decode`. The input ends after the last file. A file that can't be
/// opened is tried again with growing pauses; of one that turns out to be broken the rest is logged and left out.
#[derive(Config)]
pub(crate) struct ParquetInputConfig {
    /// The files, in the order in which they are read. A path may hold the patterns `*`, `?`, `[a-z]` and `**`.
    #[config(
        example = "/tmp/foo.parquet",
        example = "/tmp/bar/*.parquet",
        example = "/tmp/data/**/*.parquet"
    )]
    paths: Vec<String>,
    /// How many rows make a batch. The last batch of a file may have fewer, and so may one that has grown to 16 MiB.
    #[config(default = 1, advanced)]
    batch_count: i64,
    /// Whether messages that an output rejects are tried again, as often as it takes.
    #[config(default = true)]
    #[expect(dead_code, reason = "the host tries rejected messages again")]
    auto_replay_nacks: bool,
    /// Whether lists are objects as the logical type LIST has them, as in `parquet_decode`.
    #[config(default = false, advanced)]
    use_parquet_list_format: bool,
    /// Whether times, decimals and so on are written as what they mean, as in `parquet_decode`.
    #[config(default = false, advanced)]
    logical_types: bool,
}

/// The bytes of the largest batch.
const BATCH: usize = 16 << 20;

/// Hands out the rows of one file after the other.
pub(crate) struct ParquetInput {
    patterns: Vec<String>,
    batch_count: usize,
    options: Options,
    /// The files that were found and not opened yet; absent before the first `connect`.
    waiting: Option<VecDeque<FileDetails>>,
    current: Option<(String, Rows<Places>)>,
    /// The bytes of the batch before, about which the next one will have.
    bytes: usize,
    next_token: Token,
}

impl Input for ParquetInput {
    const NAME: &'static str = "parquet";

    type Config = ParquetInputConfig;

    fn open(config: ParquetInputConfig, _: &Context) -> Result<Self, Problem> {
        let batch_count = usize::try_from(config.batch_count).ok().filter(|count| *count > 0);
        let batch_count = batch_count.ok_or_else(|| {
            Problem::new(format!("batch_count must be >0, got {}", config.batch_count)).at("/batch_count")
        })?;
        Ok(Self {
            patterns: config.paths,
            batch_count,
            options: Options {
                list_format: config.use_parquet_list_format,
                logical_types: config.logical_types,
            },
            waiting: None,
            current: None,
            bytes: 0,
            next_token: 0,
        })
    }

    fn connect(&mut self) -> Result<(), Error> {
        if self.waiting.is_none() {
            let mut found = VecDeque::new();
            for pattern in &self.patterns {
                found.extend(files::find(pattern)?);
            }
            self.waiting = Some(found);
        }
        Ok(())
    }

    fn read(&mut self, _: Vec<Settlement>) -> Result<Event, Error> {
        loop {
            let Some((path, rows)) = &mut self.current else {
                let Some(file) = self.waiting.as_mut().and_then(VecDeque::pop_front) else {
                    return Ok(Event::Ended);
                };
                match self.open_file(&file) {
                    Ok(rows) => self.current = Some((file.path, rows)),
                    Err(Unread::Refused(error)) => {
                        // Tried again from here; the files before it are read.
                        self.waiting.get_or_insert_default().push_front(file);
                        return Ok(Event::NotConnected(error.into_message()));
                    }
                    Err(Unread::Broken(error)) => log::error(format!("left out {}: {error}", file.path)),
                }
                continue;
            };
            match batch(rows, self.batch_count, &mut self.bytes) {
                Ok(Some(batch)) => {
                    self.next_token += 1;
                    return Ok(Event::Batch { token: self.next_token, batch });
                }
                Ok(None) => self.current = None,
                Err(error) => {
                    log::error(format!("left out the rest of {path}: {error}"));
                    self.current = None;
                }
            }
        }
    }
}

/// Why a file was not opened.
enum Unread {
    Refused(Error),
    Broken(String),
}

impl ParquetInput {
    fn open_file(&self, file: &FileDetails) -> Result<Rows<Places>, Unread> {
        let reader = files::open_reader(&file.path).map_err(|error| Unread::Refused(error.into()))?;
        Rows::new(Places::new(reader), self.options).map_err(Unread::Broken)
    }
}

/// The next rows as a batch; none when the file has ended. `bytes` are those of the batch before, and then of this one.
fn batch(rows: &mut Rows<Places>, most: usize, bytes: &mut usize) -> Result<Option<Batch>, String> {
    // What grows is moved, again and again.
    let mut block = BlockWriter::with_capacity(most.min(1 << 16), *bytes + *bytes / 8);
    let mut count = 0;
    while count < most && block.payload().len() < BATCH {
        if !rows.next(block.payload())? {
            block.discard();
            break;
        }
        block.end_message();
        count += 1;
    }
    *bytes = block.payload().len();
    Ok((count > 0).then(|| Batch::from_block(block)))
}
