//! `forebay plugin push` and `pull`, and the lock that guards what was pulled.

use forebay_tests_pipelines::{Folder, default_plugin, registry};

const PIPELINE: &str = "\
input: {file: {paths: [ in.txt ]}}
pipeline: {processors: [{log: {message: 'saw ${! content() }'}}]}
output: {file: {path: out.txt}}
";

#[test]
fn a_plugin_that_was_pushed_is_pulled_locked_and_run() {
    let registry = registry();
    let folder = Folder::new();
    folder.write("mine.wasm", default_plugin("log"));
    folder.write("in.txt", "one\n");
    let reference = format!("{registry}/team/log:1");
    let pushed = folder.forebay(&["plugin", "push", "mine.wasm", &reference]).finish().well();
    let [plugin, place] = pushed.lines()[..] else { panic!("{pushed:?}") };
    let digest = plugin.strip_prefix("log ").unwrap();
    assert!(place.starts_with(&format!("{reference}@sha256:")), "{pushed:?}");

    // By the digest of its manifest, into a folder of its own.
    let _ = folder.forebay(&["plugin", "pull", place, "-pluginDir", "plugins"]).finish().well();
    let lock = folder.read("plugins/plugins.lock");
    assert!(lock.contains("name: log") && lock.contains(place) && lock.contains(digest), "{lock}");
    let run = || folder.run(PIPELINE).args(&["-pluginDir", "plugins"]).finish().well();
    let finished = run();
    assert!(finished.stderr.contains("saw one") && !finished.stderr.contains("not loaded"), "{finished:?}");

    // Another build in its place is not loaded, until it is pulled again by the lock.
    folder.write("plugins/log.wasm", [default_plugin("log"), vec![0, 3, 1, b'x', 1]].concat());
    let finished = run();
    let complaint = format!("plugins/log.wasm: plugins.lock says {digest}");
    assert!(finished.stderr.contains(&complaint), "{finished:?}");
    let pulled = folder.forebay(&["plugin", "pull", "-pluginDir", "plugins"]).finish().well();
    assert_eq!(pulled.stdout, "plugins/log.wasm\n");
    assert!(!run().stderr.contains("not loaded"));
    assert_eq!(folder.forebay(&["plugin", "pull", "-pluginDir", "plugins"]).finish().well().stdout, "");

    // Nor does another file take its name, although it comes first.
    folder.write("plugins/aa.wasm", [default_plugin("log"), vec![0, 3, 1, b'x', 1]].concat());
    let finished = run();
    let complaint = "plugins/aa.wasm: it describes itself as plugin `log`, which is log.wasm in plugins.lock";
    assert!(finished.stderr.contains(complaint), "{finished:?}");
    assert!(finished.stderr.contains("saw one"), "{finished:?}");
    assert!(finished.stderr.contains("a file takes the place of a default plugin"), "{finished:?}");
}

#[test]
fn a_lock_that_names_files_elsewhere_is_not_followed() {
    let folder = Folder::new();
    let name = "../../outside";
    let text = format!("plugins: [{{name: {name}, reference: '127.0.0.1:1/x:1', digest: 'sha256:00'}}]");
    folder.write("a/plugins/plugins.lock", text);
    let finished = folder.forebay(&["plugin", "pull", "-pluginDir", "a/plugins"]).finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("`../../outside` cannot be the name of a plugin"), "{finished:?}");
    assert!(!folder.has("outside.wasm"));
}

#[test]
fn what_is_no_plugin_is_neither_pushed_nor_pulled() {
    let registry = registry();
    let folder = Folder::new();
    folder.write("text.wasm", "no plugin");
    let finished = folder.forebay(&["plugin", "push", "text.wasm", &format!("{registry}/a:1")]).finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("text.wasm: the file is not WebAssembly"), "{finished:?}");
    let finished =
        folder.forebay(&["plugin", "pull", &format!("{registry}/a:1"), "-pluginDir", "plugins"]).finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains(&format!("{registry} has no a:1")), "{finished:?}");
    assert!(!folder.has("plugins/plugins.lock"));
    let finished = folder.forebay(&["plugin", "pull", "log:1", "-pluginDir", "plugins"]).finish();
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.stderr.contains("is no reference"), "{finished:?}");
}

#[test]
fn a_lock_that_can_not_be_read_loads_nothing() {
    let folder = Folder::new();
    folder.write("plugins/log.wasm", default_plugin("log"));
    folder.write("plugins/plugins.lock", "plugins: [{nme: log}]");
    let finished = folder.forebay(&["list", "-pluginDir", "plugins"]).finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.stderr.contains("plugins.lock: the lock can't be used") && finished.stderr.contains("nme"),
        "{finished:?}"
    );
}
