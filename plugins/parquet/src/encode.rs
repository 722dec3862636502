//! The processor `parquet_encode`.

mod columns;
mod file;
mod properties;
mod shred;
mod value;

use std::sync::Arc;

use forebay_sdk::config::Pointer;
use forebay_sdk::streams::ByteSink;
use forebay_sdk::{
    Batch, Config, Context, Docs, Error, Example, IncrementalProcessor, Message, Problem, Processing,
    Processor, StreamMetadata,
};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::schema::types::TypePtr;

use crate::schema::{FieldConfig, Schema};
use file::{File, Refused};

/// Makes one file in the format [Parquet](https://parquet.apache.org) of a batch of objects, each of which is a row.
///
/// The file has the metadata of the first message. Of a batch that a batching policy collects right before an output,
/// the file grows while messages come: no more of it is in memory than one row group. If one message can't be a row, all
/// are flagged with the reason, which names the field, and where the message came from as far as its metadata says so.
#[derive(Config)]
pub(crate) struct EncodeConfig {
    /// The fields of a row.
    schema: Vec<FieldConfig>,
    /// How columns are compressed that do not say so themselves.
    #[config(
        default = "uncompressed",
        options("uncompressed", "snappy", "gzip", "brotli", "zstd", "lz4raw")
    )]
    default_compression: String,
    /// How columns are encoded that do not say so themselves. Only columns of bytes and text can be
    /// DELTA_LENGTH_BYTE_ARRAY; with it others are PLAIN.
    #[config(
        default = "DELTA_LENGTH_BYTE_ARRAY",
        options("DELTA_LENGTH_BYTE_ARRAY", "PLAIN", "RLE_DICTIONARY"),
        advanced
    )]
    default_encoding: String,
    /// How many bytes of messages make a row group. A group is in memory while it is written, and readers take one at a
    /// time.
    #[config(default = 33_554_432, advanced)]
    row_group_bytes: i64,
    /// Of what the smallest and the largest value are noted in the file, for readers to skip by.
    #[config(default = "chunk", options("none", "chunk", "page"), advanced)]
    statistics: String,
}

/// Encodes.
pub(crate) struct Encode {
    schema: Arc<Schema>,
    root: TypePtr,
    properties: WriterPropertiesPtr,
    row_group_bytes: usize,
    growing: Option<Growing>,
}

/// A file of messages that come slice by slice.
struct Growing {
    file: File,
    sink: ByteSink,
    /// That of the first message.
    metadata: Option<StreamMetadata>,
}

impl Processor for Encode {
    const NAME: &'static str = "parquet_encode";
    const DOCS: Docs = Docs {
        examples: &[Example {
            title: "A file for every thousand orders",
            summary: "Fields may be nested; one that may be missing is optional.",
            config: "output:\n  file:\n    path: orders/${! uuid_v4() }.parquet\n    codec: all-bytes\n    batching:\n      count: 1000\n      period: 1m\n      processors:\n        - parquet_encode:\n            default_compression: zstd\n            schema:\n              - { name: id, type: INT64 }\n              - { name: at, type: TIMESTAMP_MILLIS }\n              - name: customer\n                type: STRUCT\n                fields:\n                  - { name: name, type: UTF8 }\n                  - { name: city, type: UTF8, optional: true }\n              - name: tags\n                type: LIST\n                fields: [{ name: element, type: UTF8 }]\n",
        }],
        ..Docs::DEFAULT
    };

    type Config = EncodeConfig;

    fn open(config: EncodeConfig, _: &Context) -> Result<Self, Problem> {
        let schema = Schema::read(&config.schema, &Pointer::ROOT.key("schema"))?;
        let refuse = |error: parquet::errors::ParquetError| Problem::new(error.to_string()).at("/schema");
        let root = schema.root().map_err(refuse)?;
        let properties = properties::of(&config, &schema, &root)?;
        let row_group_bytes = usize::try_from(config.row_group_bytes).ok().filter(|bytes| *bytes > 0);
        let row_group_bytes =
            row_group_bytes.ok_or_else(|| Problem::new("must be at least 1").at("/row_group_bytes"))?;
        Ok(Self { schema: Arc::new(schema), root, properties, row_group_bytes, growing: None })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        if batch.is_empty() {
            return Ok(Processing::Done(Vec::new()));
        }
        if batch.independent() {
            // Each message is a batch, and becomes a file of its own.
            let results = batch.map(|message, writer| {
                let file = self.whole(&batch, message.index()..message.index() + 1)?;
                writer.payload().extend_from_slice(&file);
                Ok(())
            });
            return Ok(results.into());
        }
        let file = self.whole(&batch, 0..batch.len())?;
        let mut writer = batch.writer();
        writer.payload().extend_from_slice(&file);
        writer.end(0);
        Ok(writer.finish_whole().into())
    }
}

impl IncrementalProcessor for Encode {
    fn begin(&mut self, sink: ByteSink) -> Result<(), Error> {
        self.growing = Some(Growing { file: self.file()?, sink, metadata: None });
        Ok(())
    }

    fn add(&mut self, slice: &Batch) -> Result<(), Error> {
        let Some(growing) = self.growing.as_mut().filter(|_| !slice.is_empty()) else { return Ok(()) };
        growing
            .file
            .add(slice.messages().map(|message| message.bytes()))
            .map_err(|refused| explain(&refused, |row| slice.message(row)))?;
        growing.metadata.get_or_insert_with(|| {
            let mut metadata = StreamMetadata::default();
            for (key, value) in slice.message(0).metadata_entries() {
                metadata.push(key, value);
            }
            metadata
        });
        let written = growing.file.take();
        if written.is_empty() { Ok(()) } else { growing.sink.write(&written) }
    }

    fn finish(&mut self) -> Result<StreamMetadata, Error> {
        let Growing { file, mut sink, metadata } =
            self.growing.take().ok_or_else(|| Error::new("no file was begun"))?;
        sink.write(&file.finish().map_err(failed)?)?;
        Ok(metadata.unwrap_or_default())
    }

    fn abort(&mut self) {
        self.growing = None;
    }
}

impl Encode {
    fn file(&self) -> Result<File, Error> {
        File::new(&self.schema, &self.root, &self.properties, self.row_group_bytes).map_err(failed)
    }

    /// The file of some messages of a batch.
    fn whole(&self, batch: &Batch, messages: std::ops::Range<usize>) -> Result<Vec<u8>, Error> {
        let mut file = self.file()?;
        let mut all = Vec::new();
        // As many at a time as make pages of some size, so that little waits to be encoded.
        const AT_ONCE: usize = 1000;
        let mut start = messages.start;
        while start < messages.end {
            let end = messages.end.min(start + AT_ONCE);
            file.add((start..end).map(|index| batch.message(index).bytes()))
                .map_err(|refused| explain(&refused, |row| batch.message(start + row)))?;
            all.extend_from_slice(&file.take());
            start = end;
        }
        all.extend_from_slice(&file.finish().map_err(failed)?);
        Ok(all)
    }
}

fn failed(error: parquet::errors::ParquetError) -> Error {
    Error::new(error.to_string()).context("write a Parquet file")
}

/// What is wrong with a row, and where that came from.
fn explain<'b>(refused: &Refused, row: impl Fn(usize) -> Message<'b>) -> Error {
    let Some(index) = refused.row else { return Error::new(refused.reason.clone()) };
    let from = forebay_text::origin(row(index));
    let from = from.map(|from| format!(" ({from})")).unwrap_or_default();
    Error::new(format!("unable to encode message{from} as parquet row: {}", refused.reason))
}

#[cfg(test)]
mod tests;
