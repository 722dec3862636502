//! `forebay plugin`, command by command, and what it says when something is wrong.

use forebay_tests_pipelines::default_plugin;
use forebay_tests_toolbox::Workshop;

/// A folder with the default plugin `scanners` as if it had been built there, and these cases.
fn scanners(cases: &str) -> Workshop {
    let workshop = Workshop::default();
    let folder = workshop.folder();
    folder.write("s/plugin.yaml", "name: scanners\nlanguage: rust\n");
    folder.write("s/scanners.wasm", default_plugin("scanners"));
    folder.write("s/tests.yaml", cases);
    workshop
}

#[test]
fn a_name_that_can_be_none_is_refused() {
    let workshop = Workshop::default();
    for name in ["Shout", "a/b", "../x", "2fast", ""] {
        let refused = workshop.plugin(&["new", name]).finish();
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains(&format!("`{name}` can")), "{refused:?}");
    }
}

#[test]
fn what_is_there_is_not_overwritten() {
    let workshop = Workshop::default();
    workshop.folder().write("mine/notes.txt", "precious");
    let refused = workshop.plugin(&["new", "mine"]).finish();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("mine is there already: name another folder with --dir"), "{refused:?}");
    let _ = workshop.plugin(&["new", "mine", "--dir", "other"]).finish().well();
    assert!(workshop.folder().read("other/plugin.yaml").contains("name: mine"));
    assert_eq!(workshop.folder().read("mine/notes.txt"), "precious");
}

#[test]
fn a_language_that_is_unknown_or_has_no_such_kind_is_refused() {
    let workshop = Workshop::default();
    let refused = workshop.plugin(&["new", "x", "--lang", "perl"]).finish();
    assert!(
        refused.stderr.contains("there is no language `perl`; there are: rust, js, python, c, go"),
        "{refused:?}"
    );
    let refused = workshop.plugin(&["new", "x", "--lang", "js", "--kind", "cache"]).finish();
    assert!(refused.stderr.contains("there is no template for a cache in js"), "{refused:?}");
    assert!(!workshop.folder().has("x"));
}

#[test]
fn a_toolchain_that_is_missing_is_named_with_the_way_to_get_it() {
    let workshop = Workshop::default();
    for (language, advice) in [
        ("rust", "`cargo` is not in PATH: install Rust"),
        ("python", "`componentize-py` is not in PATH: run `pip install componentize-py=="),
        ("js", "`node` is not in PATH: install Node.js"),
        ("c", "there is no compiler of C for WebAssembly in PATH: run `pip install ziglang=="),
        ("go", "`go` is not in PATH: install Go"),
    ] {
        let name = workshop.create(language, "processor");
        let refused = workshop.plugin(&["build", &name]).variable("PATH", "/nowhere").finish();
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains(advice), "{advice} is missing in {refused:?}");
    }
    let refused = workshop.plugin(&["build", "my-js-processor"]).variable("NODE_PATH", "/nowhere").finish();
    assert!(refused.stderr.contains("run `npm install` in "), "{refused:?}");
}

#[test]
fn source_that_does_not_compile_shows_what_the_compiler_said() {
    let workshop = Workshop::default();
    let name = workshop.create("python", "processor");
    workshop.folder().write(&format!("{name}/plugin.py"), "import forebay\n\nPLUGIN = forebay.Plugn()\n");
    let failed = workshop.plugin(&["build", &name]).finish();
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.stderr.contains("Plugn") && failed.stderr.contains("componentize-py"), "{failed:?}");
    assert!(!workshop.folder().has(&format!("{name}/{name}.wasm")));
}

#[test]
fn a_setting_that_is_unknown_is_named() {
    let workshop = Workshop::default();
    let name = workshop.create("js", "processor");
    let manifest = workshop.folder().read(&format!("{name}/plugin.yaml"));
    for (old, new, wanted) in [
        ("  entry:", "  entri:", "unknown build setting `entri`; js has: entry, kinds, capabilities"),
        (
            "[processor]",
            "[processer]",
            "there is no kind `processer` for js; there are: input, processor, output",
        ),
        (
            "[log]",
            "[logs]",
            "there is no capability `logs`; there are: batches, operations, scanned, streams, waits,",
        ),
        ("name: my", "nam: my", "plugin.yaml(1,1) unknown field `nam`"),
    ] {
        workshop.folder().write(&format!("{name}/plugin.yaml"), manifest.replace(old, new));
        let refused = workshop.plugin(&["build", &name]).finish();
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains(wanted), "{wanted} is missing in {refused:?}");
    }
}

#[test]
fn a_file_that_is_no_plugin_is_refused_with_the_reason() {
    let workshop = Workshop::default();
    let whole = default_plugin("log");
    for (content, reason) in [
        (&b""[..], "the file is empty"),
        (b"no WebAssembly", "the file is not WebAssembly"),
        (b"\0asm\x01\0\0\0", "the file is a core module, not a component"),
        (&whole[..whole.len() / 2], "the component is truncated or malformed"),
    ] {
        workshop.folder().write("x.wasm", content);
        for command in
            [&["inspect", "x.wasm"][..], &["bench", "x.wasm"], &["run", "x.wasm", "--input", "lines"]]
        {
            let refused = workshop.plugin(command).finish();
            assert_eq!(refused.code, Some(1), "{refused:?}");
            assert!(refused.stderr.contains(&format!("x.wasm: {reason}")), "{reason}: {refused:?}");
        }
    }
}

