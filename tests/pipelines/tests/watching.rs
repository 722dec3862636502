//! Configurations that change while their pipelines run.

use forebay_tests_pipelines::Folder;

/// A pipeline that goes on until it is stopped.
fn pipeline(word: &str) -> String {
    format!(
        "input: {{generate: {{mapping: 'root = \"{word}\"', interval: 5ms}}}}\n\
         pipeline: {{processors: [{{resource: p}}]}}\noutput: {{file: {{path: out.txt}}}}\n"
    )
}

fn resource(mark: &str) -> String {
    format!("processor_resources: [{{label: p, mapping: 'root = content().string() + \"{mark}\"'}}]\n")
}

#[test]
fn a_changed_configuration_is_run_and_a_wrong_one_is_not() {
    let folder = Folder::new();
    folder.write("r.yaml", resource("."));
    let mut running = folder.run(&pipeline("one")).args(&["-w", "-r", "r*.yaml"]).start();
    let until = |running: &mut forebay_tests_pipelines::Running, line: &str| {
        running.until(line, |_| {
            folder.has("out.txt") && folder.read("out.txt").lines().any(|found| found == line)
        });
    };
    until(&mut running, "one.");
    folder.write("pipeline.yaml", pipeline("two"));
    until(&mut running, "two.");
    folder.write("pipeline.yaml", pipeline("three").replace("generate", "genrate"));
    running.until_log_has("input `genrate` not recognised");
    running.until_log_has("the changed configuration is refused, the old one goes on");
    let length = folder.length("out.txt");
    running.until("the old one goes on", |_| folder.length("out.txt") > length);
    folder.write("r.yaml", "processor_resources: [{label: p, mapping: 'root = )'}]\n");
    running.until_log_has("r.yaml(1,5");
    folder.write("pipeline.yaml", pipeline("four"));
    folder.write("r.yaml", resource("!"));
    until(&mut running, "four!");
    running.signal("TERM");
    let finished = running.finish().well();
    assert!(!folder.read("out.txt").contains("three"), "{finished:?}");
}

#[test]
fn a_pipeline_that_has_ended_waits_for_a_change() {
    let folder = Folder::new();
    let finite = |word: &str| {
        format!(
            "input: {{generate: {{mapping: 'root = \"{word}\"', count: 1, interval: ''}}}}\noutput: {{stdout: {{}}}}\n"
        )
    };
    let mut running = folder.run(&finite("one")).args(&["--watcher"]).start();
    running.until_log_has("the input has ended");
    folder.write("pipeline.yaml", finite("two"));
    running.until("the second has run", |running| running.printed() == "one\ntwo\n");
    running.signal("INT");
    let _ = running.finish().well();
}
