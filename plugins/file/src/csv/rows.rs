use std::rc::Rc;

use forebay_csv::{CsvError, Dialect, Fields, Header, Reader, Row, Step, write_array};
use forebay_sdk::files::FileDetails;
use forebay_sdk::streams::{ByteStream, Chunk};
use forebay_sdk::{Batch, Error, log, waits};

use super::batch::Building;

/// How many bytes are read at once.
const READ: u32 = 64 << 10;
/// What a batch may grow to, where a few bytes make many.
const MESSAGES: usize = 1 << 16;
const BYTES: usize = 1 << 20;
/// The same where rows stand together.
const GROUP_BYTES: usize = 64 << 20;

pub(super) struct Settings {
    pub(super) dialect: Dialect,
    pub(super) fields: Fields,
    pub(super) parse_header_row: bool,
    pub(super) expected_headers: Vec<String>,
    /// How many rows make a batch; those of batches of one travel together.
    pub(super) batch_count: usize,
}

/// The rows of one file.
pub(super) struct Rows {
    source: ByteStream,
    file: FileDetails,
    settings: Rc<Settings>,
    reader: Reader,
    row: Row,
    header: Option<Header>,
    /// The names as JSON.
    names: String,
    /// Whether it was logged that rows are not the names that are expected.
    is_other_logged: bool,
    /// Whether the source failed before its end.
    is_broken: bool,
    batch: Building,
}

pub(super) enum Got {
    Batch(Batch),
    /// Nothing now.
    Idle,
    Ended {
        /// Whether the whole file was read.
        whole: bool,
    },
}

impl Rows {
    pub(super) fn new(source: ByteStream, file: FileDetails, settings: Rc<Settings>) -> Result<Self, Error> {
        Ok(Self {
            source,
            file,
            reader: Reader::new(settings.dialect, settings.fields)?,
            settings,
            row: Row::default(),
            header: None,
            names: String::new(),
            is_other_logged: false,
            is_broken: false,
            batch: Building::new(),
        })
    }

    /// The next batch. It waits for bytes only where there is none.
    pub(super) fn next(&mut self) -> Got {
        let alone = self.settings.batch_count == 1;
        loop {
            match self.reader.next(&mut self.row) {
                Step::Row => self.row(),
                Step::Broken(error) => {
                    let is_left_out = self.row.is_empty() || self.settings.fields != Fields::AsFirst;
                    if is_left_out || matches!(error, CsvError::TooLong { .. }) {
                        self.log(&error);
                        if self.batch.len() > 0 {
                            return self.batch();
                        }
                    } else {
                        self.row();
                    }
                }
                Step::Wanting if alone && self.batch.len() > 0 => return self.batch(),
                Step::Wanting => match self.source.read(READ) {
                    Chunk::Bytes(bytes) => self.reader.push(&bytes),
                    Chunk::Ended => self.reader.finish(),
                    // What a batch of several rows has so far is kept.
                    Chunk::Woken(_) => return Got::Idle,
                    Chunk::Failed(error) => {
                        self.log(&error);
                        self.is_broken = true;
                        self.reader.finish();
                    }
                },
                Step::Ended if self.batch.len() > 0 => return self.batch(),
                Step::Ended => return Got::Ended { whole: !self.is_broken },
            }
            let (most, bytes) =
                if alone { (MESSAGES, BYTES) } else { (self.settings.batch_count, GROUP_BYTES) };
            if self.batch.len() >= most || self.batch.bytes() >= bytes && self.batch.len() > 0 {
                return self.batch();
            }
            waits::give_way();
        }
    }

    /// Takes a row in: as the names or as a message.
    fn row(&mut self) {
        if self.header.is_some() || !self.settings.parse_header_row {
            self.batch.push(self.header.as_ref(), &self.row);
            return;
        }
        let expected = &self.settings.expected_headers;
        if !expected.is_empty() && !self.row.fields().eq(expected.iter().map(String::as_bytes)) {
            if !std::mem::replace(&mut self.is_other_logged, true) {
                self.log(&"expected_headers don't match file contents");
            }
            return;
        }
        let mut names = Vec::new();
        write_array(&self.row, &mut names);
        self.names = String::from_utf8(names).unwrap_or_default();
        self.header = Some(Header::new(std::mem::take(&mut self.row)));
    }

    fn batch(&mut self) -> Got {
        let independent = self.settings.batch_count == 1;
        Got::Batch(self.batch.finish(&self.file, &self.names, independent))
    }

    fn log(&self, error: &dyn std::fmt::Display) {
        log::error(format!("read {}: {error}", self.file.path));
    }
}

#[cfg(test)]
mod tests;
