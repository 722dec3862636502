//! Archives of messages that come slice by slice.

use forebay_sdk::streams::ByteSink;
use forebay_sdk::{Batch, Error, StreamMetadata};

use super::csv::Table;
use super::members::Members;
use super::zip::Directory;
use super::{Format, json, plain, tar};

/// An archive to which messages are added.
pub(super) struct Growing {
    sink: ByteSink,
    form: Form,
    is_empty: bool,
    /// That of the first message.
    metadata: StreamMetadata,
}

enum Form {
    Joined(&'static [u8]),
    Csv(Table),
    JsonArray,
    Tar { now: u64 },
    Zip(Directory),
}

impl Growing {
    /// `columns` are those of a table.
    pub(super) fn begin(format: Format, columns: &[String], now: u64, sink: ByteSink) -> Result<Self, Error> {
        let form = match format {
            Format::Binary => return Err(Error::new("this format says first how many messages there are")),
            Format::Concatenate => Form::Joined(b""),
            Format::Csv { delimiter } => Form::Csv(Table::new(delimiter, columns)),
            Format::Lines => Form::Joined(b"\n"),
            Format::JsonArray => Form::JsonArray,
            Format::Tar => Form::Tar { now },
            Format::Zip => Form::Zip(Directory::new(now)),
        };
        Ok(Self { sink, form, is_empty: true, metadata: StreamMetadata::default() })
    }

    /// Adds messages, of which `members` are all.
    pub(super) fn add(&mut self, batch: &Batch, members: &Members<'_>) -> Result<(), Error> {
        let mut out = Vec::new();
        match &mut self.form {
            Form::Joined(between) => {
                if !self.is_empty {
                    out.extend_from_slice(between);
                }
                plain::join(members, between, &mut out)?;
            }
            Form::Csv(table) => table.rows(members, &mut out)?,
            Form::JsonArray => {
                if self.is_empty {
                    out.push(b'[');
                }
                json::items(members, self.is_empty, &mut out)?;
            }
            Form::Tar { now } => tar::files(members, *now, &mut out)?,
            Form::Zip(directory) => directory.files(members, &mut out)?,
        }
        if self.is_empty {
            for (key, value) in batch.message(0).metadata_entries() {
                self.metadata.push(key, value);
            }
            self.is_empty = false;
        }
        self.sink.write(&out)
    }

    pub(super) fn finish(mut self) -> Result<StreamMetadata, Error> {
        let mut out = Vec::new();
        match self.form {
            Form::Joined(_) | Form::Csv(_) => {}
            Form::JsonArray => out.push(b']'),
            Form::Tar { .. } => tar::end(&mut out),
            Form::Zip(directory) => directory.end(&mut out)?,
        }
        if !out.is_empty() {
            self.sink.write(&out)?;
        }
        Ok(self.metadata)
    }
}