#[test]
fn a_folder_without_a_component_is_told_to_build_one() {
    let workshop = Workshop::default();
    let name = workshop.create("rust", "processor");
    for command in ["inspect", "test", "run", "bench"] {
        let refused = workshop.plugin(&[command, &name]).finish();
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains(&format!("run `forebay plugin build {name}` first")), "{refused:?}");
    }
    let refused = workshop.plugin(&["test", "."]).finish();
    assert!(refused.stderr.contains("has no plugin.yaml"), "{refused:?}");
}

#[test]
fn inspect_says_what_a_plugin_is_and_what_it_would_need() {
    let workshop = Workshop::default();
    workshop.folder().write("file.wasm", default_plugin("file"));
    let inspected = workshop.plugin(&["inspect", "file.wasm"]).finish().well();
    for wanted in [
        "plugin    file\n",
        "digest    sha256:",
        "contract  0.1.0\n",
        "\ninput file (stable)\n",
        "    paths: string list, required",
        "\noutput file (stable)\n",
        "    codec: string, default \"lines\"",
        "    forebay:files/files@0.1.0: ",
        "    - plugin: file\n      files: [{path: FOLDER, access: write}]\n",
    ] {
        assert!(inspected.stdout.contains(wanted), "{wanted} is missing in {}", inspected.stdout);
    }
    workshop.folder().write("scanners.wasm", default_plugin("scanners"));
    let inspected = workshop.plugin(&["inspect", "scanners.wasm"]).finish().well();
    assert!(inspected.stdout.ends_with("none: it can reach nothing outside of itself\n"), "{inspected:?}");
}

#[test]
fn run_prints_what_a_processor_makes_of_lines() {
    let workshop = Workshop::default();
    workshop.folder().write("bloblang.wasm", default_plugin("bloblang"));
    let run = |config: &str| {
        let args = ["run", "bloblang.wasm", "--input", "lines", "--processor", "mapping", "-c", config];
        workshop.plugin(&args).input("{\"a\":1}\n{\"a\":2}\nnone").finish()
    };
    let finished = run("root = this.a + 1");
    assert_eq!(finished.stdout, "2\n3\nnone\n");
    assert_eq!(finished.code, Some(1), "a message was flagged: {finished:?}");
    assert_eq!(finished.stderr.matches("error: ").count(), 1, "{finished:?}");
    let finished = run("root = [");
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{finished:?}");
    let finished = workshop.plugin(&["run", "bloblang.wasm"]).finish();
    assert!(finished.stderr.contains("has several of kind processor; name one: "), "{finished:?}");
}

#[test]
fn bench_prints_a_figure_for_every_size_of_batch() {
    let workshop = Workshop::default();
    workshop.folder().write("bloblang.wasm", default_plugin("bloblang"));
    workshop.folder().write("content.json", "{\"a\":1}");
    let args =
        ["bench", "bloblang.wasm", "--processor", "mapping", "-c", "root = this", "--seconds", "0.001"];
    let finished = workshop.plugin(&args).args(&["--content", "content.json"]).finish().well();
    for wanted in ["compiled in", "x 1000", "handed through", "processor mapping", "of it CPU in the plugin"]
    {
        assert!(finished.stdout.contains(wanted), "{wanted} is missing in {}", finished.stdout);
    }
}

#[test]
fn a_case_that_fails_shows_the_difference() {
    let workshop = scanners(
        "cases:\n  - name: it cuts at line feeds\n    scanner: lines\n    stream: \"a\\nb\\nc\"\n    output: [a, x, c, d]\n\
         \n  - name: it knows another delimiter\n    scanner: lines\n    config: {custom_delimiter: \";\"}\n    \
         stream: a;b\n    output: [a, b]\n",
    );
    let finished = workshop.plugin(&["test", "s"]).finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let expected = "\
FAIL  it cuts at line feeds  s/tests.yaml(2,5)
        message 0
          content: \"a\"
        message 1
      -   content: \"x\"
      +   content: \"b\"
        message 2
          content: \"c\"
      - message 3
      -   content: \"d\"
ok    it knows another delimiter
scanners: 1 passed, 1 failed
";
    assert_eq!(finished.stdout, expected);
    let _ = workshop.plugin(&["test", "s", "--only", "another"]).finish().well();
}

#[test]
fn limits_of_a_case_are_enforced() {
    let workshop = scanners(
        "cases:\n  - name: it needs more\n    scanner: lines\n    limits: {memory: 64KiB}\n    stream: a\n    output: [a]\n",
    );
    let finished = workshop.plugin(&["test", "s"]).finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stdout.contains("+ error: ") && finished.stdout.contains("memory"), "{finished:?}");
}

#[test]
fn cases_that_are_not_well_formed_are_named_all_at_once() {
    let workshop = scanners(
        "cases:\n  - scanner: lines\n  - name: a\n    scanner: liness\n  - name: b\n    scanner: lines\n    \
         config: {max_bufer_size: 5}\n  - name: c\n    scanner: lines\n    outputs: []\n  - name: d\n    \
         scanner: lines\n    limits: {memory: much, time: 5s}\n  - name: e\n",
    );
    let finished = workshop.plugin(&["test", "s"]).finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    for wanted in [
        "s/tests.yaml(2,5) field `name` is required",
        "s/tests.yaml(4,5) the plugin has no scanner `liness`; it has: ",
        "s/tests.yaml(7,14) field max_bufer_size not recognised",
        "s/tests.yaml(10,5) unknown field `outputs`; there are: name, scanner,",
        "s/tests.yaml(13,22) `much` is not a size such as",
        "s/tests.yaml(13,28) unknown field `time`; there are: memory, batches, output, cpu",
        "s/tests.yaml(14,5) say which component this is about",
    ] {
        assert!(finished.stderr.contains(wanted), "{wanted} is missing in {}", finished.stderr);
    }
}
