//! `forebay list`.

use forebay_tests_pipelines::Folder;
use serde_json::Value;

/// Every component of the default plugins and of the host.
const DEFAULT: &[(&str, &str)] = &[
    ("buffer", "memory"),
    ("buffer", "none"),
    ("buffer", "system_window"),
    ("cache", "aws_s3"),
    ("cache", "file"),
    ("cache", "gcp_cloud_storage"),
    ("cache", "lru"),
    ("cache", "memory"),
    ("cache", "multilevel"),
    ("cache", "noop"),
    ("cache", "ttlru"),
    ("input", "aws_s3"),
    ("input", "azure_blob_storage"),
    ("input", "batched"),
    ("input", "broker"),
    ("input", "csv"),
    ("input", "dynamic"),
    ("input", "file"),
    ("input", "gcp_cloud_storage"),
    ("input", "generate"),
    ("input", "http_client"),
    ("input", "http_server"),
    ("input", "inproc"),
    ("input", "kafka_franz"),
    ("input", "parquet"),
    ("input", "read_until"),
    ("input", "resource"),
    ("input", "sequence"),
    ("input", "stdin"),
    ("mapping", "bloblang"),
    ("mapping", "rhai"),
    ("output", "aws_s3"),
    ("output", "azure_blob_storage"),
    ("output", "broker"),
    ("output", "cache"),
    ("output", "drop"),
    ("output", "drop_on"),
    ("output", "dynamic"),
    ("output", "fallback"),
    ("output", "file"),
    ("output", "gcp_cloud_storage"),
    ("output", "http_client"),
    ("output", "http_server"),
    ("output", "inproc"),
    ("output", "kafka_franz"),
    ("output", "reject"),
    ("output", "reject_errored"),
    ("output", "resource"),
    ("output", "retry"),
    ("output", "stdout"),
    ("output", "switch"),
    ("output", "sync_response"),
    ("processor", "archive"),
    ("processor", "avro"),
    ("processor", "avro_encode"),
    ("processor", "bloblang"),
    ("processor", "bounds_check"),
    ("processor", "branch"),
    ("processor", "cache"),
    ("processor", "cached"),
    ("processor", "catch"),
    ("processor", "compress"),
    ("processor", "decompress"),
    ("processor", "dedupe"),
    ("processor", "for_each"),
    ("processor", "group_by"),
    ("processor", "group_by_value"),
    ("processor", "http"),
    ("processor", "insert_part"),
    ("processor", "jmespath"),
    ("processor", "jq"),
    ("processor", "json_schema"),
    ("processor", "log"),
    ("processor", "mapping"),
    ("processor", "metric"),
    ("processor", "mutation"),
    ("processor", "noop"),
    ("processor", "parallel"),
    ("processor", "parquet_decode"),
    ("processor", "parquet_encode"),
    ("processor", "processors"),
    ("processor", "rate_limit"),
    ("processor", "resource"),
    ("processor", "retry"),
    ("processor", "rhai"),
    ("processor", "select_parts"),
    ("processor", "sleep"),
    ("processor", "split"),
    ("processor", "switch"),
    ("processor", "sync_response"),
    ("processor", "try"),
    ("processor", "unarchive"),
    ("processor", "wasm"),
    ("processor", "while"),
    ("processor", "workflow"),
    ("rate_limit", "local"),
    ("scanner", "avro"),
    ("scanner", "chunker"),
    ("scanner", "codec"),
    ("scanner", "csv"),
    ("scanner", "decompress"),
    ("scanner", "json_documents"),
    ("scanner", "lines"),
    ("scanner", "re_match"),
    ("scanner", "skip_bom"),
    ("scanner", "switch"),
    ("scanner", "tar"),
    ("scanner", "to_the_end"),
];

#[test]
fn the_text_names_every_default_component_with_a_summary() {
    let folder = Folder::new();
    let finished = folder.forebay(&["list"]).finish().well();
    let mut found = Vec::new();
    for line in finished.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(words.len() > 3, "no summary: {line}");
        found.push((words[0], words[1]));
    }
    found.sort_unstable();
    assert_eq!(found, DEFAULT);
    assert_eq!(finished.stderr, "");
}

#[test]
fn the_json_names_every_default_component_with_its_plugin() {
    let folder = Folder::new();
    let finished = folder.forebay(&["list", "--format", "json-full"]).finish().well();
    let components: Vec<Value> = serde_json::from_str(&finished.stdout).unwrap();
    let text = |component: &Value, member: &str| component[member].as_str().unwrap().to_owned();
    let mut found: Vec<_> =
        components.iter().map(|component| (text(component, "kind"), text(component, "name"))).collect();
    found.sort();
    let expected: Vec<_> =
        DEFAULT.iter().map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned())).collect();
    assert_eq!(found, expected);
    for component in &components {
        assert!(
            !text(component, "plugin").is_empty() && !text(component, "summary").is_empty(),
            "{component}"
        );
    }
}

#[test]
fn names_are_listed_by_their_kinds() {
    let folder = Folder::new();
    let list = |args: &[&str]| -> Value {
        let finished = folder.forebay(&["list", "--format", "json"]).args(args).finish().well();
        serde_json::from_str(&finished.stdout).unwrap()
    };
    let all = list(&[]);
    for (kind, name) in DEFAULT.iter().filter(|(_, name)| !["bloblang", "codec"].contains(name)) {
        let names = all[format!("{kind}s").replace('_', "-")].as_array().unwrap();
        assert!(names.iter().any(|found| found == name), "{kind} {name}");
    }
    assert!(all["bloblang-methods"].as_array().unwrap().iter().any(|name| name == "uppercase"));
    assert_eq!(all["tracers"], serde_json::json!(["none", "open_telemetry_collector"]));
    assert_eq!(
        list(&["metric"]),
        serde_json::json!({"metrics": ["json_api", "logger", "none", "prometheus"]})
    );
    let some = list(&["inputs", "scanner"]);
    assert_eq!(some, serde_json::json!({"inputs": all["inputs"], "scanners": all["scanners"]}));
    let old = folder.forebay(&["list", "--status", "deprecated", "scanners"]).finish().well();
    assert!(old.lines().iter().any(|line| line.contains(" codec ")), "{old:?}");
    assert!(!old.stdout.contains(" lines "), "{old:?}");
    assert_eq!(folder.forebay(&["list", "nothing"]).finish().code, Some(1));
}

#[test]
fn what_nobody_reads_is_not_printed() {
    let folder = Folder::new();
    assert_eq!(folder.forebay(&["list"]).unread(), (Some(141), String::new()));
}

/// The table of Bento's components in `host/COMPONENTS.md` says what there is.
#[test]
fn the_table_of_components_is_true() {
    let folder = Folder::new();
    let finished = folder.forebay(&["list", "--format", "json-full"]).finish().well();
    let components: Vec<Value> = serde_json::from_str(&finished.stdout).unwrap();
    let is_there = |kind: &str, name: &str| {
        components.iter().any(|component| component["kind"] == kind && component["name"] == name)
    };
    let table =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../host/COMPONENTS.md")).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | `"));
    let mut count = 0;
    for (kind, rest) in rows {
        let (name, state) = rest.split_once("` | ").unwrap();
        // Those of a configuration's own sections are in no list.
        if !["metrics", "tracer"].contains(&kind) {
            assert_eq!(is_there(kind, name), state.starts_with("there"), "{kind} {name}: {state}");
        }
        count += 1;
    }
    assert_eq!(count, 99);
}
