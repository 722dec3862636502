//! Where the program is, and what was built with it.

use std::path::{Path, PathBuf};

/// The program under test.
pub(crate) fn forebay() -> PathBuf {
    built(std::env::var_os("FOREBAY_BIN").map_or_else(|| target().join("release/forebay"), PathBuf::from))
}

/// The program that writes example events.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn forebay_packaging() -> PathBuf {
    built(target().join("release/forebay-packaging"))
}

/// The file of a plugin that the program has inside.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn default_plugin(name: &str) -> Vec<u8> {
    let path = built(target().join("plugins").join(format!("{name}.wasm")));
    std::fs::read(path).expect("the file is there, as was just seen")
}

/// The file of a guest of `tests/guests`.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn guest(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("FOREBAY_GUESTS").map_or_else(|| target().join("guests"), PathBuf::from);
    std::fs::read(built(folder.join(format!("{name}.wasm")))).expect("the file is there, as was just seen")
}

/// The server that speaks S3, where it is installed.
pub(crate) fn moto() -> PathBuf {
    let installed = || target().join("languages/moto/bin/moto_server");
    std::env::var_os("FOREBAY_MOTO_SERVER").map_or_else(installed, PathBuf::from)
}

/// The folder of the examples.
#[must_use]
pub fn examples() -> PathBuf {
    workspace().join("examples")
}

/// The text of an example pipeline.
///
/// # Panics
/// When there is no such example.
#[must_use]
pub fn example(name: &str) -> String {
    let path = examples().join(name).join("pipeline.yaml");
    std::fs::read_to_string(path).expect("examples are part of the repository")
}

fn built(path: PathBuf) -> PathBuf {
    assert!(
        path.is_file(),
        "there is no {}: run cargo xtask test, or cargo xtask build first",
        path.display()
    );
    path
}

fn target() -> PathBuf {
    workspace().join("target")
}

fn workspace() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("this package lies two folders below the root").to_path_buf()
}
