//! The flags of `forebay run` that say what a configuration is made of.

use forebay_tests_pipelines::Folder;

const GOOD: &str = "\
input: {generate: {count: 1, interval: '', mapping: 'root = 5'}}
output: {stdout: {}}
";

#[test]
fn a_run_needs_no_command_and_takes_its_file_in_several_ways() {
    let folder = Folder::new();
    folder.write("p.yaml", GOOD);
    for args in [
        ["-c", "p.yaml"].as_slice(),
        &["--config=p.yaml"],
        &["run", "-c", "p.yaml"],
        &["-c", "p.yaml", "run"],
    ] {
        assert_eq!(folder.forebay(args).finish().well().stdout, "5\n", "{args:?}");
    }
}

#[test]
fn a_variable_may_hold_the_configuration() {
    let folder = Folder::new();
    for name in ["FOREBAY_CONFIG", "BENTO_CONFIG"] {
        assert_eq!(folder.forebay(&["run"]).variable(name, GOOD).finish().well().stdout, "5\n");
        let refused = folder.forebay(&[]).variable(name, "nope: 1").finish();
        assert_eq!(refused.code, Some(1));
        assert!(refused.stderr.contains(&format!("{name}(1,1) field nope not recognised")), "{refused:?}");
    }
    folder.write("p.yaml", GOOD.replace('5', "6"));
    let run = folder.forebay(&["-c", "p.yaml"]).variable("BENTO_CONFIG", GOOD);
    assert_eq!(run.finish().well().stdout, "6\n", "a file comes first");
}

#[test]
fn without_a_configuration_lines_pass() {
    let folder = Folder::new();
    assert_eq!(folder.forebay(&["run"]).input("a\nb\n").finish().well().stdout, "a\nb\n");
    let mapped =
        ["-s", "pipeline.processors.-.mapping=root = content().uppercase()", "-s", "pipeline.threads=1"];
    assert_eq!(folder.forebay(&mapped).input("a\nb\n").finish().well().stdout, "A\nB\n");
    let help = folder.forebay(&[]).finish();
    assert_eq!((help.code, help.stdout.contains("Usage")), (Some(2), true), "{help:?}");
}

#[test]
fn fields_can_be_set() {
    let folder = Folder::new();
    let settings = ["-s", "input.generate.count=2", "--set", "input.generate.mapping=root = 7"];
    assert_eq!(folder.run(GOOD).args(&settings).finish().well().stdout, "7\n7\n");
    let problem = |setting: &str| {
        let finished = folder.run(GOOD).args(&["-s", setting]).finish();
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{finished:?}");
        finished.stderr.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        problem("input.generate.count=many"),
        "--set input.generate.count(1,22) expected int value, got string"
    );
    let fault = problem("input.generate.mapping=root = )");
    assert!(fault.starts_with("--set input.generate.mapping(1,31) "), "{fault}");
    assert_eq!(problem("foo"), "--set foo(1,1) invalid set expression 'foo': expected foo=bar syntax");
}

#[test]
fn resources_may_stand_in_other_files() {
    let folder = Folder::new();
    folder.write(
        "r/one.yaml",
        "processor_resources: [{label: p, mapping: 'root = content().string() + \"!\"'}]\n",
    );
    folder.write("r/two.yaml", "cache_resources: [{label: c, memory: {}}]\n");
    let pipeline =
        format!("{GOOD}pipeline: {{processors: [{{resource: p}}, {{dedupe: {{cache: c, key: x}}}}]}}\n");
    assert!(folder.run(&pipeline).finish().stderr.contains("there is no processor `p`"));
    let with = |args: &[&str]| folder.run(&pipeline).args(args).finish();
    assert_eq!(with(&["-r", "r/one.yaml", "--resources", "r/two.yaml"]).well().stdout, "5!\n");
    assert_eq!(with(&["-r", "r/*.yaml"]).well().stdout, "5!\n");

    folder.write("r/three.yaml", "# the same\ncache_resources: [{label: c, memory: {}}]\n");
    let refused = with(&["-r", "r/*.yaml"]);
    let collision = "(1,27) cache resource label 'c' collides with a previously defined resource\n";
    assert!(refused.stderr.contains(&format!("r/two.yaml{collision}")), "{refused:?}");
    folder.write(
        "r/three.yaml",
        "input: {stdin: {}}\nprocessor_resources: [{label: q, mapping: 'root = )'}]\n",
    );
    let refused = with(&["-r", "r/*.yaml", "--chilled"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("r/three.yaml(1,1) field input not recognised"), "{refused:?}");
    assert!(refused.stderr.contains("r/three.yaml(2,5"), "{refused:?}");
    assert!(with(&["-r", "missing.yaml"]).stderr.contains("missing.yaml"));
}

#[test]
fn the_level_of_the_log_can_be_set() {
    let folder = Folder::new();
    let pipeline = format!("{GOOD}pipeline: {{processors: [{{log: {{message: seen, level: DEBUG}}}}]}}\n");
    assert!(!folder.run(&pipeline).finish().well().stderr.contains("seen"));
    assert!(
        folder.run(&pipeline).args(&["--log.level", "debug"]).finish().well().stderr.contains("msg=seen")
    );
    assert_eq!(folder.run(&pipeline).args(&["--log.level=off"]).finish().well().stderr, "");
    assert_eq!(folder.run(&pipeline).args(&["--log.level=loud"]).finish().code, Some(2));
}

#[test]
fn a_pipeline_runs_on_for_a_while_when_it_is_to_be_stopped() {
    let folder = Folder::new();
    let pipeline = "\
input: {generate: {mapping: 'root = \"tick\"', interval: 5ms}}
output: {file: {path: out.txt}}
shutdown_delay: 1h
";
    let mut running = folder.run(pipeline).start();
    running.until("it has written", |_| folder.length("out.txt") > 0);
    running.signal("TERM");
    running.until_log_has("stopping after the delay");
    let length = folder.length("out.txt");
    running.until("it still writes", |_| folder.length("out.txt") > length + 100);
    running.signal("TERM");
    assert!(running.finish().well().stderr.contains("stopping: no more is read"));
}
