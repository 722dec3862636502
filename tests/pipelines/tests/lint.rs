//! `forebay lint`, and `forebay run` with what it refuses.

use forebay_tests_pipelines::Folder;

const GOOD: &str = "\
input: {generate: {count: 1, interval: '', mapping: 'root = 5'}}
output: {stdout: {}}
";

/// The problems of a pipeline, without the name of its file.
fn problems(pipeline: &str) -> Vec<String> {
    let folder = Folder::new();
    let finished = folder.lint(pipeline).finish();
    assert_eq!(finished.code, Some(i32::from(!finished.stdout.is_empty())), "{finished:?}");
    assert_eq!(finished.stderr, "");
    let strip = |line: &&str| line.strip_prefix("pipeline.yaml").unwrap_or(line).to_owned();
    finished.lines().iter().map(strip).collect()
}

#[test]
fn a_good_file_has_no_problems() {
    assert!(problems(GOOD).is_empty());
}

#[test]
fn an_unknown_component_is_named_with_the_nearest_known_one() {
    assert_eq!(
        problems(
            "input: {stdinn: {}}\npipeline:\n  processors:\n    - mappping: root = 5\noutput:\n  stdou: {}\n"
        ),
        [
            "(1,9) input `stdinn` not recognised, did you mean `stdin`?",
            "(4,7) processor `mappping` not recognised, did you mean `mapping`?",
            "(6,3) output `stdou` not recognised, did you mean `stdout`?",
        ]
    );
}

#[test]
fn fields_that_are_unknown_or_missing_or_of_a_wrong_type_are_named() {
    let pipeline = "\
input:
  file:
    path: [a.txt]
    delete_on_finish: [1]
pipeline:
  threads: many
  processors:
    - log:
        level: LOUD
        mesage: x
output:
  file: {}
";
    assert_eq!(
        problems(pipeline),
        [
            "(2,3) field paths is required",
            "(3,5) field path not recognised, did you mean `paths`?",
            "(4,23) expected bool value, got array",
            "(6,12) expected int value, got string",
            "(9,16) value `LOUD` is not one of the options FATAL, ERROR, WARN, INFO, DEBUG, TRACE, ALL",
            "(10,9) field mesage not recognised, did you mean `message`?",
            "(12,3) field path is required",
        ]
    );
}

/// The place of a marker in a text: line and column, counted from one.
fn place(text: &str, marker: &str) -> (usize, usize) {
    let mut found = text.lines().enumerate().filter_map(|(line, content)| {
        let before = content.split_once(marker)?.0;
        Some((line + 1, before.chars().count() + 1))
    });
    found.next().expect("the marker is in the text")
}

#[test]
fn a_fault_in_a_mapping_is_found_at_its_place_in_the_file() {
    for style in ["|", "|-", "|+", "|2"] {
        let pipeline = format!(
            "\
# a comment
input: {{stdin: {{}}}}
pipeline:
  processors:
    - log: {{message: first}}
    - mapping: {style}
        root = this

        # \u{e9}\u{1f600}
        root.name = \"\u{e9}\" + this.foo )fault
        root.rest = 1
output: {{stdout: {{}}}}
"
        );
        let (line, column) = place(&pipeline, ")fault");
        assert_eq!(problems(&pipeline), [format!("({line},{column}) expected line break")], "{style}");
    }
}

#[test]
fn faults_of_every_mapping_and_interpolation_are_found() {
    let pipeline = "\
input: {generate: {mapping: 'root = 1 )a'}}
pipeline:
  processors:
    - mapping: \"root = 2 )b\"
    - mutation: root = 3 )c
    - bloblang: |
        root = 4
        root = nope()
    - log: {message: 'x ${! 5 )d }', fields_mapping: 'root = 6 )e'}
