//! Plugins of a folder, and what they may do.

use forebay_tests_pipelines::{Folder, default_plugin};

const PIPELINE: &str = "\
shutdown_timeout: 1s
input: {file: {paths: [ in/a.txt ]}}
output: {file: {path: out/b.txt}}
";

/// A folder with an input, and plugins beside it.
fn folder(plugins: &[(&str, &[u8])]) -> Folder {
    let folder = Folder::new();
    folder.write("in/a.txt", "one\ntwo\n");
    for (name, bytes) in plugins {
        folder.write(&format!("plugins/{name}"), bytes);
    }
    folder
}

/// A file in every way of not being a plugin.
fn broken() -> [(&'static str, Vec<u8>); 4] {
    let whole = default_plugin("file");
    [
        ("1-empty.wasm", Vec::new()),
        ("2-text.wasm", b"this is no WebAssembly at all".to_vec()),
        ("3-truncated.wasm", whole[..whole.len() / 2].to_vec()),
        ("4-core.wasm", b"\0asm\x01\0\0\0".to_vec()),
    ]
}

const COMPLAINTS: [&str; 4] = [
    "plugin not loaded: plugins/1-empty.wasm: the file is empty",
    "plugin not loaded: plugins/2-text.wasm: the file is not WebAssembly",
    "plugin not loaded: plugins/3-truncated.wasm: the component is truncated or malformed",
    "plugin not loaded: plugins/4-core.wasm: the file is a core module, not a component",
];

#[test]
fn files_that_are_no_plugins_are_named_and_the_rest_works() {
    let broken = broken();
    let mut plugins: Vec<(&str, &[u8])> = broken.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    let good = default_plugin("log");
    plugins.extend([("5-good.wasm", &good[..]), ("not-a-plugin.txt", b"x")]);
    let folder = folder(&plugins);
    let logging = PIPELINE
        .replace("output:", "pipeline: {processors: [{log: {message: 'saw ${! content() }'}}]}\noutput:");
    for run in [
        folder.run(&logging).args(&["-pluginDir", "plugins"]),
        folder.run(&logging).args(&["--pluginDir=plugins"]),
        folder.run(&logging).variable("FOREBAY_PLUGIN_DIR", "plugins"),
    ] {
        let finished = run.finish().well();
        for complaint in COMPLAINTS {
            assert!(finished.stderr.contains(complaint), "{complaint} is missing in {finished:?}");
        }
        assert_eq!(finished.stderr.matches("plugin not loaded").count(), COMPLAINTS.len(), "{finished:?}");
        assert!(finished.stderr.contains("saw one") && finished.stderr.contains("saw two"), "{finished:?}");
    }
    assert_eq!(folder.read("out/b.txt"), "one\ntwo\n".repeat(3));
}

#[test]
fn a_plugin_folder_that_is_missing_is_named() {
    let folder = Folder::new();
    let finished = folder.forebay(&["list", "-pluginDir", "nowhere"]).finish();
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("nowhere") && finished.stderr.contains("No such file"), "{finished:?}");
}

#[test]
fn the_second_of_two_plugins_of_one_name_is_refused() {
    let plugin = default_plugin("log");
    let folder = folder(&[("a.wasm", &plugin), ("b.wasm", &plugin)]);
    let finished = folder.forebay(&["list", "-pluginDir", "plugins"]).finish().well();
    assert!(finished.stderr.contains("plugins/b.wasm: plugin `log` is"), "{finished:?}");
    assert!(finished.stderr.contains("a.wasm already"), "{finished:?}");
    assert_eq!(
        finished
            .lines()
            .iter()
            .filter(|line| line.split_whitespace().take(2).eq(["processor", "log"]))
            .count(),
        1
    );
}

#[test]
fn an_unknown_key_among_the_grants_is_named() {
    let folder = folder(&[]);
    for grants in [
        "grants: [{plugin: file, nonsense: 5}]",
        "nonsense: []\ngrants: []",
        "grants: [{plugin: file, files: [{path: /, access: read, nonsense: 1}]}]",
    ] {
        folder.write("grants.yaml", grants);
        let finished = folder.run(PIPELINE).args(&["-pluginGrants", "grants.yaml"]).finish();
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.stderr.contains("grants.yaml"), "{finished:?}");
        assert!(finished.stderr.contains("unknown field `nonsense`"), "{finished:?}");
        assert_eq!(finished.stderr.matches("unknown field").count(), 1, "it is said twice: {finished:?}");
    }
}

