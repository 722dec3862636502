//! A plugin of every kind, in every language: made, built, tested, and run in a pipeline.

use forebay_tests_toolbox::Workshop;

/// Lets the plugins of one language make, change and write messages.
fn run_together(workshop: &Workshop, language: &str) {
    let folder = workshop.folder();
    for kind in ["input", "processor", "output"] {
        let name = format!("my-{language}-{kind}");
        folder.write(
            &format!("plugins/{name}.wasm"),
            std::fs::read(folder.path(&format!("{name}/{name}.wasm"))).expect("it was built just now"),
        );
    }
    let grants = format!("grants: [{{plugin: my-{language}-output, files: [{{path: ., access: write}}]}}]");
    folder.write("grants.yaml", grants);
    let pipeline = format!(
        "input: {{my_{language}_input: {{count: 1000, batch_size: 7}}}}\n\
         pipeline: {{processors: [{{my_{language}_processor: {{ending: '.'}}}}]}}\n\
         output: {{my_{language}_output: {{path: out.txt}}}}\n"
    );
    let flags = ["-pluginDir", "plugins", "-pluginGrants", "grants.yaml"];
    let _ = folder.run(&pipeline).args(&flags).finish().well();
    let mut lines: Vec<String> = folder.read("out.txt").lines().map(str::to_owned).collect();
    let mut expected: Vec<String> = (1..=1000).map(|number| format!("MESSAGE {number}.")).collect();
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected);
}

#[test]
fn rust() {
    let workshop = Workshop::default();
    for (kind, cases) in
        [("input", 4), ("processor", 5), ("output", 4), ("mapping", 4), ("scanner", 4), ("cache", 4)]
    {
        let tested = workshop.make("rust", kind);
        assert!(tested.stdout.ends_with(&format!("{cases} passed, 0 failed\n")), "{tested:?}");
    }
    run_together(&workshop, "rust");
}

/// An input, a processor and an output in this language.
fn three_kinds(language: &str) {
    let workshop = Workshop::default();
    for (kind, cases) in [("input", 4), ("processor", 5), ("output", 4)] {
        let tested = workshop.make(language, kind);
        assert!(tested.stdout.ends_with(&format!("{cases} passed, 0 failed\n")), "{tested:?}");
    }
    run_together(&workshop, language);
}

#[test]
fn python() {
    three_kinds("python");
}

#[test]
fn javascript() {
    three_kinds("js");
}

#[test]
fn c() {
    three_kinds("c");
}

#[test]
fn go() {
    three_kinds("go");
}