output: {file: {path: 'y ${! 7 )f }'}}
";
    let found = problems(pipeline);
    let expected = [")a", ")b", ")c", "nope", ")d", ")e", ")f"].map(|marker| place(pipeline, marker));
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (problem, (line, column)) in found.iter().zip(expected) {
        // An unknown function is reported where its name has ended, as Bento does.
        let is_there = problem.starts_with(&format!("({line},{column}) "));
        assert!(
            is_there || problem.contains("unrecognised function 'nope'"),
            "{problem} is not at {line},{column}"
        );
        assert!(problem.starts_with(&format!("({line},")), "{problem} is not in line {line}");
    }
}

#[test]
fn mappings_are_checked_also_when_something_else_is_wrong() {
    let pipeline = "\
input: {stdinn: {}}
pipeline:
  processors:
    - mapping: |
        root = this )fault
    - log: {message: [1]}
output: {stdout: {}}
";
    assert_eq!(
        problems(pipeline),
        [
            "(1,9) input `stdinn` not recognised, did you mean `stdin`?",
            "(5,21) expected line break",
            "(6,22) expected string value",
        ]
    );
}

#[test]
fn several_files_are_checked_at_once() {
    let folder = Folder::new();
    folder.write("good.yaml", GOOD);
    folder.write("one.yaml", format!("{GOOD}nope: 1\n"));
    folder.write("two.yaml", "nope: 2\n");
    let finished = folder.forebay(&["lint", "one.yaml", "good.yaml", "two.yaml"]).finish();
    assert_eq!(finished.code, Some(1));
    let lines = finished.lines();
    assert_eq!(lines.len(), 2, "{finished:?}");
    assert_eq!(lines[0], "one.yaml(3,1) field nope not recognised");
    assert_eq!(lines[1], "two.yaml(1,1) field nope not recognised");
    let finished = folder.forebay(&["lint", "missing.yaml"]).finish();
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("missing.yaml"), "{finished:?}");
}

/// The cases that Bento has for its own command.
#[test]
fn files_may_be_named_by_flags_before_the_command() {
    let folder = Folder::new();
    folder.write("foo.yaml", "\ninput:\n  generate:\n    huh: what\n    mapping: 'root.id = uuid_v4()'\noutput:\n  nah: nope\n  drop: {}\n");
    folder.write(
        "good.yaml",
        "\ninput:\n  generate:\n    mapping: 'root.id = uuid_v4()'\noutput:\n  drop: {}\n",
    );
    for args in [
        ["lint", "foo.yaml"].as_slice(),
        &["-c", "foo.yaml", "lint"],
        &["-r", "foo.yaml", "lint"],
        &["lint", "-r", "foo.yaml", "good.yaml"],
    ] {
        let finished = folder.forebay(args).finish();
        assert_eq!(finished.code, Some(1));
        assert_eq!(
            finished.lines(),
            [
                "foo.yaml(4,5) field huh not recognised",
                "foo.yaml(7,3) field nah is invalid when the component type is drop (output)"
            ],
            "{args:?}"
        );
    }
    assert_eq!(folder.forebay(&["lint", "good.yaml"]).finish().well().stdout, "");
    assert_eq!(folder.forebay(&["lint"]).finish().code, Some(1));
}

#[test]
fn folders_are_walked_and_parts_are_looked_at_by_themselves() {
    let folder = Folder::new();
    folder.write("a/one.yaml", format!("{GOOD}nope: 1\n"));
    folder.write("a/b/parts.yml", "cache_resources: [{label: c, memory: {}, nope: 1}]\n");
    folder.write("a/notes.txt", "nope");
    let finished = folder.forebay(&["lint", "a/..."]).finish();
    assert_eq!(
        finished.lines(),
        [
            "a/b/parts.yml(1,42) field nope is invalid when the component type is memory (cache)",
            "a/one.yaml(3,1) field nope not recognised"
        ]
    );
    let uses = format!("{GOOD}pipeline: {{processors: [{{dedupe: {{cache: c, key: x}}}}]}}\n");
    folder.write("uses.yaml", uses);
    assert_eq!(folder.forebay(&["lint", "uses.yaml"]).finish().lines().len(), 1);
    folder.write("r.yaml", "cache_resources: [{label: c, memory: {}}]\n");
    let _ = folder.forebay(&["lint", "uses.yaml", "-r", "r.yaml"]).finish().well();
    folder.write("a/one.yaml", format!("# BENTO LINT DISABLE\n{GOOD}nope: 1\n"));
    let _ = folder.forebay(&["lint", "a/*.yaml"]).finish().well();
}

