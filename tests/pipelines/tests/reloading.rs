//! Plugins of a folder that change while a pipeline runs.

use forebay_tests_pipelines::{Folder, default_plugin};

/// A pipeline that goes on until it is stopped.
const PIPELINE: &str = "\
input: {generate: {mapping: 'root = \"tick\"', interval: 5ms}}
pipeline: {processors: [{log: {message: here}}]}
output: {stdout: {}}
";

/// A build that does the same.
fn again(plugin: &[u8], number: u8) -> Vec<u8> {
    [plugin, &[0, 3, 1, b'x', number]].concat()
}

#[test]
fn a_running_pipeline_goes_over_to_a_new_file_and_stays_when_that_breaks() {
    let plugin = default_plugin("log");
    let folder = Folder::new();
    folder.write("plugins/log.wasm", &plugin);
    let mut running = folder.run(PIPELINE).args(&["-pluginDir", "plugins"]).start();
    running.until_log_has("msg=here");
    folder.write("plugins/log.wasm", again(&plugin, 1));
    running.until_log_has("a newer build works from now on");
    folder.write("plugins/log.wasm", &plugin[..plugin.len() / 2]);
    running.until_log_has("plugin not loaded, what serves goes on");
    std::fs::remove_file(folder.path("plugins/log.wasm")).unwrap();
    running.until_log_has("plugin removed");
    running.signal("TERM");
    let finished = running.finish().well();
    assert!(finished.stderr.contains("the component is truncated or malformed"), "{finished:?}");
    assert_eq!(finished.stderr.matches("plugin not loaded").count(), 1, "{finished:?}");
}

#[test]
fn a_pin_that_no_build_has_is_named_with_those_that_there_are() {
    let folder = Folder::new();
    let listed = folder.forebay(&["list"]).finish().well();
    let line = listed
        .lines()
        .into_iter()
        .find(|line| line.split_whitespace().take(2).eq(["processor", "log"]))
        .unwrap()
        .to_owned();
    let digest = line.split_whitespace().find(|word| word.starts_with("sha256:")).unwrap();
    let pinned = |name: &str| PIPELINE.replace("{log:", &format!("{{{name}:"));
    let _ = folder.lint(&pinned(&format!("log@{digest}"))).finish().well();
    let finished = folder.lint(&pinned("log@sha256:000000000000")).finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let complaint =
        "pipeline.yaml(2,26) no build sha256:000000000000 of processor `log` is loaded, there is ";
    assert!(finished.stdout.starts_with(&format!("{complaint}{digest}")), "{finished:?}");
}

#[test]
fn a_shadow_is_compared_and_delivers_nothing() {
    let folder = Folder::new();
    let yaml = "\
input: {generate: {mapping: 'root.n = 1', count: 20, interval: ''}}
pipeline:
  threads: 1
  processors:
    - {mapping: 'root = this', shadow: bloblang}
    - {mutation: 'root.m = 2', shadow: mapping}
output: {file: {path: out.txt}}
";
    let finished = folder.run(yaml).args(&["-metricsFile", "metrics.txt"]).finish().well();
    assert_eq!(folder.read("out.txt"), "{\"m\":2,\"n\":1}\n".repeat(20));
    let metrics = folder.read("metrics.txt");
    let line = |words: &[&str]| {
        let found = metrics.lines().find(|line| words.iter().all(|word| line.contains(word)));
        found.unwrap_or_default().rsplit(' ').next().unwrap_or_default().to_owned()
    };
    let same = line(&["shadow_batches_total", "outcome=\"same\"", "processors.0.shadow"]);
    assert!(same.parse::<u64>().unwrap() > 0, "{metrics}");
    // A mapping makes a new document where a mutation changes the old one.
    assert_eq!(
        line(&["shadow_differences_total", "what=\"payload\"", "processors.1.shadow"]),
        "20",
        "{metrics}"
    );
    assert!(finished.stderr.contains("a shadow differs"), "{finished:?}");
    let cost = line(&["shadow_cpu_nanoseconds_per_message", "side=\"shadow\"", "processors.1.shadow"]);
    assert!(cost.parse::<f64>().unwrap() > 0.0, "{metrics}");
}
