//! What the host offers beside files, in whole pipelines: caches, processes, and modules for Bento.

use forebay_tests_pipelines::{Folder, guest};

/// A pipeline with these processors, over these lines.
fn folder(lines: &str) -> Folder {
    let folder = Folder::new();
    folder.write("in/a.txt", lines);
    folder.write("plugins/toolbox.wasm", guest("toolbox"));
    folder
}

fn pipeline(processors: &str) -> String {
    format!(
        "shutdown_timeout: 5s
input: {{file: {{paths: [ in/a.txt ]}}}}
pipeline: {{threads: 2, processors: [{processors}]}}
output: {{file: {{path: out/b.txt}}}}
"
    )
}

#[test]
fn a_plugin_of_a_folder_uses_the_caches_of_the_pipeline() {
    let folder = folder("add seen a 1\nadd seen a 2\nadd front a 3\nget front b\nget seen c\n");
    let caches = "cache_resources:
  - {label: front, front: {behind: seen}}
  - label: seen
    memory: {init_values: {b: first}}
";
    folder.write("grants.yaml", "grants: [{plugin: toolbox, commands: []}]");
    let flags = ["-pluginDir", "plugins", "-pluginGrants", "grants.yaml"];
    let run = folder.run(&(pipeline("asker: {}") + caches)).args(&flags);
    let _ = run.finish().well();
    assert_eq!(folder.read("out/b.txt"), "true\nfalse\nfalse\nfirst\n-\n");
}

#[test]
fn a_cache_that_is_not_there_is_found_by_lint() {
    let folder = folder("");
    let caches =
        "cache_resources:\n  - {label: front, front: {behind: sen}}\n  - {label: seen, memory: {}}\n";
    folder.write("pipeline.yaml", pipeline("asker: {}") + caches);
    let finished = folder.forebay(&["lint", "-pluginDir", "plugins", "pipeline.yaml"]).finish();
    assert_eq!(finished.code, Some(1));
    let fault = "pipeline.yaml(6,36) there is no cache `sen` among the cache_resources, did you mean `seen`?";
    assert_eq!(finished.stdout.trim(), fault, "{finished:?}");
}

#[test]
fn a_granted_process_runs_and_its_standard_error_is_in_the_log() {
    let folder = folder("run /bin/sh -c -- echo out; echo said on purpose >&2\nline\nwait\n");
    let granted = "grants: [{plugin: toolbox, commands: [{path: /bin/sh}]}]";
    let denied = "grants: [{plugin: toolbox, commands: []}]";
    for (grants, written) in [(granted, "running\n<out>\ncode 0\n"), (denied, "run /bin/sh")] {
        folder.write("grants.yaml", grants);
        folder.write("out/b.txt", "");
        let flags = ["-pluginDir", "plugins", "-pluginGrants", "grants.yaml"];
        let finished = folder.run(&pipeline("runner: {}")).args(&flags).finish().well();
        assert!(folder.read("out/b.txt").starts_with(written), "{finished:?}");
        assert_eq!(finished.stderr.contains("said on purpose"), grants == granted, "{finished:?}");
        let denied = "no grant for commands {path: /bin/sh}";
        assert_eq!(finished.stderr.contains(denied), grants != granted, "{finished:?}");
    }
}

#[test]
fn a_module_made_for_bento_runs() {
    let folder = folder("one\ntwo\n");
    folder.write("module.wasm", guest("bento"));
    let _ = folder.run(&pipeline("wasm: {module_path: module.wasm}")).finish().well();
    assert_eq!(folder.read("out/b.txt"), "ONE\nTWO\n");
}

#[test]
fn a_module_that_can_not_be_read_is_named_with_its_place() {
    let folder = folder("one\n");
    let finished = folder.run(&pipeline("wasm: {module_path: missing.wasm}")).finish();
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("pipeline.yaml(3,"), "{finished:?}");
    assert!(finished.stderr.contains("module_path: read missing.wasm: No such file"), "{finished:?}");
}
