//! `forebay playground` as a newcomer sees it: its three pipelines, and what they leave.

#![cfg(test)]

use forebay_tests_pipelines::Folder;

/// What stands behind a name in what was printed.
fn printed(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.to_owned())
}

#[test]
fn the_examples_generate_map_and_write_parquet() {
    let folder = Folder::new();
    let mut running = folder.forebay(&["playground", "-kafkaPort=0", "-httpPort=0"]).start();
    running.until("it is welcoming", |running| running.printed().contains("Try, in another terminal"));
    let text = running.printed();
    let port = printed(&text, "Kafka").and_then(|at| at.rsplit(':').next().map(str::to_owned)).unwrap();
    let pipelines = printed(&text, "pipelines").unwrap();
    let fetched = |topic: &str| {
        let asked = ["kcmd", "-type", "fetch", "-topic", topic, "-bootstrap-port", &port];
        folder.forebay(&asked).finish().stdout
    };
    running.until("events are generated", |_| fetched("bento_test").contains(r#"\"type\":\""#));
    running.until("events are mapped", |_| {
        let mapped = fetched("bento_test_mapped");
        mapped.contains(r#"\"type\":\"FOO\""#) || mapped.contains(r#"\"type\":\"BAR\""#)
    });
    let file = format!("{pipelines}/parquet.yaml");
    let quicker = std::fs::read_to_string(&file).unwrap().replace("period: 10s", "period: 500ms");
    std::fs::write(&file, quicker).unwrap();
    let files = std::path::Path::new(&pipelines).parent().unwrap().join("parquet");
    let first = |_: &_| {
        let entry = std::fs::read_dir(&files).unwrap().next()?.unwrap();
        std::fs::read(entry.path()).ok().filter(|bytes| bytes.ends_with(b"PAR1"))
    };
    running.until("a Parquet file is written", |running| first(running).is_some());
    running.signal("TERM");
    let stopped = running.finish().well();
    assert!(stopped.stdout.contains("generate: "), "{stopped:?}");
    assert!(!files.exists(), "the folder goes with the playground");
    let noise: Vec<_> = stopped.stderr.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(noise, [""; 0]);
}
