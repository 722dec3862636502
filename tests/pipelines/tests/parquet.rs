//! The plugin `parquet`, beside pyarrow and DuckDB.

use std::path::Path;
use std::process::Command;

use forebay_tests_pipelines::Folder;
use serde_json::{Value, json};

/// Runs `theirs.py`; what it printed.
fn theirs(folder: &Folder, args: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the root");
    let python = root.join("target/languages/parquet/bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet/theirs.py");
    let mut command = Command::new(&python);
    let output = command.arg(script).args(args).current_dir(folder.path("")).output();
    let output = output.expect("cargo xtask test installs pyarrow and DuckDB in target/languages/parquet");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The first of them in base64.
fn raw(number: u32) -> Value {
    ["AAA=", "AAE=", "AAI=", "AAM="].get(number as usize).map_or(Value::Null, |text| json!(text))
}

fn tags(number: u32) -> Value {
    (0..number % 3).map(|tag| json!(format!("t{tag}"))).collect()
}

fn deep(count: u32) -> Value {
    (0..count).map(|y| json!({"y": y})).collect()
}

fn counts(number: u32) -> Value {
    (0..number % 3).map(|key| (format!("k{key}"), json!(key))).collect()
}

fn parsed(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// A policy that makes one file of all messages.
fn into_file(encode: &str) -> String {
    format!(
        "\
output:
  file:
    path: out.parquet
    codec: all-bytes
    batching:
      count: 1000000
      processors:
        - parquet_encode:
            {encode}
"
    )
}

#[test]
fn others_read_what_is_written() {
    const SCHEMA: &str = "\
schema:
              - {name: id, type: INT64}
              - {name: name, type: UTF8, optional: true}
              - {name: small, type: UINT8}
              - {name: price, type: DECIMAL, decimal_precision: 12, decimal_scale: 2}
              - {name: day, type: DATE}
              - {name: at, type: TIMESTAMP_MICROS}
              - {name: ok, type: BOOLEAN}
              - {name: x, type: DOUBLE, optional: true}
              - {name: tags, type: LIST, fields: [{name: element, type: UTF8}]}
              - name: place
                optional: true
                fields:
                  - {name: city, type: UTF8}
                  - {name: deep, type: LIST, fields: [{name: element, type: STRUCT, fields: [{name: y, type: INT32}]}]}
              - name: counts
                type: MAP
                fields: [{name: key, type: UTF8}, {name: value, type: INT32, optional: true}]
";
    let row = |number: u32| {
        json!({
            "id": number,
            "name": if number.is_multiple_of(3) { Value::Null } else { json!(format!("n\u{e9} \"{number}\"")) },
            "small": number % 256,
            "price": format!("{}.25", number),
            "day": format!("2026-11-{:02}", 1 + number % 28),
            "at": format!("2026-11-22T01:02:03.{number:06}Z"),
            "ok": number.is_multiple_of(2),
            "x": if number.is_multiple_of(5) { Value::Null } else { json!(f64::from(number) / 8.0 + 0.0625) },
            "tags": (tags(number)),
            "place": if number.is_multiple_of(4) { Value::Null } else {
                json!({"city": format!("c{number}"), "deep": (deep(number % 3))})
            },
            "counts": (counts(number)),
        })
    };
    let rows: Vec<Value> = (0..2_000).map(row).collect();
    for (compression, encoding) in [
        ("uncompressed", "PLAIN"),
        ("snappy", "RLE_DICTIONARY"),
        ("zstd", "DELTA_LENGTH_BYTE_ARRAY"),
        ("gzip", "PLAIN"),
        ("brotli", "PLAIN"),
        ("lz4raw", "PLAIN"),
    ] {
        let folder = Folder::new();
        let lines: Vec<String> = rows.iter().map(|row| format!("{row}\n")).collect();
        folder.write("in.jsonl", lines.concat());
        let encode = format!(
            "default_compression: {compression}\n            default_encoding: {encoding}\n            \
             row_group_bytes: 100000\n            {SCHEMA}"
        );
        let pipeline = format!(
            "input: {{file: {{paths: [in.jsonl]}}}}\npipeline: {{threads: 1}}\n{}",
            into_file(&encode)
        );
        let _ = folder.run(&pipeline).finish().well();
        assert_eq!(parsed(&theirs(&folder, &["check", "out.parquet"])), rows, "{compression} {encoding}");
    }
}

#[test]
fn what_others_write_is_read() {
    let folder = Folder::new();
    folder.write("theirs/.keep", "");
    let _ = theirs(&folder, &["write", "theirs"]);
    let pipeline = "\
input: {parquet: {paths: ['theirs/*.parquet'], batch_count: 64, logical_types: true}}
pipeline: {threads: 1}
output: {file: {path: out.jsonl, codec: lines}}
";
    let _ = folder.run(pipeline).finish().well();
    let row = |number: u32| {
        let fraction = format!("{number:03}");
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        // pyarrow counts the microseconds of its rows in thousands.
        let at = format!("2026-11-22T01:02:03{point}{fraction}Z");
        json!({
            "id": number,
            "name": if number.is_multiple_of(3) { Value::Null } else { json!(format!("n\u{e9} {number}")) },
            "price": f64::from(number) / 4.0,
            "day": format!("2026-11-{:02}", 1 + number % 28),
            "at": at,
            "tags": (tags(number)),
            "place": if number.is_multiple_of(5) { Value::Null } else {
                json!({"x": f64::from(number) / 8.0, "deep": (deep(number % 2))})
            },
            "counts": (counts(number)),
            "raw": (raw(number)),
        })
    };
    let read = parsed(&folder.read("out.jsonl"));
    assert_eq!(read.len(), 11 * 100, "eight files of pyarrow and three of DuckDB");
    for (index, read) in read.iter().enumerate() {
        let number = u32::try_from(index % 100).expect("small");
        let mut expected = row(number);
        if number > 3 {
            expected["raw"] = read["raw"].clone();
        }
        let numbers = |value: &Value| value["price"].as_f64().zip(value["place"]["x"].as_f64());
        assert_eq!(numbers(read), numbers(&expected), "row {number} of file {}", index / 100);
        let (mut read, mut expected) = (read.clone(), expected);
        for value in [&mut read, &mut expected] {
            value["price"] = Value::Null;
            if value["place"].is_object() {
                value["place"]["x"] = Value::Null;
            }
        }
        assert_eq!(read, expected, "row {number} of file {}", index / 100);
    }
}

#[test]
fn files_go_through_messages_too() {
    let folder = Folder::new();
    let pipeline = "\
input:
  generate:
    count: 5
    interval: ''
    batch_size: 5
    mapping: 'root = {\"n\": counter(), \"l\": [counter(), null]}'
pipeline:
  threads: 1
  processors:
    - parquet_encode:
        default_compression: zstd
        schema:
          - {name: n, type: INT64}
          - {name: l, type: LIST, fields: [{name: element, type: INT64, optional: true}]}
    - parquet_decode: {}
output: {file: {path: out.jsonl, codec: lines}}
";
    let _ = folder.run(pipeline).finish().well();
    let read = parsed(&folder.read("out.jsonl"));
    assert_eq!(read.len(), 5);
    assert_eq!(read[2]["n"], 3);
    assert_eq!(read[2]["l"]["list"][1], json!({"element": null}));
}

#[test]
fn a_large_file_needs_a_few_row_groups_of_memory() {
    let folder = Folder::new();
    let text = "0123456789abcdef".repeat(60);
    let lines: String = (0..200_000).map(|id| format!("{{\"id\":{id},\"text\":\"{text}\"}}\n")).collect();
    folder.write("in.jsonl", lines);
    let pipeline = format!(
        "\
input: {{file: {{paths: [in.jsonl]}}}}
pipeline: {{threads: 1, in_flight_bytes: 16777216}}
{}",
        into_file(
            "default_encoding: PLAIN\n            row_group_bytes: 8000000\n            schema:\n              \
             - {name: id, type: INT64}\n              - {name: text, type: UTF8}"
        )
    );
    let finished = folder.run(&pipeline).finish().well();
    assert!(folder.length("out.parquet") > 190_000_000, "{finished:?}");
    let printed = theirs(&folder, &["check", "out.parquet"]);
    assert_eq!(printed.lines().count(), 200_000);
}
