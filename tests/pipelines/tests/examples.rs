//! The pipelines of `examples/`, as a user runs them.

use std::collections::HashSet;
use std::process::Command;

use forebay_tests_pipelines::{Folder, Moto, example, examples, forebay_packaging};
use serde_json::{Value, json};

#[test]
fn the_generate_example_prints_200_lines_of_two_shapes_and_nothing_else() {
    let folder = Folder::new();
    let finished = folder.run(&example("generate")).finish().well();
    let lines = finished.lines();
    assert_eq!(lines.len(), 200, "{finished:?}");
    let (foo, bar) = (r#"{"foo":"xyz","type":"foo"}"#, r#"{"bar":"abc","type":"bar"}"#);
    assert!(lines.iter().all(|line| [foo, bar].contains(line)), "{finished:?}");
    // Either is missing once in 2^199 runs.
    assert!(lines.contains(&foo) && lines.contains(&bar), "{finished:?}");
}

#[test]
fn the_file_to_file_example_delivers_every_event_once_and_in_order() {
    let folder = Folder::new();
    let events = folder.path("target/example/events.ndjson");
    let mut generate = Command::new(forebay_packaging());
    let generated =
        generate.arg("generate-example").arg(events).args(["--bytes", "2000000"]).output().unwrap();
    assert!(generated.status.success(), "{generated:?}");
    let _ = folder.run(&example("file-to-file")).finish().well();

    let input = folder.read("target/example/events.ndjson");
    let output = folder.read("target/example/out.ndjson");
    assert_eq!(input.lines().count(), output.lines().count());
    for (number, (event, result)) in input.lines().zip(output.lines()).enumerate() {
        let (event, result) = (parse(event), parse(result));
        assert_eq!(result["id"], number + 1);
        check_fields(&event, &result);
    }
}

#[test]
fn a_second_run_of_the_file_to_file_example_adds_to_the_output_of_the_first() {
    let folder = Folder::new();
    folder
        .write("target/example/events.ndjson", r#"{"id":1,"type":"a","user":{"country":"DE"},"request":{}}"#);
    let _ = folder.run(&example("file-to-file")).finish().well();
    let first = folder.read("target/example/out.ndjson");
    let _ = folder.run(&example("file-to-file")).finish().well();
    assert_eq!(folder.read("target/example/out.ndjson"), first.repeat(2));
}

#[test]
fn the_rhai_example_adds_totals_and_drops_an_order() {
    let folder = Folder::new();
    let finished = folder.run(&example("rhai")).finish().well();
    let expected = [
        r#"{"id":1,"items":[{"count":2,"price":1}],"large":false,"text":"order 1","total":2.0}"#,
        r#"{"id":2,"items":[{"count":1,"price":1.5},{"count":2,"price":2}],"large":true,"text":"order 2","total":5.5}"#,
        r#"{"id":4,"items":[{"count":3,"price":1.5},{"count":2,"price":4}],"large":true,"text":"order 4","total":12.5}"#,
    ];
    assert_eq!(finished.lines(), expected);
}

/// An example that reads and writes files, in a folder where its paths lead somewhere.
fn in_folder(name: &str, inputs: &[&str]) -> Folder {
    let folder = Folder::new();
    folder.write("target/example/unused", "");
    for input in inputs {
        let path = examples().join(name).join(input);
        let content = std::fs::read(path).expect("examples are part of the repository");
        folder.write(&format!("examples/{name}/{input}"), content);
    }
    folder
}

#[test]
fn the_tests_in_the_examples_succeed() {
    let folder = Folder::new();
    let names = [
        "batching",
        "dead-letters",
        "enrichment",
        "filtering",
        "joining",
        "kafka-to-kafka",
        "resources",
        "windows",
    ];
    let paths = names.map(|name| examples().join(name).join("pipeline.yaml").display().to_string());
    let finished = folder.forebay(&["test"]).args(&paths.each_ref().map(String::as_str)).finish().well();
    let succeeded = finished.lines().iter().filter(|line| line.ends_with(" succeeded")).count();
    assert_eq!(succeeded, names.len(), "{finished:?}");
}

#[test]
fn the_filtering_example_keeps_a_sample_and_every_failure() {
    let folder = Folder::new();
    let finished = folder.run(&example("filtering")).finish().well();
    let expected = [
        r#"{"id":4,"path":"/orders","status":200,"user":"user-4"}"#,
        r#"{"id":7,"path":"/orders","status":500,"user":"user-1"}"#,
        r#"{"id":10,"path":"/orders","status":200,"user":"user-4"}"#,
    ];
    assert_eq!(finished.lines(), expected);
}

#[test]
fn the_enrichment_example_looks_each_customer_up_once_and_passes_on_what_failed() {
    let folder = Folder::new();
    let finished = folder.run(&example("enrichment")).finish().well();
    let orders: Vec<Value> = finished.lines().into_iter().map(parse).collect();
    let column = |name: &str| orders.iter().map(|order| order[name].clone()).collect::<Vec<_>>();
    assert_eq!(column("lookup"), [1, 2, 1, 2, 1]);
    assert_eq!(column("risk"), [json!("low"), json!("low"), json!("high"), Value::Null, json!("high")]);
    assert_eq!(orders[2]["summary"], "Customer C1 (high risk)");
    let workflow = &orders[3]["meta"]["workflow"];
    assert_eq!(workflow["succeeded"], json!(["customer", "summary"]));
    assert!(text(&workflow["failed"]["risk"]).starts_with("request mapping failed: "), "{workflow}");
}

#[test]
fn the_joining_example_gives_each_order_its_customer_once() {
    let folder = in_folder("joining", &["customers.ndjson", "orders.ndjson"]);
    let finished = folder.run(&example("joining")).finish().well();
    let expected = [
        r#"{"country":"DE","customer":"c2","name":"Emmy","order":1,"total":10}"#,
        r#"{"country":"GB","customer":"c1","name":"Ada","order":2,"total":25}"#,
        r#"{"customer":"c9","name":null,"order":3,"total":5}"#,
    ];
    assert_eq!(finished.lines(), expected);
}

#[test]
fn the_dead_letters_example_loses_nothing_and_tells_the_reasons() {
    let folder = in_folder("dead-letters", &[]);
    let finished = folder.run(&example("dead-letters")).finish().well();
    let expected = [
        r#"{"fahrenheit":60.8,"sensor":"s1"}"#,
        r#"{"fahrenheit":62.6,"sensor":"s2"}"#,
        r#"{"fahrenheit":66.2,"sensor":"s4"}"#,
    ];
    assert_eq!(finished.lines(), expected);
    let refused = folder.read("target/example/refused.ndjson");
    let expected = r#"{"fahrenheit":69.8,"reason":"too hot for the archive","sensor":"s6"}"#;
    assert_eq!(refused, format!("{expected}\n"));
    let unreadable = folder.read("target/example/unreadable.ndjson");
    let letters: Vec<Value> = unreadable.lines().map(parse).collect();
    assert_eq!(letters.len(), 2, "{unreadable}");
    assert_eq!(letters[0]["letter"], "not JSON");
    assert!(text(&letters[0]["reason"]).contains("parse as json"), "{unreadable}");
    assert_eq!(letters[1]["letter"], r#"{"celsius":"warm","sensor":"s5"}"#);
    assert!(text(&letters[1]["reason"]).contains("`this.celsius`"), "{unreadable}");
}

#[test]
fn the_windows_example_counts_every_click_in_one_window() {
    let folder = Folder::new();
    let finished = folder.run(&example("windows")).finish().well();
    let sums: Vec<Value> = finished.lines().into_iter().map(parse).collect();
    let clicks = |page: &str| {
        let of_page = sums.iter().filter(|sum| sum["page"] == page);
        of_page.map(|sum| sum["clicks"].as_u64().expect("it is a number")).sum::<u64>()
    };
    assert_eq!((clicks("/"), clicks("/buy")), (30, 10), "{finished:?}");
    let windows: HashSet<_> = sums.iter().map(|sum| (text(&sum["page"]), text(&sum["until"]))).collect();
    assert_eq!(windows.len(), sums.len(), "a page has one sum for each window: {finished:?}");
    // A second of clicks does not fit into one window of half a second.
    assert!(windows.len() > 2, "{finished:?}");
}

#[test]
fn the_batching_example_writes_a_file_for_each_batch_and_an_archive() {
    let folder = in_folder("batching", &[]);
    let _ = folder.run(&example("batching")).finish().well();
    let batch = |ids: std::ops::RangeInclusive<u32>| {
        let of = ids.clone().count();
        ids.map(|id| format!("{{\"id\":{id},\"of\":{of}}}")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(folder.read("target/example/batch-1.ndjson"), batch(1..=4));
    assert_eq!(folder.read("target/example/batch-5.ndjson"), batch(5..=8));
    assert_eq!(folder.read("target/example/batch-9.ndjson"), batch(9..=10));
    let archive = folder.path("target/example/batch-5.tar.gz");
    let listed = Command::new("tar").arg("-tzf").arg(archive).output().expect("there is a tar");
    let listed = String::from_utf8_lossy(&listed.stdout);
    assert_eq!(listed, "event-5.json\nevent-6.json\nevent-7.json\nevent-8.json\n");
}

#[test]
fn the_resources_example_uses_each_of_its_resources() {
    let folder = Folder::new();
    let finished = folder.run(&example("resources")).finish().well();
    let line = |task: u32| {
        let double = if task.is_multiple_of(5) { task * 4 } else { task * 2 };
        format!(r#"{{"double":{double},"task":{task}}}"#)
    };
    assert_eq!(finished.lines(), (1..=12).map(line).collect::<Vec<_>>());
}

#[test]
fn the_data_lake_example_makes_one_parquet_file_of_all_records() {
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let folder = in_folder("data-lake", &["records.jsonl"]);
    let program = folder.run(&example("data-lake"));
    let program = program.variable("S3_ENDPOINT", &format!("http://{}", moto.address()));
    let program =
        program.variable("AWS_ACCESS_KEY_ID", "somebody").variable("AWS_SECRET_ACCESS_KEY", "something");
    let _ = program.finish().well();
    let names = moto.names("lake");
    assert!(names.len() == 1 && names[0].starts_with("logs/") && names[0].ends_with(".parquet"), "{names:?}");
    let texts = r#"root = this.map_each(field -> if field.value.type() == "string" { field.value.decode("base64").string() } else { field.value })"#;
    let read = format!(
        "\
input: {{aws_s3: {{bucket: lake, prefix: logs/, {}}}}}
pipeline: {{threads: 1, processors: [{{parquet_decode: {{}}}}, {{mapping: '{texts}'}}]}}
output: {{file: {{path: out.jsonl}}}}
",
        moto.fields()
    );
    let _ = folder.run(&read).finish().well();
    let records = folder.read("examples/data-lake/records.jsonl");
    let expected: Vec<Value> = records
        .lines()
        .map(parse)
        .map(|record| {
            json!({"kafka_topic": record["topic"], "kafka_partition": record["partition"],
            "kafka_offset": record["offset"], "key": record["key"], "value": record["value"]})
        })
        .collect();
    assert_eq!(expected.len(), 60);
    let written: Vec<Value> = folder.read("out.jsonl").lines().map(parse).collect();
    assert_eq!(written, expected);
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).expect("every line is JSON")
}

fn text(value: &Value) -> String {
    value.as_str().expect("it is a text").to_owned()
}

fn check_fields(event: &Value, result: &Value) {
    // The mapping looks at the event as it came, not at what it has made of it so far.
    let country = text(&event["user"]["country"]);
    assert_eq!(result["user"]["label"], format!("{} ({country})", text(&event["user"]["name"])));
    assert_eq!(result["user"]["country"], country.to_lowercase());
    assert_eq!(result["user"]["id"], event["user"]["id"]);
    assert_eq!(result["kind"], text(&event["type"]).to_uppercase());
    let status = event["request"]["status"].as_u64().expect("it is a number");
    let outcome = match status {
        500.. => "failed",
        400.. => "refused",
        _ => "served",
    };
    assert_eq!(result["request"]["outcome"], outcome);
    assert_eq!(result["request"]["slow"], event["request"]["ms"].as_f64().is_some_and(|ms| ms > 500.0));
    assert_eq!(result["status"], status);
    assert_eq!(result["has_amount"], !event["amount"].is_null());
    assert_eq!(result["tags"], event["tags"]);
}
