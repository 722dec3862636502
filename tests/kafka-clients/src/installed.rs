use std::path::{Path, PathBuf};

/// What `cargo xtask setup` or `cargo xtask interop` has put below `target/languages`.
///
/// # Panics
/// Never: this package lies two folders below the root.
#[must_use]
pub fn installed(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("this package lies two folders below the root").join("target/languages").join(name)
}

/// A script of a client.
#[must_use]
pub fn scripts(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name)
}
