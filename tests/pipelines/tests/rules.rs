//! Rules of Bento that no component tells alone, each with what Bento itself does.

use forebay_tests_pipelines::Folder;

/// The metrics of a run, as they are at its end.
fn metrics(pipeline: &str) -> String {
    let folder = Folder::new();
    let _ = folder.run(pipeline).args(&["-metricsFile", "metrics.txt"]).finish().well();
    folder.read("metrics.txt")
}

/// The value of the series with this beginning and this label.
fn value(metrics: &str, name: &str, label: &str) -> u64 {
    let found = metrics.lines().find(|line| line.starts_with(name) && line.contains(label));
    let value = found.and_then(|line| line.rsplit_once(' ')?.1.parse().ok());
    assert!(value.is_some(), "no {name} {label} in {metrics}");
    value.unwrap_or_default()
}

#[test]
fn a_strict_switch_refuses_what_no_case_takes() {
    let pipeline = "\
input: {generate: {count: 1, interval: '', mapping: 'root = \"x\"'}}
output:
  fallback:
    - switch:
        strict_mode: true
        cases:
          - {check: 'content() == \"a\"', output: {drop: {}}}
          - {check: 'content() == \"b\"', output: {drop: {}}}
    - stdout: {}
      processors: [{mapping: 'root = content().string() + \": \" + metadata(\"fallback_error\")'}]
";
    let finished = Folder::new().run(pipeline).finish().well();
    assert_eq!(finished.stdout, "x: no switch output conditions were met by message\n");
}

#[test]
fn batches_are_counted_by_what_made_them_complete() {
    let policy = |policy: &str| {
        let made = "generate: {count: 5, interval: '', mapping: 'root = count(\"n\")'}";
        metrics(&format!(
            "input: {{batched: {{child: {{{made}}}, policy: {{{policy}}}}}}}\noutput: {{drop: {{}}}}\nhttp: {{enabled: false}}\n"
        ))
    };
    let all = ["count", "size", "period", "check"];
    let counted =
        |metrics: &str| all.map(|by| value(metrics, "batch_created_total", &format!("mechanism=\"{by}\"")));
    // What is left when the input ends was made by nothing.
    assert_eq!(counted(&policy("count: 2")), [2, 0, 0, 0]);
    assert_eq!(counted(&policy("byte_size: 3")), [0, 1, 0, 0]);
    assert_eq!(counted(&policy("check: this == 4, count: 100")), [0, 0, 0, 1]);
}

#[test]
fn a_policy_needs_something_that_makes_a_batch_complete() {
    let pipeline = "input: {batched: {child: {stdin: {}}, policy: {}}}\noutput: {drop: {}}\n";
    let refused = Folder::new().run(pipeline).finish();
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("batch policy must have at least one active trigger"), "{refused:?}");
}

#[test]
fn a_rate_limit_counts_who_asked_and_who_had_to_wait() {
    let metrics = metrics(
        "\
input: {generate: {count: 3, interval: '', mapping: 'root = count(\"n\")'}}
pipeline: {threads: 1, processors: [{rate_limit: {resource: slow}}]}
output: {drop: {}}
rate_limit_resources: [{label: slow, local: {count: 1, interval: 50ms}}]
http: {enabled: false}
",
    );
    let label = "label=\"slow\"";
    let (checked, triggered) = (
        value(&metrics, "rate_limit_checked_total", label),
        value(&metrics, "rate_limit_triggered_total", label),
    );
    assert!(triggered >= 1 && checked == 3 + triggered, "{checked} {triggered}");
}
