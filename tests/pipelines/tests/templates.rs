//! Components that templates make of others.

use forebay_tests_pipelines::Folder;

const SHOUT: &str = "\
name: shout
type: processor
summary: Says it louder.
fields:
  - {name: mark, type: string, default: '!'}
  - {name: times, type: int}
mapping: |
  let marks = range(0, this.times).map_each(i -> this.mark).join(\"\")
  root.mapping = \"\"\"root = content().uppercase() + \"%v\" \"\"\".format($marks)
tests:
  - name: twice
    config: {times: 2}
    expected: {mapping: 'root = content().uppercase() + \"!!\" '}
";
const LINES: &str = "\
name: made_lines
type: input
fields: [{name: lines, type: string, kind: list}]
mapping: |
  root.generate.count = this.lines.length()
  root.generate.interval = \"\"
  root.generate.mapping = \"root = %v.index(counter() - 1)\".format(this.lines.format_json(no_indent: true).string())
";
const PIPELINE: &str = "\
input: {made_lines: {lines: [a, b]}}
pipeline: {threads: 1, processors: [{label: loud, shout: {times: 2}}]}
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("t/in/shout.yaml", SHOUT);
    folder.write("t/lines.yml", LINES);
    folder.write("p.yaml", PIPELINE);
    folder
}

#[test]
fn a_pipeline_uses_templates() {
    let folder = folder();
    let done = folder.forebay(&["run", "-t", "t", "p.yaml"]).finish().well();
    assert_eq!(done.stdout, "A!!\nB!!\n");
    let by_pattern = ["-t", "t/*.yml", "--templates", "t/in/shout.yaml", "run", "p.yaml"];
    assert_eq!(folder.forebay(&by_pattern).finish().well().stdout, "A!!\nB!!\n");
    let without = folder.forebay(&["run", "p.yaml"]).finish();
    assert!(without.stderr.contains("p.yaml(1,9) input `made_lines` not recognised"), "{without:?}");
}

#[test]
fn metrics_have_the_names_that_templates_give_them() {
    let folder = folder();
    let named = "metrics_mapping: |
  root = if this.has_prefix(\"processor_batch\") { deleted() } else { $label + \"_\" + this }
  meta path = deleted()
";
    folder.write("t/in/shout.yaml", format!("{SHOUT}{named}"));
    let named = "metrics_mapping: this.replace_all(\"input\", \"source\")\n";
    folder.write("t/lines.yml", format!("{LINES}{named}"));
    let _ = folder.forebay(&["run", "-t", "t", "-metricsFile", "m.txt", "p.yaml"]).finish().well();
    let metrics = folder.read("m.txt");
    let has = |line: &str| metrics.lines().any(|other| other == line);
    assert!(has("loud_processor_received_total{label=\"loud\"} 2"), "{metrics}");
    assert!(has("source_received_total{label=\"\",path=\"root.input\"} 2"), "{metrics}");
    assert!(!metrics.contains("processor_batch") && !metrics.contains("input_received"), "{metrics}");
    assert!(has("output_sent_total{label=\"\",path=\"root.output\"} 2"), "{metrics}");
}

#[test]
fn other_commands_know_templates() {
    let folder = folder();
    let say = |args: &[&str]| folder.forebay(&[&["-t", "t"], args].concat()).finish();
    assert_eq!(say(&["lint", "p.yaml"]).well().stdout, "");
    assert!(say(&["list", "processors"]).well().stdout.contains("shout"));
    assert!(say(&["list", "--format", "schema"]).well().stdout.contains("Says it louder."));
    assert!(say(&["echo", "p.yaml"]).well().stdout.contains("times: 2"));
    assert!(say(&["create", "stdin/shout/stdout"]).well().stdout.contains("mark: \"!\""));
    folder.write(
        "p_bento_test.yaml",
        "tests: [{name: t, target_processors: loud, input_batch: [{content: x}],
        output_batches: [[{content_equals: X!!}]]}]\n",
    );
    let tested = say(&["test", "p.yaml"]);
    assert_eq!(tested.code, Some(0), "{tested:?}");
}

#[test]
fn faults_are_told_at_the_use() {
    let folder = folder();
    let lint = |settings: &str| {
        folder.write("p.yaml", format!("pipeline:\n  processors:\n    - shout: {settings}\n"));
        let finished = folder.forebay(&["lint", "-t", "t", "p.yaml"]).finish();
        assert_eq!(finished.code, Some(1));
        finished.stdout
    };
    assert_eq!(lint("{}"), "p.yaml(3,7) field times is required\n");
    let failed = lint("{times: 100000000000}");
    assert!(
        failed.starts_with("p.yaml(3,7) template shout: mapping failed for template component: "),
        "{failed}"
    );
    let broken = lint("{times: 1, mark: '\"'}");
    assert!(broken.starts_with("p.yaml(3,7) "), "{broken}");
}

#[test]
fn templates_are_checked_and_tested() {
    let folder = folder();
    let lint = |path: &str| {
        let finished = folder.forebay(&["template", "lint", path]).finish();
        (finished.code, finished.stdout)
    };
    assert_eq!(lint("./t/..."), (Some(0), String::new()));
    folder.write(
        "bad.yaml",
        SHOUT.replace("!!\\\"", "!\\\"").replace(
            "expected: {mapping: 'root = content().uppercase() + \"!!\" '}",
            "expected: {mapping: other}",
        ),
    );
    let (code, shown) = lint("bad.yaml");
    assert_eq!(code, Some(1));
    assert!(shown.starts_with("bad.yaml(12,13) test 'twice': mismatch between expected"), "{shown}");
    folder.write("bad.yaml", SHOUT.replace("let marks", "lett marks"));
    let (code, shown) = lint("bad.yaml");
    assert_eq!((code, shown.starts_with("bad.yaml(8,")), (Some(1), true), "{shown}");
    let refused = folder.forebay(&["run", "-t", "bad.yaml", "p.yaml"]).finish();
    assert_eq!((refused.code, refused.stderr.contains("bad.yaml(8,")), (Some(1), true), "{refused:?}");
}
