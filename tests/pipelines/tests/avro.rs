//! The plugin `avro` and the scanner of the same name, beside fastavro.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use forebay_tests_pipelines::Folder;
use serde_json::{Value, json};

/// Runs `theirs.py` with these lines as its input; what it printed.
fn theirs(folder: &Folder, args: &[&str], lines: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the root");
    let python = root.join("target/languages/avro/bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/avro/theirs.py");
    let mut command = Command::new(&python);
    command.arg(script).args(args).current_dir(folder.path(""));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("cargo xtask setup installs fastavro in target/languages/avro");
    let mut input = child.stdin.take().expect("a pipe");
    // It reads all of it before it prints much.
    input.write_all(lines.as_bytes()).expect("it reads its lines");
    drop(input);
    let output = child.wait_with_output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn parsed(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The same with all numbers as floats: JSON does not tell 0 from 0.0.
fn in_floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(in_floats).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), in_floats(value))).collect()
        }
        other => other.clone(),
    }
}

const SCHEMA: &str = r#"{"type": "record", "name": "order", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"},
    {"name": "name", "type": ["null", "string"], "default": null},
    {"name": "small", "type": "int"},
    {"name": "x", "type": "double"},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "state", "type": {"type": "enum", "name": "state", "symbols": ["NEW", "OLD"]}},
    {"name": "tags", "type": {"type": "array", "items": "string"}},
    {"name": "counts", "type": {"type": "map", "values": "int"}},
    {"name": "inner", "type": ["null", {"type": "record", "name": "inner", "fields": [
        {"name": "two", "type": {"type": "fixed", "name": "two", "size": 2}},
        {"name": "next", "type": ["null", "inner"]}]}]}]}"#;

fn order(number: u32) -> Value {
    let inner = json!({"two": "ab", "next": {"two": "cd", "next": null}});
    let counts: Value = (0..number % 3).map(|key| (format!("k{key}"), json!(key))).collect();
    json!({
        "id": u64::from(number) * 1_000_000_007,
        "name": if number.is_multiple_of(3) { Value::Null } else { json!(format!("n\u{e9} \"{number}\"")) },
        "small": number,
        "x": f64::from(number) / 8.0 + 0.0625,
        "price": format!("{number}.25"),
        "day": format!("2026-11-{:02}", 1 + number % 28),
        "at": format!("2026-11-22T01:02:03.{number:06}Z"),
        "state": if number.is_multiple_of(2) { "NEW" } else { "OLD" },
        "tags": (0..number % 3).map(|tag| format!("t{tag}")).collect::<Vec<_>>(),
        "counts": counts,
        "inner": if number.is_multiple_of(4) { Value::Null } else { inner },
    })
}

fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

#[test]
fn others_read_what_is_written() {
    let rows: Vec<Value> = (0..1_000).map(order).collect();
    let folder = Folder::new();
    folder.write("in.jsonl", lines(&rows));
    folder.write("order.avsc", SCHEMA);
    for codec in ["null", "deflate", "snappy", "zstandard"] {
        let pipeline = format!(
            "\
input: {{file: {{paths: [in.jsonl]}}}}
pipeline: {{threads: 1}}
output:
  file:
    path: {codec}.avro
    codec: all-bytes
    batching:
      count: 1000000
      processors:
        - avro_encode:
            codec: {codec}
            raw_json: true
            block_bytes: 10000
            schema_path: file://order.avsc
"
        );
        let _ = folder.run(&pipeline).finish().well();
        assert_eq!(parsed(&theirs(&folder, &["check", &format!("{codec}.avro")], "")), rows, "{codec}");
    }
}

#[test]
fn what_others_write_is_read() {
    let folder = Folder::new();
    folder.write("theirs/.keep", "");
    let _ = theirs(&folder, &["write", "theirs"], "");
    let pipeline = "\
input: {file: {paths: ['theirs/*.avro'], scanner: {avro: {raw_json: true}}}}
pipeline: {threads: 1}
output: {file: {path: out.jsonl, codec: lines}}
";
    let _ = folder.run(pipeline).finish().well();
    let expected = parsed(&folder.read("theirs/expected.jsonl"));
    let read = parsed(&folder.read("out.jsonl"));
    assert_eq!(read.len(), 5 * expected.len(), "five codecs");
    for (index, read) in read.iter().enumerate() {
        let expected = &expected[index % expected.len()];
        assert_eq!(in_floats(read), in_floats(expected), "value {index}");
    }
}

#[test]
fn messages_are_converted_as_others_do() {
    let rows: Vec<Value> = (0..100).map(order).collect();
    let folder = Folder::new();
    folder.write("in.jsonl", lines(&rows));
    folder.write("order.avsc", SCHEMA);
    let pipeline = |encoding: &str, after: &str, out: &str| {
        format!(
            "\
input: {{file: {{paths: [in.jsonl]}}}}
pipeline:
  threads: 1
  processors:
    - mapping: |
        root = this
        root.name = if this.name == null {{ null }} else {{ {{\"string\": this.name}} }}
        root.inner = if this.inner == null {{ null }} else {{
          {{\"shop.inner\": {{\"two\": \"ab\", \"next\": {{\"shop.inner\": {{\"two\": \"cd\", \"next\": null}}}}}}}}
        }}
    - avro: {{operator: from_json, encoding: {encoding}, schema_path: file://order.avsc}}
{after}
output: {{file: {{path: {out}, codec: lines}}}}
"
        )
    };
    let _ = folder.run(&pipeline("textual", "", "textual.jsonl")).finish().well();
    let encode = "    - mapping: root = content().encode(\"base64\")";
    let _ = folder.run(&pipeline("binary", encode, "binary.txt")).finish().well();
    let theirs = theirs(&folder, &["values", SCHEMA], &folder.read("textual.jsonl"));
    assert_eq!(folder.read("binary.txt"), theirs);
}

#[test]
fn a_large_file_needs_a_few_blocks_of_memory() {
    let folder = Folder::new();
    let text = "0123456789abcdef".repeat(60);
    let lines: String = (0..100_000).map(|id| format!("{{\"id\":{id},\"text\":\"{text}\"}}\n")).collect();
    folder.write("in.jsonl", lines);
    let schema = r#"{"type": "record", "name": "r", "fields": [{"name": "id", "type": "long"}, {"name": "text", "type": "string"}]}"#;
    let pipeline = format!(
        "\
input: {{file: {{paths: [in.jsonl]}}}}
pipeline: {{threads: 1, in_flight_bytes: 16777216}}
output:
  file:
    path: out.avro
    codec: all-bytes
    batching:
      count: 1000000
      processors:
        - avro_encode: {{schema: '{schema}'}}
"
    );
    let finished = folder.run(&pipeline).finish().well();
    assert!(folder.length("out.avro") > 95_000_000, "{finished:?}");
    let pipeline = "\
input: {file: {paths: [out.avro], scanner: {avro: {}}}}
pipeline: {threads: 1}
output: {file: {path: out.jsonl, codec: lines}}
";
    let _ = folder.run(pipeline).finish().well();
    assert!(folder.read("out.jsonl") == folder.read("in.jsonl"), "the values are other ones");
}
