//! Files in `tests/parquet`, and what Bento 1.20 makes of them in `expected.json`. PyArrow wrote the files, each for what
//! its name says; a byte of `checksum_wrong` was changed afterwards.

mod limits;
mod made;

use std::path::PathBuf;

use super::read;
use crate::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/parquet")
}

/// The names of the files and their contents.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder()).expect("there are files") {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|extension| extension == "parquet") {
            let name = path.file_stem().expect("named").to_string_lossy().into_owned();
            files.push((name, std::fs::read(&path).expect("readable")));
        }
    }
    files
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name).with_extension("parquet")).expect("readable")
}

fn json(value: &Value) -> String {
    let mut out = Vec::new();
    value.write_json(&mut out);
    String::from_utf8(out).expect("text")
}

#[test]
fn every_file_gives_what_bento_gives() {
    let expected = std::fs::read(folder().join("expected.json")).expect("readable");
    let Value::Object(expected) = Value::from_json(&expected).expect("JSON") else { panic!("no object") };
    let files = files();
    assert_eq!(files.len(), expected.len());
    for (name, content) in files {
        let Some(Value::Object(expected)) = expected.get(&name) else { panic!("{name} is not expected") };
        match (read(&content), expected.get("rows"), expected.get("error")) {
            (Ok(rows), Some(expected), None) => {
                // Read again, so that what is no UTF-8 is written in the same way.
                let rows = Value::from_json(json(&Value::from(rows)).as_bytes()).expect("JSON");
                assert_eq!(json(&rows), json(expected), "{name}");
            }
            (Err(error), None, Some(expected)) => assert_eq!(error, *expected.to_text(), "{name}"),
            (got, _, _) => panic!("{name} gives {got:?}"),
        }
    }
}

#[test]
fn bytes_are_bytes_and_text_is_text() {
    let rows = read(&file("flat_plain")).expect("rows");
    let Some(Value::Object(row)) = rows.get(1) else { panic!("no row") };
    assert_eq!(row.get("fix"), Some(&Value::bytes(b"\xff\0\x01")));
    assert_eq!(row.get("bin").map(Value::kind), Some("string"));
    assert_eq!(row.get("u32"), Some(&Value::Int(4_294_967_295)));
}

#[test]
fn what_is_no_file_is_an_error() {
    for (content, error) in [
        (&b""[..], "reading magic header of parquet file: EOF"),
        (b"hello world", r#"invalid magic header of parquet file: "hell""#),
        (b"PAR1", "reading magic footer of parquet file: bytes.Reader.ReadAt: negative offset (read: 0)"),
        (b"PAR1hello world", r#"invalid magic footer of parquet file: "orld""#),
        (b"PAR1hellPAR1", "reading footer of parquet file: bytes.Reader.ReadAt: negative offset"),
        (b"PAR1\0\0\0\0PAR1", "reading parquet file metadata: EOF"),
        (b"PAR1\0\x01\0\0\0PAR1", "reading parquet file metadata: missing required field: 1:FIELD<I32>"),
    ] {
        assert_eq!(read(content), Err(format!("parquet read panic: {error}")));
    }
}

#[test]
fn a_broken_file_is_an_error_or_other_rows_and_never_a_panic() {
    let (mut read_all_the_same, mut refused) = (0, 0);
    for (_, content) in files() {
        // Every third place, and all of the last ones, which are where the columns are described.
        let places = (0..content.len()).filter(|at| at % 3 == 0 || content.len() - at < 200);
        for at in places {
            let mut changed = content.clone();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= [0xff, 0x80, 0x01, 0x10][at % 4];
            }
            for broken in [&changed, content.get(..at).unwrap_or_default()] {
                match read(broken) {
                    Ok(_) => read_all_the_same += 1,
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(read_all_the_same > 1000 && refused > 10_000, "{read_all_the_same} read, {refused} refused");
}

/// A file whose metadata are those of another, with a change.
fn with_metadata(name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut content = file(name);
    let end = content.split_off(content.len() - 8);
    let length = u32::from_le_bytes(*end.first_chunk().expect("a length"));
    let mut metadata = content.split_off(content.len() - usize::try_from(length).expect("small"));
    change(&mut metadata);
    let length = u32::try_from(metadata.len()).expect("small");
    [content, metadata, length.to_le_bytes().to_vec(), b"PAR1".to_vec()].concat()
}

#[test]
fn unchanged_metadata_change_nothing() {
    let content = with_metadata("groups", |_| {});
    assert_eq!(read(&content), read(&file("groups")));
}

#[test]
fn lists_of_nothing_do_not_fill_memory() {
    // Version, then a list that says it has 4 billion elements, each of which is an empty structure.
    let list =
        |field: u8| [&[0x15, 2, field, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f][..], &[0; 200_000]].concat();
    for (field, reason) in [(0x19, "more than 100000 columns"), (0x39, "row groups has been reached")] {
        let error = read(&with_metadata("groups", |metadata| *metadata = list(field))).expect_err("too much");
        assert!(error.contains(reason), "{error}");
    }
}
