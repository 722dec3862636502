use forebay_sdk::columns::MetadataWriter;
use forebay_sdk::{BlockWriter, Origins, Processed, Value, testing};
use serde_json::json;

use super::*;
use crate::archive::Archive;
use crate::budget::BYTES;

fn run(format: &str, batch: Batch) -> Vec<Processed> {
    let config = testing::config(&json!({"format": format})).expect("a configuration");
    let mut unarchive = Unarchive::open(config, &Context::new("unarchive")).expect("opens");
    let Ok(Processing::Done(results)) = unarchive.process(batch) else { panic!("not done") };
    results
}

/// The parts of one message, or its error.
fn parts(format: &str, payload: &[u8]) -> Result<Vec<String>, String> {
    let mut results = run(format, Batch::from_payloads([payload]));
    let batch = results.remove(0).batch;
    if batch.len() == 1
        && let Some(error) = batch.message(0).error()
    {
        assert_eq!(batch.message(0).bytes(), payload, "{error}");
        return Err(error.to_owned());
    }
    Ok(testing::texts(&batch))
}

pub(super) fn archived(format: &str, path: &str, payloads: &[&str]) -> Vec<u8> {
    let config = testing::config(&json!({"format": format, "path": path})).expect("a configuration");
    let mut archive = Archive::open(config, &Context::new("archive")).expect("opens");
    let Ok(Processing::Done(results)) = archive.process(Batch::from_payloads(payloads)) else {
        panic!("not done")
    };
    results[0].batch.message(0).bytes().to_vec()
}