#[test]
fn configurations_in_markdown_are_looked_at() {
    let folder = Folder::new();
    folder.write("a.md", "# Title\n\n```yaml\npipeline:\n  processors:\n    - mapping: root = ${UNSET}1 )\n```\n\n```yaml\ninpt: {}\n```\n");
    let finished = folder.forebay(&["lint", "a.md"]).finish();
    let lines = finished.lines();
    assert_eq!((finished.code, lines.len()), (Some(1), 2), "{finished:?}");
    assert!(lines[0].starts_with("a.md(6,") && lines[1].starts_with("a.md(10,1) "), "{finished:?}");
}

#[test]
fn text_that_is_no_yaml_is_refused_with_its_place() {
    let found = problems("input: {stdin: {}}\noutput: {stdout: {}\nnext: [\n");
    assert!(!found.is_empty() && found.iter().all(|problem| problem.starts_with('(')), "{found:?}");
}

#[test]
fn more_is_reported_on_demand() {
    let folder = Folder::new();
    folder.write("old.yaml", "input: {stdin: {codec: lines}}\npipeline: {processors: [{bloblang: root = 1}]}\noutput: {stdout: {}}\n");
    let lint = |flags: &[&str]| folder.forebay(&["lint", "old.yaml"]).args(flags).finish();
    assert_eq!(lint(&[]).well().stdout, "");
    let deprecated = lint(&["--deprecated"]);
    // In Bento the old name of `mapping` is none that is deprecated.
    assert_eq!(deprecated.lines(), ["old.yaml(1,17) field codec is deprecated"]);
    assert_eq!(lint(&["--labels"]).lines().len(), 3);
    folder.write("old.yaml", format!("# ${{UNSET}}\n{GOOD}"));
    assert_eq!(lint(&[]).lines(), ["old.yaml(1,3) required environment variables were not set: [UNSET]"]);
    assert_eq!(lint(&["--skip-env-var-check"]).well().stdout, "");
}

#[test]
fn run_refuses_what_lint_finds_and_runs_it_all_the_same_when_chilled() {
    let folder = Folder::new();
    let pipeline = format!("{GOOD}nope: 1\n");
    let refused = folder.run(&pipeline).finish();
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert!(refused.stderr.starts_with("pipeline.yaml(3,1) field nope not recognised\n"), "{refused:?}");
    assert!(refused.stderr.contains("--chilled"), "{refused:?}");
    let ran = folder.run(&pipeline).args(&["--chilled"]).finish().well();
    assert_eq!(ran.stdout, "5\n");
    assert!(ran.stderr.starts_with("pipeline.yaml(3,1) field nope not recognised\n"), "{ran:?}");
}

#[test]
fn what_can_not_run_is_refused_also_when_chilled() {
    for pipeline in [GOOD.replace("stdout", "stdoot"), GOOD.replace("root = 5", "root = )"), "5".to_owned()] {
        let folder = Folder::new();
        let refused = folder.run(&pipeline).args(&["--chilled"]).finish();
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
        assert!(refused.stderr.starts_with("pipeline.yaml("), "{refused:?}");
    }
}

#[test]
fn variables_may_come_from_files() {
    let pipeline = "\
input: {generate: {count: 1, interval: '', mapping: 'root = env(\"NAME\") + \" ${NAME}\"'}}
output: {stdout: {}}
";
    let folder = Folder::new();
    assert!(folder.lint(pipeline).finish().stdout.contains("NAME"), "it is not set");
    folder.write("a.env", "NAME=x # a comment\n");
    let file = folder.path("a.env").display().to_string();
    assert_eq!(folder.lint(pipeline).args(&["--env-file", &file]).finish().well().stdout, "");
    assert_eq!(folder.run(pipeline).args(&["-e", &file]).finish().well().stdout, "x x\n");
}