#[test]
fn a_plugin_in_the_place_of_a_default_one_is_denied_what_it_has_no_grant_for() {
    let folder = folder(&[("mine.wasm", &default_plugin("file"))]);
    let denied = |grants: &str, missing: &str| {
        folder.write("grants.yaml", grants);
        let flags = ["-pluginDir", "plugins", "-pluginGrants", "grants.yaml"];
        let mut running = folder.run(PIPELINE).args(&flags).start();
        running.until_log_has(missing);
        running.signal("TERM");
        let _ = running.finish();
        assert!(!folder.has("out"), "it has written without a grant");
    };
    let reading = "no grant for files {path: in/a.txt, access: read}";
    denied("grants: [{plugin: file, files: [], variables: []}]", reading);
    denied("grants: [{plugin: file, files: [{path: in/../out, access: write}]}]", reading);
    let writing = "no grant for files {path: out/b.txt, access: write}";
    denied("grants: [{plugin: file, files: [{path: in, access: read}]}]", writing);
    denied("grants: [{plugin: file, files: [{path: ., access: read}]}]", writing);
}

#[test]
fn a_pipeline_is_not_started_when_nothing_is_said_about_what_its_plugin_uses() {
    let folder = folder(&[("mine.wasm", &default_plugin("file"))]);
    let refused = |flags: &[&str]| {
        let finished = folder.run(PIPELINE).args(&["-pluginDir", "plugins"]).args(flags).finish();
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let says =
            "plugin `file` uses what nothing grants it in pipeline `pipeline`: add {plugin: file, files: [";
        assert!(finished.stderr.contains(says), "{finished:?}");
        assert!(finished.stderr.contains("pipeline.yaml(2,"), "{finished:?}");
        assert!(!folder.has("out"), "it has written without a grant");
    };
    refused(&[]);
    for grants in [
        "grants: []",
        "grants: [{plugin: other, files: [{path: /, access: write}]}]",
        "grants: [{plugin: file, pipelines: 'other-*', files: [{path: /, access: write}]}]",
        "grants: [{plugin: file, virtual_clusters: 'a*', files: [{path: /, access: write}]}]",
    ] {
        folder.write("grants.yaml", grants);
        refused(&["-pluginGrants", "grants.yaml"]);
    }
}

#[test]
fn a_grant_for_a_plugin_that_is_not_there_is_pointed_out() {
    let folder = folder(&[]);
    folder.write("grants.yaml", "grants: [{plugin: fiel, files: []}]");
    let finished = folder.run(PIPELINE).args(&["-pluginGrants", "grants.yaml"]).finish().well();
    assert!(finished.stderr.contains("grants.yaml: no plugin is called fiel"), "{finished:?}");
}

#[test]
fn a_plugin_in_the_place_of_a_default_one_does_what_it_has_a_grant_for() {
    let folder = folder(&[("mine.wasm", &default_plugin("file"))]);
    folder.write(
        "grants.yaml",
        "grants: [{plugin: file, pipelines: 'pipe*', files: [{path: in, access: read}, {path: out, access: write}]}]",
    );
    let flags = ["-pluginDir", "plugins", "-pluginGrants", "grants.yaml"];
    let _ = folder.run(PIPELINE).args(&flags).finish().well();
    assert_eq!(folder.read("out/b.txt"), "one\ntwo\n");
}

#[test]
fn a_link_does_not_lead_out_of_a_granted_folder() {
    let folder = folder(&[("mine.wasm", &default_plugin("file"))]);
    folder.write("secret.txt", "secret\n");
    std::os::unix::fs::symlink("../secret.txt", folder.path("in/link.txt")).unwrap();
    folder.write(
        "grants.yaml",
        "grants: [{plugin: file, files: [{path: in, access: write}, {path: out, access: write}]}]",
    );
    let flags = ["-pluginDir", "plugins", "-pluginGrants", "grants.yaml"];
    let mut running = folder.run(&PIPELINE.replace("in/a.txt", "in/link.txt")).args(&flags).start();
    running.until_log_has("no grant for files {path: in/link.txt, access: read}");
    running.signal("TERM");
    let _ = running.finish().well();
    assert!(!folder.has("out"));
}

#[test]
fn a_pipe_in_a_granted_folder_keeps_nobody_waiting() {
    let folder = folder(&[("mine.wasm", &default_plugin("file"))]);
    let made = std::process::Command::new("mkfifo").arg(folder.path("in/pipe.txt")).status().unwrap();
    assert!(made.success());
    folder.write(
        "grants.yaml",
        "grants: [{plugin: file, files: [{path: in, access: read}, {path: out, access: write}]}]",
    );
    let flags = ["-pluginDir", "plugins", "-pluginGrants", "grants.yaml"];
    let mut running = folder.run(&PIPELINE.replace("in/a.txt", "in/pipe.txt")).args(&flags).start();
    running.until_log_has("in/pipe.txt: it is no regular file");
    running.signal("TERM");
    let _ = running.finish().well();
    assert!(!folder.has("out"));
}

#[test]
fn the_example_of_grants_is_read() {
    let folder = folder(&[]);
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/plugin-grants/plugins.yaml");
    let finished = folder.run(PIPELINE).args(&["-pluginGrants", example]).finish().well();
    assert!(finished.stderr.contains("plugins.yaml: no plugin is called my-sink"), "{finished:?}");
}
