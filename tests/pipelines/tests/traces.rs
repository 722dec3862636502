//! Spans, told to a collector of OpenTelemetry.

use forebay_tests_pipelines::{Folder, Reply, Web};

const PIPELINE: &str = "\
input: {generate: {count: 1, interval: '', mapping: 'root.a = 1'}}
pipeline:
  threads: 1
  processors:
    - label: seen
      mapping: |
        root.id = tracing_id()
        root.parent = tracing_span().traceparent.or(\"none\")
    - mapping: 'root = if true { throw(\"no such luck\") }'
output: {stdout: {}}
http: {enabled: false}
";

#[test]
fn a_collector_is_told_of_every_span_of_a_message() {
    let web = Web::start(|_, _| Reply::ok(""));
    let (folder, url) = (Folder::new(), web.url());
    let section = format!(
        "tracer: {{open_telemetry_collector: {{http: [{{address: '{url}'}}], tags: {{region: north}}}}}}\n"
    );
    let finished = folder.run(&format!("{PIPELINE}{section}")).finish().well();
    let asked = web.asked();
    let [request] = &asked[..] else { panic!("{} requests", asked.len()) };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/traces"));
    let parts =
        ["input_generate", "mapping", "output_stdout", "no such luck", "seen", "region", "north", "forebay"];
    for part in parts {
        assert!(request.body.contains(part), "{part} in {}", request.body);
    }
    let line: serde_json::Value = serde_json::from_str(finished.stdout.trim()).expect("a document");
    let id = line["id"].as_str().expect("an identity");
    assert!(id.len() == 32 && id.bytes().any(|digit| digit != b'0'), "{line}");
    assert!(line["parent"].as_str().expect("a header").starts_with(&format!("00-{id}-")), "{line}");
}

#[test]
fn without_a_tracer_a_message_has_no_trace() {
    let finished = Folder::new().run(PIPELINE).finish().well();
    let expected = format!("{{\"id\":\"{}\",\"parent\":\"none\"}}\n", "0".repeat(32));
    assert_eq!(finished.stdout, expected);
}

#[test]
fn a_collector_that_does_not_answer_holds_up_nothing() {
    let section = "tracer: {open_telemetry_collector: {grpc: [{address: '127.0.0.1:1'}]}}\n";
    let finished = Folder::new().run(&format!("{PIPELINE}{section}")).finish().well();
    assert!(finished.stderr.contains("a collector did not take spans"), "{finished:?}");
}
