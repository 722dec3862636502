//! Inputs of the host, around inputs of plugins.

use forebay_tests_pipelines::Folder;

/// What a pipeline with this input writes, a line for each batch: its messages with blanks between them. The file
/// `lines.txt` has the lines `1` to `7`.
fn run(rest: &str) -> Vec<String> {
    let folder = Folder::new();
    folder.write("lines.txt", "1\n2\n3\n4\n5\n6\n7\n");
    let pipeline = format!(
        "pipeline: {{threads: 1, processors: [{{archive: {{format: binary}}}}]}}\noutput: {{file: {{path: out.txt}}}}\n{rest}"
    );
    let pipeline = pipeline.replace(
        "{archive: {format: binary}}",
        r#"{mapping: 'root = if batch_index() == 0 { content().string().from_all().join(" ") } else { deleted() }'}"#,
    );
    let _ = folder.run(&pipeline).finish().well();
    folder.read("out.txt").lines().map(str::to_owned).collect()
}

const LINES: &str = "file: {paths: [lines.txt]}";

fn generated(count: usize, mapping: &str) -> String {
    format!("generate: {{count: {count}, interval: '', mapping: '{mapping}'}}")
}

#[test]
fn batches_are_complete_by_count_size_or_check() {
    let batched =
        |policy: &str| run(&format!("input: {{batched: {{child: {{{LINES}}}, policy: {{{policy}}}}}}}"));
    assert_eq!(batched("count: 3"), ["1 2 3", "4 5 6", "7"]);
    assert_eq!(batched("byte_size: 2"), ["1 2", "3 4", "5 6", "7"]);
    assert_eq!(batched("check: 'this % 3 == 2', count: 100"), ["1 2", "3 4 5", "6 7"]);
    assert_eq!(batched("check: batch_size() == 4, count: 100"), ["1 2 3 4", "5 6 7"]);
    assert_eq!(batched("check: 'this > 5', count: 4"), ["1 2 3 4", "5 6", "7"]);
    let check = "check: 'json().from_all().sum() >= 6', count: 100";
    assert_eq!(batched(check), ["1 2 3", "4 5", "6", "7"]);
}

#[test]
fn processors_of_a_policy_see_the_whole_batch() {
    let processors = "[{mapping: 'root = content().string() + batch_size().string()'}, {split: {size: 1}}]";
    let policy = format!("policy: {{count: 4, processors: {processors}}}");
    let batches = run(&format!("input: {{batched: {{child: {{{LINES}}}, {policy}}}}}"));
    assert_eq!(batches, ["14 24 34 44", "53 63 73"]);
}

#[test]
fn a_broker_reads_all_its_inputs() {
    let inputs = format!(
        "[{{{}}}, {{{}, processors: [{{mapping: root = content().uppercase()}}]}}]",
        generated(2, "root = \"a\""),
        generated(3, "root = \"b\"")
    );
    let mut lines = run(&format!("input: {{broker: {{inputs: {inputs}}}}}"));
    lines.sort();
    assert_eq!(lines, ["B", "B", "B", "a", "a"]);
    let all = run(&format!("input: {{broker: {{copies: 2, inputs: {inputs}, batching: {{count: 10}}}}}}"));
    assert_eq!(all.iter().map(|batch| batch.split(' ').count()).sum::<usize>(), 10, "{all:?}");
}

/// The messages of a sequence of inputs that are joined, each a line.
fn joined(join: &str, inputs: &[&[&str]]) -> Vec<String> {
    let folder = Folder::new();
    let mut list = Vec::new();
    for (index, lines) in inputs.iter().enumerate() {
        folder
            .write(&format!("{index}.txt"), lines.iter().map(|line| format!("{line}\n")).collect::<String>());
        list.push(format!(
            "{{file: {{paths: [{index}.txt]}}, processors: [{{mapping: 'meta from_{index} = content()'}}]}}"
        ));
    }
    let list = list.join(", ");
    let pipeline = format!(
        "input: {{sequence: {{sharded_join: {{{join}}}, inputs: [{list}]}}}}
pipeline: {{threads: 1, processors: [{{mapping: 'root = this.merge({{\"metas\": @.keys().filter(key -> key.has_prefix(\"from\")).sort()}})'}}]}}
output: {{file: {{path: out.txt}}}}\n"
    );
    let _ = folder.run(&pipeline).finish().well();
    folder.read("out.txt").lines().map(str::to_owned).collect()
}

