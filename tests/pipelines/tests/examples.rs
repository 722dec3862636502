//! The pipelines of `examples/`, as a user runs them.

use std::process::Command;

use forebay_tests_pipelines::{Folder, example, forebay_packaging};
use serde_json::Value;

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

fn parse(line: &str) -> Value {
    serde_json::from_str(line).expect("every line is JSON")
}

fn check_fields(event: &Value, result: &Value) {
    let text = |value: &Value| value.as_str().expect("it is a text").to_owned();
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
