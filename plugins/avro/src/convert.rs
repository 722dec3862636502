//! The processor `avro`.

use forebay_avro::{Dialect, Form, Schema, single_body, single_header};
use forebay_sdk::{Batch, Config, Context, Docs, Error, Example, Problem, Processing, Processor};

use crate::schema::SchemaSource;

/// Bytes of JSON that may become of one message, whatever it promises, and bytes that may become of all messages of a batch.
/// As results grow they are moved, so that an instance with the usual 256 MiB can just hold them. Tests that reach a limit
/// should not take long to.
const MESSAGE: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };
const BATCH: usize = if cfg!(test) { 3 << 19 } else { 96 << 20 };

/// Converts messages between Avro and JSON by a schema.
///
/// What is in a union stands in an object of its type, `{"string":"a"}`, on either side. `to_json` writes bytes in base64,
/// dates and timestamps as RFC 3339 has them, times of day as nanoseconds, and decimals as fractions. `from_json` takes
/// strings for the bytes of their text; times are numbers as the schema counts them, or text as RFC 3339 has it, and
/// decimals numbers, or text. Fields that are missing have the default of the schema; those that it does not have mean
/// nothing. Messages of a schema registry begin with the number of their schema, and are not for this processor. A message
/// may become 64 MiB, and all messages of a batch 96 MiB: those that do not fit are passed on unchanged with an error.
#[derive(Config)]
pub(crate) struct AvroConfig {
    /// What to do: messages in Avro become JSON, or the reverse.
    #[config(options("to_json", "from_json"))]
    operator: String,
    /// The form of Avro: JSON as its specification has it (`textual`), `binary`, or binary behind the fingerprint of the
    /// schema (`single`).
    #[config(default = "textual", options("textual", "binary", "single"))]
    encoding: String,
    /// The schema. Either this or `schema_path` is needed.
    #[config(default = "")]
    schema: String,
    /// Where the schema is: `file://` and a path. It is read when the first batch comes.
    #[config(default = "", example = "file://path/to/spec.avsc")]
    schema_path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Textual,
    Binary,
    Single,
}

/// Converts.
pub(crate) struct Avro {
    schema: SchemaSource,
    encoding: Encoding,
    is_to_json: bool,
}

impl Processor for Avro {
    const NAME: &'static str = "avro";
    const DOCS: Docs = Docs {
        examples: &[Example {
            title: "Binary Avro as JSON",
            summary: "The schema stands in the configuration.",
            config: "pipeline:\n  processors:\n    - avro:\n        operator: to_json\n        encoding: binary\n        schema: '{\"type\":\"record\",\"name\":\"point\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"}]}'\n",
        }],
        ..Docs::DEFAULT
    };

    type Config = AvroConfig;

    fn open(config: AvroConfig, _: &Context) -> Result<Self, Problem> {
        let AvroConfig { operator, encoding, schema, schema_path } = config;
        let encoding = match encoding.as_str() {
            "textual" => Encoding::Textual,
            "binary" => Encoding::Binary,
            "single" => Encoding::Single,
            other => {
                return Err(Problem::new(format!("encoding '{other}' not recognised")).at("/encoding"));
            }
        };
        let is_to_json = match operator.as_str() {
            "to_json" => true,
            "from_json" => false,
            other => return Err(Problem::new(format!("operator not recognised: {other}")).at("/operator")),
        };
        Ok(Self { schema: SchemaSource::of(&schema, schema_path)?, encoding, is_to_json })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        let (encoding, is_to_json) = (self.encoding, self.is_to_json);
        let schema = self.schema.get()?;
        let (mut left, mut scratch) = (BATCH, Vec::new());
        let results = batch.map(|message, writer| {
            let out = writer.payload();
            let start = out.len();
            scratch.clear();
            let most = MESSAGE.min(left);
            let outcome = if is_to_json {
                to_json(schema, encoding, message.bytes(), most, &mut scratch, out)
                    .map_err(|error| format!("failed to convert Avro document to JSON: {error}"))
            } else {
                from_json(schema, encoding, message.bytes(), most, &mut scratch, out)
                    .map_err(|error| format!("failed to convert JSON to Avro schema: {error}"))
            };
            let made = out.len() - start;
            if made > left && (outcome.is_ok() || made <= MESSAGE) {
                // Others have taken its place.
                return Err(Error::new(format!(
                    "the batch is too large: more than {BATCH} bytes would become of its messages, which is the limit"
                )));
            }
            outcome.map_err(Error::new)?;
            left -= made;
            Ok(())
        });
        Ok(results.into())
    }
}

fn to_json(
    schema: &Schema,
    encoding: Encoding,
    bytes: &[u8],
    most: usize,
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let mut binary = match encoding {
        Encoding::Binary => bytes,
        Encoding::Single => single_body(schema, bytes).map_err(|error| error.to_string())?,
        Encoding::Textual => {
            schema.write(bytes, Dialect::TEXTUAL, scratch).map_err(|error| error.to_string())?;
            scratch.as_slice()
        }
    };
    schema.read(&mut binary, Form::Native, most, out).map_err(|error| error.to_string())
}

fn from_json(
    schema: &Schema,
    encoding: Encoding,
    text: &[u8],
    most: usize,
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    match encoding {
        Encoding::Binary => schema.write(text, Dialect::NATIVE, out),
        Encoding::Single => {
            out.extend_from_slice(&single_header(schema));
            schema.write(text, Dialect::NATIVE, out)
        }
        Encoding::Textual => schema
            .write(text, Dialect::NATIVE, scratch)
            .and_then(|()| schema.read(&mut scratch.as_slice(), Form::Textual, most, out)),
    }
    .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
