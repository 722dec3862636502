//! A newcomer's ten minutes: a plugin made from nothing, built, and dropped into the folder of a running pipeline.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use forebay_tests_toolbox::Workshop;

const PIPELINE: &str = "\
input: {generate: {mapping: 'root = \"Record \" + counter().string()', interval: 2ms}}
pipeline: {threads: 1, processors: [{shout: {ending: '.'}}]}
output: {file: {path: out.txt}}
";

/// Changes the source of the plugin, builds it and drops it in.
fn drop_in(workshop: &Workshop) {
    let _ = workshop.plugin(&["build", "shout"]).finish().well();
    let component = std::fs::read(workshop.folder().path("shout/shout.wasm")).unwrap();
    workshop.folder().write("plugins/shout.wasm", component);
}

#[test]
fn a_new_plugin_changes_the_records_of_a_running_pipeline_and_loses_none() {
    let workshop = Workshop::default();
    let folder = workshop.folder();
    let _ = workshop.plugin(&["new", "shout", "--kind", "processor", "--lang", "rust"]).finish().well();
    drop_in(&workshop);
    let mut running = folder.run(PIPELINE).args(&["-pluginDir", "plugins"]).start();
    running.until("records are written", |_| folder.has("out.txt") && folder.length("out.txt") > 0);
    let source = folder.read("shout/src/lib.rs");
    folder.write("shout/src/lib.rs", source.replace("to_uppercase()", "to_lowercase()"));
    drop_in(&workshop);
    running.until_log_has("a newer build works from now on");
    running.until("the new build has written", |_| folder.read("out.txt").contains("record"));
    running.signal("TERM");
    let _ = running.finish().well();

    let written = folder.read("out.txt");
    for (index, line) in (1..).zip(written.lines()) {
        assert_eq!(line.to_lowercase(), format!("record {index}."), "line {index}");
    }
    let loud = written.lines().take_while(|line| line.starts_with("RECORD ")).count();
    assert!(loud > 0 && loud < written.lines().count(), "{loud} of {}", written.lines().count());
    assert!(written.lines().skip(loud).all(|line| line.starts_with("record ")), "the old build came back");
}
