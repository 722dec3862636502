use forebay_avro::{Block, Form, Found, Reader, Schema};
use forebay_sdk::config::Pointer;
use forebay_sdk::{Config, Error, Problem};

use crate::cutting::{Cut, Leaf};
use crate::out::Out;
use crate::plan::{Kind, Plan};

/// Every value of an object container file of Avro is a message, in JSON.
///
/// Such [files](https://avro.apache.org/docs/1.12.0/specification/#object-container-files) begin with their schema. Messages
/// are JSON as Avro has it: what is in a union stands in an object of its type, `{"string":"a"}`, bytes are
/// characters of their codes, and logical types are what they are made of. Blocks may be compressed by `deflate`,
/// `snappy`, `zstandard` and `bzip2`; one of them at a time is in memory.
#[derive(Config)]
pub(crate) struct AvroConfig {
    /// Whether what is in a union stands for itself.
    #[config(default = false, advanced)]
    raw_json: bool,
}

/// Bytes that one value may become. The values of a file may become as many, and so many more for each byte in its blocks:
/// what has no bytes in a file may have many in JSON. Tests that reach the limit should not take long to.
const LIMIT: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };
const PER_BYTE: usize = 1024;

pub(crate) struct Avro {
    form: Form,
    reader: Reader,
    schema: Option<Schema>,
    block: Option<OpenBlock>,
    /// Bytes of JSON that may still become of the blocks so far.
    left: usize,
}

/// A block, and what was read of it.
struct OpenBlock {
    block: Block,
    at: usize,
    values: u64,
}

impl Kind for Avro {
    const NAME: &'static str = "avro";

    type Config = AvroConfig;

    fn plan(AvroConfig { raw_json }: AvroConfig, _: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem> {
        let form = if raw_json { Form::Plain } else { Form::Textual };
        Ok(Box::new(Leaf(move || Self {
            form,
            reader: Reader::default(),
            schema: None,
            block: None,
            left: LIMIT,
        })))
    }
}

impl Avro {
    /// Adds what there is without more bytes; whether that is all, or `out` is full.
    fn values(&mut self, out: &mut Out) -> Result<bool, Error> {
        loop {
            if !self.rest_of_block(out)? {
                return Ok(false);
            }
            match self.reader.step()? {
                Found::Schema(schema) => self.schema = Some(schema),
                Found::Block(block) => {
                    self.left = self.left.saturating_add(block.bytes.len().saturating_mul(PER_BYTE));
                    self.block = Some(OpenBlock { block, at: 0, values: 0 });
                }
                Found::Wanting => return Ok(true),
            }
        }
    }

    /// Adds the values of the block that is open; whether these are all, or `out` is full.
    fn rest_of_block(&mut self, out: &mut Out) -> Result<bool, Error> {
        let Some(schema) = &self.schema else { return Ok(true) };
        let Some(OpenBlock { block, at, values }) = &mut self.block else { return Ok(true) };
        while *values < block.count {
            if out.is_full() {
                return Ok(false);
            }
            let mut left = block.bytes.get(*at..).unwrap_or_default();
            let start = out.payload().len();
            let most = LIMIT.min(self.left);
            if let Err(error) = schema.read(&mut left, self.form, most, out.payload()) {
                out.payload().truncate(start);
                return Err(Error::new(format!("block {}, value {}: {error}", block.number, *values + 1)));
            }
            self.left = self.left.saturating_sub(out.payload().len() - start);
            out.end();
            *at = block.bytes.len() - left.len();
            *values += 1;
        }
        if *at < block.bytes.len() {
            return Err(Error::new(format!("block {}: there are bytes behind its last value", block.number)));
        }
        self.block = None;
        Ok(true)
    }
}

impl Cut for Avro {
    fn push(&mut self, bytes: &[u8], out: &mut Out) -> Result<usize, Error> {
        if !self.values(out)? {
            return Ok(0);
        }
        self.reader.push(bytes);
        self.values(out)?;
        Ok(bytes.len())
    }

    fn finish(&mut self, out: &mut Out) -> Result<bool, Error> {
        if !self.values(out)? {
            return Ok(false);
        }
        self.reader.end()?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use forebay_avro::{Codec, Dialect, Schema, Writer};
    use serde_json::json;

    use crate::testing::{cut, cut_in};

    const SCHEMA: &str = r#"{"type": "record", "name": "row", "fields": [
        {"name": "a", "type": "int"}, {"name": "b", "type": ["null", "string"], "default": null}]}"#;

