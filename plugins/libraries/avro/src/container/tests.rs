#![cfg(test)]

use super::{Codec, Found, Reader, Writer};
use crate::{Dialect, Form, Schema};

const SCHEMA: &str = r#"{"type": "record", "name": "row", "fields": [{"name": "a", "type": "string"}]}"#;

fn file(codec: Codec, rows: usize) -> Vec<u8> {
    let schema = Schema::parse(SCHEMA).expect("a schema");
    let mut out = Vec::new();
    let mut writer = Writer::begin(&schema, codec, [7; 16], 100, &mut out);
    for row in 0..rows {
        let text = format!(r#"{{"a":"row {row}"}}"#);
        writer.add(&schema, text.as_bytes(), Dialect::PLAIN).expect("a row");
        if writer.is_full() {
            writer.end_block(&mut out).expect("a block");
        }
    }
    writer.end_block(&mut out).expect("the last block");
    out
}

/// The rows as JSON, from bytes in pieces of this size; then what was wrong.
fn rows(bytes: &[u8], size: usize) -> (Vec<String>, Option<String>) {
    let mut reader = Reader::default();
    let (mut schema, mut rows) = (None, Vec::new());
    let mut pieces = bytes.chunks(size);
    loop {
        match reader.step() {
            Ok(Found::Schema(found)) => schema = Some(found),
            Ok(Found::Block(block)) => {
                let mut left = block.bytes.as_slice();
                for _ in 0..block.count {
                    let mut out = Vec::new();
                    let schema = schema.as_ref().expect("the schema came first");
                    schema.read(&mut left, Form::Textual, 1000, &mut out).expect("a row");
                    rows.push(String::from_utf8(out).expect("JSON"));
                }
                assert!(left.is_empty());
            }
            Ok(Found::Wanting) => match pieces.next() {
                Some(piece) => reader.push(piece),
                None => return (rows, reader.end().err().map(|error| error.to_string())),
            },
            Err(error) => return (rows, Some(error.to_string())),
        }
    }
}

#[test]
fn what_is_written_is_read_in_any_pieces() {
    let expected: Vec<String> = (0..100).map(|row| format!(r#"{{"a":"row {row}"}}"#)).collect();
    for codec in [Codec::Null, Codec::Deflate, Codec::Snappy, Codec::Zstandard] {
        let file = file(codec, 100);
        for size in [1, 7, 1000, file.len()] {
            assert_eq!(rows(&file, size), (expected.clone(), None), "{codec:?} {size}");
        }
    }
    assert_eq!(rows(&file(Codec::Null, 0), 10), (Vec::new(), None));
}

#[test]
fn a_file_that_ends_early_says_where() {
    let file = file(Codec::Null, 30);
    assert_eq!(rows(&file[..40], 10).1.as_deref(), Some("it ends within its header"));
    let (read, error) = rows(&file[..file.len() - 1], 10);
    assert!(read.len() > 10 && error.is_some_and(|error| error.starts_with("it ends within block ")));
}

#[test]
fn what_is_broken_is_refused() {
    let mut marker = file(Codec::Null, 5);
    *marker.last_mut().expect("a byte") ^= 1;
    let mut checksum = file(Codec::Snappy, 5);
    let at = checksum.len() - 17;
    checksum[at] ^= 1;
    let mut codec = file(Codec::Null, 5);
    let at = codec.windows(4).position(|bytes| bytes == b"null").expect("the codec");
    codec[at] = b'm';
    for (bytes, expected) in [
        (marker, "block 1: the marker behind it is not that of the file"),
        (checksum, "block 1: snappy: its checksum is another"),
        (codec, "its codec mull is not known: null, deflate, snappy, zstandard and bzip2 are"),
        (b"Obj\x02".to_vec(), "it does not begin as an Avro object container file does"),
        (b"Obj\x01\x00".iter().copied().chain([0; 16]).collect(), "its header has no schema"),
    ] {
        assert_eq!(rows(&bytes, 1000).1.as_deref(), Some(expected));
    }
}

#[test]
fn values_without_bytes_are_limited() {
    let schema = Schema::parse("\"null\"").expect("a schema");
    let mut file = Vec::new();
    let mut writer = Writer::begin(&schema, Codec::Null, [7; 16], 100, &mut file);
    let header = file.len();
    let mut blocks = 0;
    for _ in 0..250_000 {
        writer.add(&schema, b"null", Dialect::PLAIN).expect("a value");
        if writer.is_full() {
            writer.end_block(&mut file).expect("a block");
            blocks += 1;
        }
    }
    writer.end_block(&mut file).expect("the last block");
    assert_eq!((blocks, rows(&file, 1000).0.len()), (2, 250_000), "what we write is read");
    file.truncate(header);
    crate::binary::write_long(1 << 62, &mut file);
    file.push(0);
    file.extend([7; 16]);
    let (read, error) = rows(&file, 1000);
    let expected = "block 1: it says that it has 4611686018427387904 values in 0 bytes; 100000 is the limit where values have no bytes";
    assert_eq!((read.len(), error.as_deref()), (0, Some(expected)));
}