#[test]
fn parts_are_those_of_the_format() {
    let cases: [(&str, &str, &[&str]); 13] = [
        ("lines", "a\n\nb\n", &["a", "", "b", ""]),
        ("lines", "", &[""]),
        (
            "json_array",
            r#" [{"b":1.0,"a":2}, [ ] ,null,"x"] "#,
            &[r#"{"a":2,"b":1.0}"#, "[]", "null", "\"x\""],
        ),
        ("json_array", "[]", &[]),
        ("json_documents", r#"{"b":1.0} 5 [1e21]true"#, &[r#"{"b":1}"#, "5", "[1e+21]", "true"]),
        ("json_documents", " ", &[]),
        ("json_map", r#"{"z":1,"a":[2, 3],"z":4}"#, &["[2,3]", "4"]),
        ("csv", "b,a,b\n1,2,3\n\"x,\"\"y\",,\n", &[r#"{"a":"2","b":"3"}"#, r#"{"a":"","b":""}"#]),
        ("csv:\t", "a\tb\n1\t<2>", &[r#"{"a":"1","b":"<2>"}"#]),
        (
            "xml_documents_to_json",
            "<a x=\"1\">t</a> <b>&lt;2</b><?xml version=\"1.0\"?><c/> trailing",
            &[r##"{"a":{"#text":"t","-x":"1"}}"##, r#"{"b":"<2"}"#, r#"{"c":""}"#],
        ),
        ("xml_documents_to_json", "no element", &[]),
        (
            "xml_documents_to_json:cast",
            "<a><b>1.50</b><b>true</b><b>x</b></a>",
            &[r#"{"a":{"b":[1.5,true,"x"]}}"#],
        ),
        ("xml_documents_to_json:cast", "", &[]),
    ];
    for (format, payload, expected) in cases {
        assert_eq!(parts(format, payload.as_bytes()).expect("an archive"), expected, "{format}: {payload}");
    }
}

#[test]
fn what_is_archived_comes_back() {
    let payloads = ["a", "", "a longer one, a longer one, a longer one", "[1]"];
    for format in ["binary", "tar", "zip"] {
        assert_eq!(
            parts(format, &archived(format, "", &payloads)).expect("an archive"),
            payloads,
            "{format}"
        );
    }
    assert_eq!(parts("lines", &archived("lines", "", &payloads)).expect("an archive"), payloads);
    let zeros = "0".repeat(100_000);
    assert_eq!(parts("zip", &archived("zip", "x", &[&zeros])).expect("an archive"), [zeros]);
}

#[test]
fn names_come_back() {
    let long = format!("{}/{}", "d".repeat(90), "f".repeat(90));
    let longest = "x".repeat(300);
    for format in ["tar", "zip"] {
        for name in ["a.txt", "/a/../b", "\u{e9}/\u{1f600}", &long, &longest] {
            let archive = archived(format, name, &["a", "b"]);
            let results = run(format, Batch::from_payloads([archive]));
            for message in results[0].batch.messages() {
                assert_eq!(message.metadata("archive_filename"), Some(Value::Text(name)), "{format}");
            }
        }
    }
}

#[test]
fn metadata_is_that_of_the_source_and_the_name() {
    let mut block = BlockWriter::with_capacity(3, 2);
    let mut metadata = MetadataWriter::default();
    for payload in [r#"{"x":1,"y":2}"#, "no", r#"{"z":3}"#] {
        block.push(payload.as_bytes());
        metadata.push("archive_key", Value::Text("old"));
        metadata.push("other", Value::Text(payload));
        metadata.end_message();
    }
    block.set_metadata(metadata);
    let results = run("json_map", Batch::from_block(block));
    let batch = &results[0].batch;
    assert_eq!(testing::texts(batch), ["1", "2", "no", "3"]);
    assert_eq!(results[0].origins, Origins::Each(vec![0, 0, 1, 2]));
    let keys: Vec<_> = batch.messages().filter_map(|message| message.metadata("archive_key")).collect();
    assert_eq!(keys, ["x", "y", "old", "z"].map(Value::Text));
    assert_eq!(batch.message(1).metadata("other"), Some(Value::Text(r#"{"x":1,"y":2}"#)));
    assert_eq!(batch.message(0).metadata_entries().count(), 2);
}

#[test]
fn an_error_leaves_the_message_and_its_neighbours() {
    let batch = Batch::from_payloads(["[1,2]", "[3,4,x]", "[]", "[5]"]);
    let results = run("json_array", batch);
    assert_eq!(testing::texts(&results[0].batch), ["1", "2", "[3,4,x]", "5"]);
    assert_eq!(results[0].origins, Origins::Each(vec![0, 0, 1, 3]));
    let errors: Vec<bool> = results[0].batch.messages().map(|message| message.error().is_some()).collect();
    assert_eq!(errors, [false, false, true, false]);
}

#[test]
fn mistakes_are_worded_as_bento_words_them() {
    let cases = [
        ("json_array", "", "failed to parse message into JSON array: target message part does not exist"),
        (
            "json_array",
            "{}",
            "failed to parse message into JSON array: invalid type 'map[string]interface {}'",
        ),
        (
            "json_array",
            "{} 5",
            "failed to parse message into JSON array: message contains multiple valid documents",
        ),
        (
            "json_array",
            "[1] 5",
            "failed to parse message into JSON array: message contains multiple valid documents",
        ),
        ("json_array", "[1, 2", "failed to parse message into JSON array: unexpected EOF"),
        ("json_map", "5", "failed to parse message into JSON map: invalid type 'json.Number'"),
        ("json_map", "null", "failed to parse message into JSON map: invalid type '<nil>'"),
        ("json_map", "[]", "failed to parse message into JSON map: invalid type '[]interface {}'"),
        (
            "json_map",
            r#"{"a":1,}"#,
            "failed to parse message into JSON map: invalid character '}' looking for beginning of object key string",
        ),
        ("json_documents", "5 x", "invalid character 'x' looking for beginning of value"),
        ("json_documents", "[1e400]", "json: cannot unmarshal number 1e400 into Go value of type float64"),
        ("csv", "a,b\n1,2\n3\n", "failed to parse message as csv: record on line 3: wrong number of fields"),
        ("csv:\"", "a", "failed to parse message as csv: csv: invalid field or comment delimiter"),
        ("binary", "hello", "serialised message bytes were in unexpected format"),
        ("binary", "\0\0\0\x01\0\0\0\x05abc", "serialised message bytes were in unexpected format"),
        ("tar", "hello", "unexpected EOF"),
        ("zip", "hello", "zip: not a valid zip file"),
    ];
    for (format, payload, expected) in cases {
        assert_eq!(parts(format, payload.as_bytes()), Err(expected.to_owned()), "{format}: {payload}");
    }
    assert_eq!(parts("tar", &[b'x'; 600]), Err("archive/tar: invalid tar header".to_owned()));
    assert_eq!(parts("tar", b""), Ok(Vec::new()));
}

#[test]
fn parts_of_messages_that_stand_for_themselves_belong_together() {
    let batch = Batch::from_payloads(["[1]", "[2]", "[3,4]", "[]", "[5]", "x"]).with_independent(true);
    let results = run("json_array", batch);
    let pieces: Vec<_> = results
        .iter()
        .map(|result| (testing::texts(&result.batch), result.batch.independent(), result.origins.clone()))
        .collect();
    let piece = |texts: [&str; 2], independent, origins: [u32; 2]| {
        (texts.map(str::to_owned).to_vec(), independent, Origins::Each(origins.to_vec()))
    };
    let expected =
        [piece(["1", "2"], true, [0, 1]), piece(["3", "4"], false, [2, 2]), piece(["5", "x"], true, [4, 5])];
    assert_eq!(pieces, expected);
}

#[test]
fn whatever_is_cut_or_changed_ends_without_a_panic() {
    for format in ["binary", "tar", "zip"] {
        let archive = archived(format, "name", &["a longer one, a longer one, a longer one", "b"]);
        for at in 0..archive.len() {
            let _ = parts(format, &archive[..at]);
            for bit in [0, 3, 7] {
                let mut changed = archive.clone();
                changed[at] ^= 1 << bit;
                run(format, Batch::from_payloads([changed]));
            }
        }
    }
}

#[test]
fn a_changed_file_has_another_checksum() {
    let mut archive = archived("zip", "name", &["abc"]);
    let at = archive.windows(3).position(|bytes| bytes == b"abc").expect("stored");
    archive[at] = b'x';
    assert_eq!(parts("zip", &archive), Err("zip: checksum error".to_owned()));
}

#[test]
fn a_zip_may_have_something_before_and_behind_it() {
    let archive = archived("zip", "name", &["abc"]);
    assert_eq!(parts("zip", &[b"#!/bin/sh\n".as_slice(), &archive].concat()), Ok(vec!["abc".to_owned()]));
    let mut commented = archive;
    let length = commented.len();
    commented[length - 2] = 2;
    assert_eq!(parts("zip", &[commented.as_slice(), b"PK"].concat()), Ok(vec!["abc".to_owned()]));
}

#[test]
fn a_bomb_is_refused() {
    let zeros = "\0".repeat(BYTES / 2);
    let archive = archived("zip", "zeros", &[&zeros, "x"]);
    let batch = Batch::from_payloads([&archive, &archive]);
    let results = run("zip", batch);
    let batch = &results[0].batch;
    assert_eq!((batch.len(), batch.message(2).bytes()), (3, archive.as_slice()));
    let error = batch.message(2).error().expect("too large");
    assert!(error.starts_with("the content is longer than"), "{error}");
    let numbers = format!("[{}]", vec!["1"; crate::budget::RESULTS + 1].join(","));
    let error = parts("json_array", numbers.as_bytes()).expect_err("too many");
    assert!(
        error.ends_with("there would be more than 100000 results of a batch, which is the limit"),
        "{error}"
    );
}

#[test]
fn a_format_must_be_known() {
    for (format, expected) in [
        ("rar", "archive format not recognised: rar"),
        ("csv:", "csv format requires a non-empty delimiter"),
        ("csv:||", "csv format requires a single character delimiter"),
    ] {
        let config = testing::config(&json!({"format": format})).expect("a configuration");
        let problem = Unarchive::open(config, &Context::new("unarchive")).err().expect("refused");
        assert_eq!(problem.to_string(), format!("/format: {expected}"));
    }
}

#[test]
fn a_mistake_in_one_document_is_one_of_the_message() {
    for (payload, line) in [("<a>", 1), ("<a/><b", 1), ("<a>\n</a>\n<b>\n", 3)] {
        let expected = format!("xml.Decoder.Token() - XML syntax error on line {line}: unexpected EOF");
        assert_eq!(parts("xml_documents_to_json", payload.as_bytes()), Err(expected), "{payload}");
    }
}
