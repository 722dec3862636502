//! `forebay create` and `forebay echo`.

use forebay_tests_pipelines::{Folder, example};

#[test]
fn what_is_created_is_right_and_can_be_echoed() {
    let folder = Folder::new();
    for args in [
        ["create"].as_slice(),
        &["create", "--small"],
        &["create", "-s", "generate/log,noop/file"],
        &["create", "stdin/bounds_check/drop"],
        // What has to be written first is not missed before somebody runs it.
        &["create", "stdin/mapping,mutation,branch/drop"],
    ] {
        let created = folder.forebay(args).finish().well().stdout;
        let linted = folder.lint(&created).finish().stdout;
        assert_eq!(linted, "", "{args:?}:\n{created}");
        assert_eq!(created.contains("logger:"), !args.contains(&"-s") && !args.contains(&"--small"));
    }
    let created = folder.forebay(&["create", "-s", "generate/log,noop/file"]).finish().well().stdout;
    for part in ["input:\n  generate:\n", "    - log:\n", "    - noop: {}\n", "output:\n  file:\n"] {
        assert!(created.contains(part), "{part}:\n{created}");
    }
}

#[test]
fn what_can_not_be_created_is_named() {
    let folder = Folder::new();
    let refused = folder.forebay(&["create", "stdinn/log/file"]).finish();
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert!(
        refused.stderr.contains("unrecognised input type 'stdinn', did you mean `stdin`?"),
        "{refused:?}"
    );
}

#[test]
fn an_echo_runs_as_the_configuration_does() {
    let folder = Folder::new();
    folder.write("pipeline.yaml", example("generate"));
    let echo = |args: &[&str]| folder.forebay(args).finish().well().stdout;
    let echoed = echo(&["-c", "pipeline.yaml", "-s", "shutdown_delay=0s", "echo"]);
    assert!(
        echoed.contains("\nshutdown_timeout: 20s\n") && echoed.contains("\nshutdown_delay: 0s\n"),
        "{echoed}"
    );
    assert_eq!(echo(&["echo", "pipeline.yaml"]), echoed);
    let finished = folder.run(&echoed).finish().well();
    assert_eq!(finished.lines().len(), 200);
    folder.write("pipeline.yaml", "input: {stdinn: {}}\n");
    let refused = folder.forebay(&["echo", "pipeline.yaml"]).finish();
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
}
