//! The SDKs, the WIT and the examples, as parts of the program.

include!(concat!(env!("OUT_DIR"), "/archive.rs"));

/// The files below a folder, with their paths in it.
pub(crate) fn below(folder: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    FILES.iter().filter_map(move |(path, content)| {
        let path = path.strip_prefix(folder)?.strip_prefix('/')?;
        Some((path, *content))
    })
}

/// One file.
pub(crate) fn file(wanted: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(path, _)| *path == wanted).map(|(_, content)| *content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_and_the_contract_are_carried() {
        assert!(file("sdk/rust/src/lib.rs").is_some() && file("wit/plugin/batches.wit").is_some());
        assert!(below("sdk/rust-macros").any(|(path, _)| path == "Cargo.toml"));
    }

    #[test]
    fn the_workspace_of_the_sdk_has_what_its_crates_inherit_and_no_more() {
        let manifest = String::from_utf8_lossy(file("Cargo.toml").unwrap()).into_owned();
        for wanted in
            ["[workspace.package]", "[workspace.lints.clippy]", "\nserde_json = ", "\nforebay-columns = "]
        {
            assert!(manifest.contains(wanted), "{wanted} is missing in {manifest}");
        }
        for other in ["wasmtime", "host/", "[profile"] {
            assert!(!manifest.contains(other), "{other} is in {manifest}");
        }
    }

    #[test]
    fn the_lock_file_has_what_the_sdk_needs() {
        let lock = String::from_utf8_lossy(file("Cargo.lock").unwrap()).into_owned();
        for wanted in ["syn", "wit-bindgen", "serde_json", "unicode-ident"] {
            assert!(lock.contains(&format!("name = \"{wanted}\"")), "{wanted} is missing");
        }
        assert!(!lock.contains("name = \"wasmtime\"") && !lock.contains("forebay"), "{lock}");
    }
}