#[test]
fn a_full_outer_join_gives_a_message_for_every_identifier() {
    let inputs: [&[&str]; 2] = [
        &[
            r#"{"id":"A","hobby":"rowing"}"#,
            "nonsense",
            r#"{"id":"C","hobby":"chess"}"#,
            r#"{"id":"A","hobby":"golf"}"#,
        ],
        &[r#"{"id":"A","name":"Mel"}"#, r#"{"id":"B","name":"Em"}"#, r#"{"name":"nobody"}"#],
    ];
    let mut expected = vec![
        r#"{"hobby":["rowing","golf"],"id":"A","metas":["from_0","from_1"],"name":"Mel"}"#,
        r#"{"hobby":"chess","id":"C","metas":["from_0"]}"#,
        r#"{"id":"B","metas":["from_1"],"name":"Em"}"#,
    ];
    assert_eq!(joined("type: full-outer, id_path: id", &inputs), expected);
    // In several rounds, of which each reads everything: the order is another one.
    for join in
        ["type: full-outer, id_path: id, iterations: 3", "type: full-outter, id_path: id, iterations: 7"]
    {
        let mut lines = joined(join, &inputs);
        lines.sort();
        expected.sort_unstable();
        assert_eq!(lines, expected);
    }
    let replaced = joined("type: full-outer, id_path: id, merge_strategy: replace", &inputs);
    assert!(replaced[0].starts_with(r#"{"hobby":"golf","id":"A""#), "{replaced:?}");
    let kept = joined("type: full-outer, id_path: id, merge_strategy: keep", &inputs);
    assert!(kept[0].starts_with(r#"{"hobby":"rowing","id":"A""#), "{kept:?}");
}

#[test]
fn an_outer_join_gives_a_message_for_every_one_of_the_last_input() {
    let inputs: [&[&str]; 2] = [
        &[r#"{"id":"A","x":1}"#, r#"{"id":"C","x":2}"#],
        &[r#"{"id":"A","y":1}"#, r#"{"id":"B","y":2}"#, r#"{"id":"A","y":3}"#],
    ];
    let expected = [
        r#"{"id":"A","metas":["from_0","from_1"],"x":1,"y":1}"#,
        r#"{"id":"B","metas":["from_1"],"y":2}"#,
        r#"{"id":"A","metas":["from_0","from_1"],"x":1,"y":[1,3]}"#,
    ];
    assert_eq!(joined("type: outer, id_path: id", &inputs), expected);
}

#[test]
fn a_join_that_can_not_be_is_refused() {
    let refused = |join: &str| {
        let folder = Folder::new();
        let input = format!("sequence: {{sharded_join: {{{join}}}, inputs: [{{{LINES}}}]}}");
        folder.run(&format!("input: {{{input}}}\noutput: {{drop: {{}}}}\n")).finish().stderr
    };
    for (join, expected) in [
        ("type: outer", "the id path must not be empty"),
        ("type: outer, id_path: a, iterations: 0", "invalid number of iterations: 0"),
        ("type: inner, id_path: a", "value `inner` is not one of the options"),
    ] {
        let stderr = refused(join);
        assert!(stderr.contains(expected), "{join}: {stderr}");
    }
}

#[test]
fn a_sequence_begins_an_input_when_the_one_before_has_ended() {
    let inputs =
        format!("[{{{}}}, {{{LINES}}}, {{{}}}]", generated(2, "root = \"a\""), generated(1, "root = \"z\""));
    let lines = run(&format!("input: {{sequence: {{inputs: {inputs}}}}}"));
    assert_eq!(lines, ["a", "a", "1", "2", "3", "4", "5", "6", "7", "z"]);
}

#[test]
fn an_input_is_read_until_its_last_message() {
    let lines = run(&format!("input: {{read_until: {{input: {{{LINES}}}, check: 'this == 4'}}}}"));
    assert_eq!(lines, ["1", "2", "3", "4"]);
    let endless = generated(0, "root = counter()");
    let mark = "processors: [{mapping: 'root = content().string() + (@bento_read_until | \"\")'}]";
    let lines = run(&format!("input: {{read_until: {{input: {{{endless}}}, check: this == 3}}, {mark}}}"));
    assert_eq!(lines, ["1", "2", "3final"]);
}

#[test]
fn an_input_that_ends_can_be_opened_again() {
    let input = generated(2, "root = 1");
    let lines = run(&format!(
        "input: {{read_until: {{input: {{{input}}}, restart_input: true, check: 'count(\"seen\") == 5'}}}}"
    ));
    assert_eq!(lines.len(), 5);
}

#[test]
fn an_input_is_read_until_nothing_comes() {
    let input = "generate: {count: 2, interval: 1ms, mapping: root = \"a\"}";
    let forever = "{inproc: nobody}";
    let input = format!(
        "input: {{read_until: {{input: {{broker: {{inputs: [{{{input}}}, {forever}]}}}}, idle_timeout: 100ms}}}}"
    );
    assert_eq!(run(&input), ["a", "a"]);
}

#[test]
fn users_of_a_resource_share_what_it_reads() {
    let rest = format!(
        "input: {{broker: {{inputs: [{{resource: in}}, {{resource: in}}]}}}}\n\
         input_resources: [{{label: in, {LINES}, processors: [{{mapping: root = content().string() + \"!\"}}]}}]"
    );
    let mut lines = run(&rest);
    lines.sort();
    assert_eq!(lines, ["1!", "2!", "3!", "4!", "5!", "6!", "7!"]);
    let rest = format!(
        "input: {{read_until: {{input: {{resource: in}}, check: this == 2}}}}\ninput_resources: [{{label: in, {LINES}}}]"
    );
    assert_eq!(run(&rest), ["1", "2"]);
}

#[test]
fn a_resource_that_is_not_there_is_named() {
    let folder = Folder::new();
    let pipeline = "input: {resource: inn}\noutput: {stdout: {}}\ninput_resources: [{label: in, generate: {mapping: root = 1}}]";
    let error = folder.run(pipeline).finish().stderr;
    assert!(
        error.contains(
            "(1,8) there is no input `inn` among the input_resources of this pipeline, did you mean `in`?"
        ),
        "{error}"
    );
    let circle = "input: {resource: in}\noutput: {stdout: {}}\ninput_resources: [{label: in, broker: {inputs: [{resource: in}]}}]";
    let error = folder.run(circle).finish().stderr;
    assert!(error.contains("input `in` uses itself"), "{error}");
}
