use forebay_sdk::columns::MetadataWriter;
use forebay_sdk::{BlockWriter, Origins, Processed, Value, testing};
use serde_json::json;

use super::*;
use crate::budget::BYTES;

fn run(format: &str, path: &str, batch: Batch) -> Result<Vec<Processed>, Error> {
    let config = testing::config(&json!({"format": format, "path": path})).expect("a configuration");
    let mut archive = Archive::open(config, &Context::new("archive")).expect("opens");
    match archive.process(batch)? {
        Processing::Done(results) => Ok(results),
        Processing::Pending(_) => panic!("not done"),
    }
}

fn joined(format: &str, payloads: &[&str]) -> Result<String, String> {
    let results = run(format, "", Batch::from_payloads(payloads)).map_err(Error::into_message)?;
    assert_eq!(results[0].origins, Origins::Whole);
    Ok(testing::texts(&results[0].batch).concat())
}

#[test]
fn messages_are_joined() {
    let payloads = ["a", "", "c\n"];
    assert_eq!(joined("concatenate", &payloads).as_deref(), Ok("ac\n"));
    assert_eq!(joined("lines", &payloads).as_deref(), Ok("a\n\nc\n"));
    let binary = "\0\0\0\x03\0\0\0\x01a\0\0\0\0\0\0\0\x02c\n";
    assert_eq!(joined("binary", &payloads).as_deref(), Ok(binary));
    let documents = [r#" {"b":1.0, "a":[ ]}"#, "null", "5"];
    assert_eq!(joined("json_array", &documents).as_deref(), Ok(r#"[{"a":[],"b":1.0},null,5]"#));
}

#[test]
fn what_is_no_document_fails_the_batch() {
    let cases = [
        ("", "target message part does not exist"),
        (" ", "EOF"),
        ("[1,", "unexpected EOF"),
        ("x", "invalid character 'x' looking for beginning of value"),
        ("5 6", "message contains multiple valid documents"),
        ("5 x", "invalid character 'x' looking for beginning of value"),
    ];
    for (document, expected) in cases {
        let expected = format!("failed to parse message as JSON: {expected}");
        assert_eq!(joined("json_array", &["1", document]), Err(expected));
    }
}

#[test]
fn the_metadata_and_the_error_are_those_of_the_first() {
    let mut block = BlockWriter::with_capacity(2, 2);
    let mut metadata = MetadataWriter::default();
    for (payload, name) in [("a", "x"), ("b", "y")] {
        block.push(payload.as_bytes());
        metadata.push("name", Value::Text(name));
        metadata.end_message();
    }
    block.set_metadata(metadata);
    block.push_error(0, "broken");
    let results = run("lines", "", Batch::from_block(block)).expect("an archive");
    let message = results[0].batch.message(0);
    assert_eq!((message.bytes(), message.error()), (b"a\nb".as_slice(), Some("broken")));
    assert_eq!(message.metadata("name"), Some(Value::Text("x")));
}

#[test]
fn messages_that_stand_for_themselves_are_archived_alone() {
    let batch = Batch::from_payloads(["1", "x", "3"]).with_independent(true);
    let results = run("json_array", "", batch).expect("archives");
    assert_eq!(results[0].origins, Origins::Same);
    assert_eq!(testing::texts(&results[0].batch), ["[1]", "x", "[3]"]);
    let error = results[0].batch.message(1).error().expect("no document");
    assert!(error.starts_with("failed to parse message as JSON: invalid character 'x'"), "{error}");
    assert!(results[0].batch.independent());
}

/// What becomes of messages that come in slices of so many.
fn in_slices(format: &str, path: &str, messages: &[String], slice: usize) -> Result<Vec<u8>, Error> {
    let config = testing::config(&json!({"format": format, "path": path})).expect("a configuration");
    let mut archive = Archive::open(config, &Context::new("archive")).expect("opens");
    let (sink, bytes) = testing::sink();
    archive.begin(sink)?;
    for slice in messages.chunks(slice) {
        archive.add(&Batch::from_payloads(slice))?;
    }
    archive.finish()?;
    Ok(bytes.take())
}

#[test]
fn slices_become_the_archive_that_all_of_them_become() {
    let messages: Vec<String> = (0..100).map(|number| (number * 7919).to_string().repeat(number)).collect();
    let documents: Vec<String> = messages.iter().map(|message| format!("\"{message}\"")).collect();
    for format in ["concatenate", "lines", "json_array", "csv", "tar", "zip"] {
        let documents: Vec<String> = match format {
            "csv" => documents.iter().map(|document| format!("[{document}]")).collect(),
            _ => documents.clone(),
        };
        let whole = run(format, "name", Batch::from_payloads(&documents)).expect("an archive");
        for slice in [1, 3, 64, 1000] {
            let sliced = in_slices(format, "name", &documents, slice).expect("an archive");
            assert!(sliced == whole[0].batch.message(0).bytes(), "{format} {slice}");
        }
    }
}

#[test]
fn slices_that_can_not_be_added_fail() {
    let error = |format, path, message: &str| {
        in_slices(format, path, &["1".to_owned(), message.to_owned()], 1).expect_err("fails").into_message()
    };
    assert_eq!(error("binary", "", "a"), "this format says first how many messages there are");
    assert!(error("json_array", "", "x").starts_with("failed to parse message as JSON"));
    assert!(error("tar", "a/", "x").ends_with("trailing slash"));
}

#[test]
fn nothing_makes_no_archive() {
    let nothing: [&str; 0] = [];
    assert!(run("tar", "", Batch::from_payloads(nothing)).expect("nothing").is_empty());
}

#[test]
fn an_archive_has_a_limit() {
    let half = vec![b' '; BYTES / 2];
    let error =
        run("concatenate", "", Batch::from_payloads([&half, &half, &b"x".to_vec()])).expect_err("too large");
    assert_eq!(
        error.message(),
        format!("an archive of {} bytes is larger than the limit of {BYTES}", BYTES + 1)
    );
}

#[test]
fn some_names_can_not_be_archived() {
    let error = |format, path| {
        run(format, path, Batch::from_payloads(["a"])).expect_err("a name that can't be").into_message()
    };
    let slash = "archive/tar: cannot encode header: filename may not have trailing slash";
    assert_eq!(error("tar", "a/"), slash);
    let nul = "archive/tar: cannot encode header: invalid PAX record: \"path = a\\x00b\"";
    assert_eq!(error("tar", "a\0b"), nul);
    assert_eq!(error("zip", "a/"), "zip: write to directory");
    assert_eq!(error("zip", &"x".repeat(1 << 16)), "zip: FileHeader.Name too long");
}

#[test]
fn a_name_that_fails_is_empty() {
    testing::set_language(|_, _, _| {
        Ok(|batch: &Batch| {
            let flag = |_: forebay_sdk::Message<'_>, _: &mut forebay_sdk::BatchWriter<'_>| {
                Err(Error::new("no name"))
            };
            Ok(batch.map(flag))
        })
    });
    let results = run("zip", "${! x }", Batch::from_payloads(["a"])).expect("an archive");
    assert!(results[0].batch.message(0).bytes().starts_with(b"PK\x03\x04"));
    let lines = testing::take_log();
    assert!(lines[0].message.ends_with("which gets an empty one: no name"), "{}", lines[0].message);
}

#[test]
fn a_format_must_be_known() {
    let refused = |config: serde_json::Value| {
        let config = testing::config(&config).expect("a configuration");
        Archive::open(config, &Context::new("archive")).err().expect("refused").to_string()
    };
    for format in ["rar", "csv:", "csv:ab", "csv:\""] {
        let expected = format!("/format: archive format not recognised: {format}");
        assert_eq!(refused(json!({"format": format})), expected);
    }
    let error = refused(json!({"format": "lines", "columns": ["a"]}));
    assert_eq!(error, "/columns: only the format csv has columns");
}

#[test]
fn objects_are_rows_below_their_keys() {
    let rows = [r#"{"b":1.50,"a":"x"}"#, r#"{"a":"say \"no\", please"}"#, r#"{"a":null,"b":{"c":[1, 2]}}"#];
    let table = "b,a\n1.50,x\n,\"say \"\"no\"\", please\"\n\"{\"\"c\"\":[1, 2]}\",\n";
    assert_eq!(joined("csv", &rows).as_deref(), Ok(table));
    assert_eq!(joined("csv:;", &rows[..1]).as_deref(), Ok("b;a\n1.50;x\n"));
    assert_eq!(joined("csv", &[r#"{"a":null}"#]).as_deref(), Ok("a\n\"\"\n"));
    assert_eq!(joined("csv", &[r#"{"":1}"#]).as_deref(), Ok("\"\"\n1\n"));
    let arrays = [r#"[true,"a;b"," c","\\."]"#, "[]"];
    assert_eq!(joined("csv:;", &arrays).as_deref(), Ok("true;\"a;b\";\" c\";\"\\.\"\n\n"));
    for (rows, expected) in [
        (["{}", "[]"], "an array can't be a row of named fields"),
        (["[]", "5"], "a number among rows that are arrays"),
        ([r#"{"a":1}"#, r#"{"c":1}"#], "field c is no column of the table: name all of them"),
        (["{", "{}"], "failed to parse message as JSON: unexpected end of JSON input"),
    ] {
        let error = joined("csv", &rows).expect_err("refused");
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn columns_may_be_named() {
    let config = json!({"format": "csv", "columns": ["c", "a"]});
    let config = testing::config(&config).expect("a configuration");
    let mut archive = Archive::open(config, &Context::new("archive")).expect("opens");
    let (sink, bytes) = testing::sink();
    archive.begin(sink).expect("begins");
    for slice in [&[r#"{"a":1}"#, r#"{"c":2}"#][..], &[r#"{"a":3,"c":4}"#]] {
        archive.add(&Batch::from_payloads(slice)).expect("a slice");
    }
    archive.finish().expect("ends");
    assert_eq!(bytes.take(), b"c,a\n,1\n2,\n4,3\n");
}
