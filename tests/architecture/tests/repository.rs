//! The rules, held against this repository.

use forebay_tests_architecture::sources::Source;
use forebay_tests_architecture::{Workspace, floors, names, sources};

fn workspace() -> Workspace {
    Workspace::open().expect("cargo reads every manifest")
}

fn all_sources() -> Vec<Source> {
    let sources = sources::all(&workspace().root).expect("every folder can be read");
    assert!(sources.len() > 20, "only {} source files were found", sources.len());
    sources
}

#[track_caller]
fn demand_none(broken: &[String]) {
    assert!(broken.is_empty(), "\n\n{}\n", broken.join("\n"));
}

#[test]
fn crates_depend_only_on_lower_floors() {
    demand_none(&floors::upward_or_sideways(&workspace().packages));
}

#[test]
fn plugins_depend_only_on_the_sdk_libraries_and_their_own_crates() {
    demand_none(&floors::plugins_beyond_the_sdk(&workspace().packages));
}

#[test]
fn crates_of_the_host_are_called_by_their_path() {
    demand_none(&names::other_than_the_path(&workspace().packages));
}

#[test]
fn no_file_is_called_mod() {
    demand_none(&sources::called_mod(&all_sources()));
}

#[test]
fn no_source_file_is_too_long() {
    demand_none(&sources::too_long(&all_sources()));
}

#[test]
fn only_the_lifecycle_starts_tasks() {
    demand_none(&sources::starting_tasks(&all_sources()));
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    demand_none(&sources::without_lints(&all_sources()));
}
