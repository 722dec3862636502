//! The cases under `cases/`, which are in Bento's own format and also hold for Bento.

use std::path::Path;

use forebay_tests_pipelines::Folder;

/// Copies the case files of a folder, so that nothing is written beside them, and tests them all.
fn holds(cases: &str) {
    let folder = Folder::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(cases);
    let mut names: Vec<String> = Vec::new();
    for file in std::fs::read_dir(&from).expect("cases are part of the repository") {
        let name = file.expect("a file of the folder").file_name().to_string_lossy().into_owned();
        folder.write(&name, std::fs::read(from.join(&name)).expect("a file of the folder"));
        names.push(name);
    }
    names.sort();
    let files = names.iter().filter(|name| name.ends_with(".yaml")).map(String::as_str);
    let arguments: Vec<&str> = ["test"].into_iter().chain(files).collect();
    assert!(arguments.len() > 1, "no cases in {cases}");
    let finished = folder.forebay(&arguments).finish();
    assert_eq!(finished.code, Some(0), "{}\n{}", finished.stdout, finished.stderr);
}

#[test]
fn processors_of_the_host() {
    holds("processors");
}

#[test]
fn caches() {
    holds("caches");
}
