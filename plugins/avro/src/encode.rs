//! The processor `avro_encode`.

use forebay_avro::{Codec, Dialect, Schema, Writer};
use forebay_sdk::streams::ByteSink;
use forebay_sdk::{
    Batch, Config, Context, Docs, Error, Example, IncrementalProcessor, Problem, Processing, Processor,
    StreamMetadata, time,
};

use crate::schema::SchemaSource;

/// Makes one object container file of Avro of a batch of JSON documents.
///
/// Bento has no such processor; its scanner `avro`, and ours, read
/// [what it makes](https://avro.apache.org/docs/1.12.0/specification/#object-container-files). The file has the metadata of the first message. Of a batch that a batching policy collects right before an output, the
/// file grows while messages come: no more of it is in memory than one block. If one message can't be a value of the
/// schema, all are flagged with the reason, which names the field, and where the message came from as far as its
/// metadata says so. Fields that are missing have the default of the schema; those that it does not have mean nothing.
#[derive(Config)]
pub(crate) struct EncodeConfig {
    /// The schema. Either this or `schema_path` is needed.
    #[config(default = "")]
    schema: String,
    /// Where the schema is: `file://` and a path. It is read when the first batch comes.
    #[config(default = "", example = "file://path/to/spec.avsc")]
    schema_path: String,
    /// How blocks are compressed.
    #[config(default = "null", options("null", "deflate", "snappy", "zstandard"))]
    codec: String,
    /// Whether documents are plain JSON: what is in a union stands for itself, and the first type counts that takes it, and
    /// decimals are numbers or text. Otherwise they are JSON as Avro has it: what is in a union stands in an object of
    /// its type, and decimals are numbers, or text whose characters are their bytes.
    #[config(default = false)]
    raw_json: bool,
    /// How many bytes make a block, before they are compressed.
    #[config(default = 262_144, advanced)]
    block_bytes: i64,
}

/// Encodes.
pub(crate) struct Encode {
    schema: SchemaSource,
    settings: Settings,
    /// How many files were begun.
    files: u64,
    growing: Option<Growing>,
}

#[derive(Clone, Copy)]
struct Settings {
    codec: Codec,
    dialect: Dialect,
    block_bytes: usize,
}

/// A file of messages that come slice by slice.
struct Growing {
    writer: Writer,
    sink: ByteSink,
    /// That of the first message.
    metadata: Option<StreamMetadata>,
}

impl Processor for Encode {
    const NAME: &'static str = "avro_encode";
    const DOCS: Docs = Docs {
        examples: &[Example {
            title: "A file for every thousand points",
            summary: "Bento and others read it.",
            config: "output:\n  file:\n    path: points/${! uuid_v4() }.avro\n    codec: all-bytes\n    batching:\n      count: 1000\n      period: 1m\n      processors:\n        - avro_encode:\n            codec: deflate\n            schema: '{\"type\":\"record\",\"name\":\"point\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"}]}'\n",
        }],
        ..Docs::DEFAULT
    };

    type Config = EncodeConfig;

    fn open(config: EncodeConfig, _: &Context) -> Result<Self, Problem> {
        let EncodeConfig { schema, schema_path, codec, raw_json, block_bytes } = config;
        let codec = Codec::find(codec.as_bytes())
            .ok_or_else(|| Problem::new(format!("codec {codec} is not known")).at("/codec"))?;
        let block_bytes = usize::try_from(block_bytes).ok().filter(|bytes| (1..=16 << 20).contains(bytes));
        let block_bytes =
            block_bytes.ok_or_else(|| Problem::new("must be from 1 to 16777216").at("/block_bytes"))?;
        let dialect = if raw_json { Dialect::PLAIN } else { Dialect::TOLERANT };
        let settings = Settings { codec, dialect, block_bytes };
        Ok(Self { schema: SchemaSource::of(&schema, schema_path)?, settings, files: 0, growing: None })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        if batch.is_empty() {
            return Ok(Processing::Done(Vec::new()));
        }
        if batch.independent() {
            // Each message is a batch, and becomes a file of its own.
            let results = batch.map(|message, writer| {
                self.whole(&batch.slice(message.index()..message.index() + 1), writer.payload())
            });
            return Ok(results.into());
        }
        let mut writer = batch.writer();
        self.whole(&batch, writer.payload())?;
        writer.end(0);
        Ok(writer.finish_whole().into())
    }
}

impl IncrementalProcessor for Encode {
    fn begin(&mut self, mut sink: ByteSink) -> Result<(), Error> {
        let mut out = Vec::new();
        let writer = self.file(&mut out)?;
        sink.write(&out)?;
        self.growing = Some(Growing { writer, sink, metadata: None });
        Ok(())
    }

    fn add(&mut self, slice: &Batch) -> Result<(), Error> {
        let schema = self.schema.get()?;
        let Some(growing) = self.growing.as_mut().filter(|_| !slice.is_empty()) else { return Ok(()) };
        let mut out = Vec::new();
        add(schema, self.settings.dialect, &mut growing.writer, slice, &mut out)?;
        growing.metadata.get_or_insert_with(|| {
            let mut metadata = StreamMetadata::default();
            for (key, value) in slice.message(0).metadata_entries() {
                metadata.push(key, value);
            }
            metadata
        });
        if out.is_empty() { Ok(()) } else { growing.sink.write(&out) }
    }

    fn finish(&mut self) -> Result<StreamMetadata, Error> {
        let Growing { mut writer, mut sink, metadata } =
            self.growing.take().ok_or_else(|| Error::new("no file was begun"))?;
        let mut out = Vec::new();
        writer.end_block(&mut out).map_err(Error::new)?;
        if !out.is_empty() {
            sink.write(&out)?;
        }
        Ok(metadata.unwrap_or_default())
    }

    fn abort(&mut self) {
        self.growing = None;
    }
}

impl Encode {
    fn file(&mut self, out: &mut Vec<u8>) -> Result<Writer, Error> {
        self.files += 1;
        let sync = marker(self.files);
        let Settings { codec, block_bytes, .. } = self.settings;
        Ok(Writer::begin(self.schema.get()?, codec, sync, block_bytes, out))
    }

    /// Appends the file of a batch.
    fn whole(&mut self, batch: &Batch, out: &mut Vec<u8>) -> Result<(), Error> {
        let mut writer = self.file(out)?;
        add(self.schema.get()?, self.settings.dialect, &mut writer, batch, out)?;
        writer.end_block(out).map_err(Error::new)
    }
}

fn add(
    schema: &Schema,
    dialect: Dialect,
    writer: &mut Writer,
    batch: &Batch,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    for message in batch.messages() {
        writer.add(schema, message.bytes(), dialect).map_err(|error| {
            let from = forebay_text::origin(message);
            let from = from.map(|from| format!(" ({from})")).unwrap_or_default();
            Error::new(format!("unable to encode message{from} as Avro: {error}"))
        })?;
        if writer.is_full() {
            writer.end_block(out).map_err(Error::new)?;
        }
    }
    Ok(())
}

/// Bytes that stand behind every block of a file, and should not stand in one by chance: those of the clock, mixed.
fn marker(file: u64) -> [u8; 16] {
    let now = time::now();
    let mut state = now.as_secs() ^ u64::from(now.subsec_nanos()) << 32 ^ file.rotate_left(17);
    let mut marker = [0; 16];
    for part in marker.chunks_mut(8) {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        part.copy_from_slice(&(mixed ^ mixed >> 31).to_be_bytes());
    }
    marker
}

#[cfg(test)]
mod tests;
