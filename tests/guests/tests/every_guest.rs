//! No guest is without a test.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use std::fs;
use std::path::Path;

use forebay_tests_guests::guest;

/// The guests: folders beside this one that are packages.
fn guests() -> Vec<String> {
    let folders = fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap().map(|entry| entry.unwrap().path());
    let packages = folders.filter(|folder| folder.join("Cargo.toml").exists());
    packages.map(|folder| folder.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_guest_is_named_in_a_test() {
    let tests: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let guests = guests();
    assert!(guests.len() >= 5, "{guests:?}");
    for guest in guests {
        let loads = format!("\"{guest}\"");
        assert!(tests.iter().any(|text| text.contains(&loads)), "no test here loads the guest {guest}");
    }
}

#[test]
fn every_guest_is_built() {
    for name in guests() {
        assert!(!guest(&name).bytes.is_empty());
    }
}