    fn file(codec: Codec, rows: usize) -> Vec<u8> {
        let schema = Schema::parse(SCHEMA).expect("a schema");
        let mut out = Vec::new();
        let mut writer = Writer::begin(&schema, codec, [5; 16], 2_000, &mut out);
        for row in 0..rows {
            let text = format!(r#"{{"a":{row},"b":"row {row}"}}"#);
            writer.add(&schema, text.as_bytes(), Dialect::PLAIN).expect("a row");
            if writer.is_full() {
                writer.end_block(&mut out).expect("a block");
            }
        }
        writer.end_block(&mut out).expect("the last block");
        out
    }

    #[test]
    fn values_are_messages() {
        let wrapped = ["{\"a\":0,\"b\":{\"string\":\"row 0\"}}", "{\"a\":1,\"b\":{\"string\":\"row 1\"}}"];
        assert_eq!(cut(&json!({"avro": {}}), &file(Codec::Null, 2)).texts(), wrapped);
        let raw = cut(&json!({"avro": {"raw_json": true}}), &file(Codec::Snappy, 2));
        assert_eq!(raw.texts(), ["{\"a\":0,\"b\":\"row 0\"}", "{\"a\":1,\"b\":\"row 1\"}"]);
    }

    #[test]
    fn many_values_are_many_batches_in_order() {
        let file = file(Codec::Deflate, 200_000);
        let scanned = cut_in(&json!({"avro": {"raw_json": true}}), &file, 64 << 10, "x");
        assert!(scanned.batches.len() > 3, "{}", scanned.batches.len());
        let texts = scanned.texts();
        assert_eq!((texts.len(), texts[199_999].as_str()), (200_000, "{\"a\":199999,\"b\":\"row 199999\"}"));
    }

    #[test]
    fn a_value_that_is_broken_fails_the_stream_behind_those_before_it() {
        let mut bytes = file(Codec::Null, 3);
        // The union of the last value.
        let at = bytes.len() - 16 - 7;
        bytes[at] = 9;
        let scanned = cut_in(&json!({"avro": {"raw_json": true}}), &bytes, 1 << 20, "x");
        assert_eq!(scanned.all().len(), 2);
        assert_eq!(
            scanned.error.as_deref(),
            Some("block 1, value 3: field b: type -5 of a union that has 2")
        );
        let file = file(Codec::Null, 3);
        let scanned = cut(&json!({"avro": {}}), &file[..file.len() - 3]);
        assert_eq!(scanned.error.as_deref(), Some("it ends within block 1"));
        assert_eq!(
            cut(&json!({"avro": {}}), b"{}").error.as_deref(),
            Some("it does not begin as an Avro object container file does")
        );
    }

    #[test]
    fn a_small_file_ends_whatever_it_promises() {
        // A block of so many values without bytes.
        let file = |schema: &str, count: u64| {
            let schema = Schema::parse(schema).expect("a schema");
            let mut out = Vec::new();
            drop(Writer::begin(&schema, Codec::Null, [5; 16], 2_000, &mut out));
            let mut bits = count << 1;
            while bits >= 0x80 {
                out.push(u8::try_from(bits & 0x7f).expect("seven bits") | 0x80);
                bits >>= 7;
            }
            out.extend([u8::try_from(bits).expect("seven bits"), 0]);
            out.extend([5; 16]);
            out
        };
        let scanned = cut(&json!({"avro": {}}), &file("\"null\"", 3));
        assert_eq!(scanned.texts(), ["null"; 3]);
        let empty = r#"{"type": "record", "name": "r", "fields": []}"#;
        for schema in ["\"null\"", empty] {
            let scanned = cut_in(&json!({"avro": {}}), &file(schema, 1 << 62), 1000, "x");
            let expected = "block 1: it says that it has 4611686018427387904 values in 0 bytes; 100000 is the limit where values have no bytes";
            assert_eq!((scanned.all().len(), scanned.error.as_deref()), (0, Some(expected)));
        }
        // Few enough values, and much JSON of each.
        let mut wide = r#"{"type": "record", "name": "r0", "fields": []}"#.to_owned();
        for level in 1..=12 {
            wide = format!(
                r#"{{"type": "record", "name": "r{level}", "fields": [{{"name": "a", "type": {wide}}},
                    {{"name": "b", "type": "r{}"}}]}}"#,
                level - 1
            );
        }
        let scanned = cut_in(&json!({"avro": {}}), &file(&wide, 100_000), 1000, "x");
        let error = scanned.error.expect("it fails");
        assert!(error.ends_with("more JSON becomes of it than there may be"), "{error}");
        assert!(scanned.batches.iter().map(forebay_sdk::Batch::len).sum::<usize>() < 100);
    }
}
