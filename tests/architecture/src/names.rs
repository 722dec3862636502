//! A crate of the host is called by its path.

use crate::Package;

/// The crates of `host/` that are called otherwise.
#[must_use]
pub fn other_than_the_path(packages: &[Package]) -> Vec<String> {
    let mut broken = Vec::new();
    for Package { name, folder, .. } in packages {
        let Some(path) = folder.strip_prefix("host/") else { continue };
        let wanted = wanted(path);
        if *name != wanted {
            broken.push(format!("{folder}/Cargo.toml names its package {name}: by its path it is {wanted}"));
        }
    }
    broken
}

/// `kafka/wire` is `forebay-kafka-wire`; what lies in `base/` needs no prefix.
fn wanted(path: &str) -> String {
    match path {
        "cli" => "forebay".to_owned(),
        "xtask" => "xtask".to_owned(),
        path => format!("forebay-{}", path.strip_prefix("base/").unwrap_or(path).replace('/', "-")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_makes_a_name() {
        assert_eq!(wanted("kafka/wire"), "forebay-kafka-wire");
        assert_eq!(wanted("base/lifecycle"), "forebay-lifecycle");
        assert_eq!(wanted("cli"), "forebay");
        assert_eq!(wanted("xtask"), "xtask");
    }

    #[test]
    fn another_name_is_refused_with_the_right_one() {
        let package = Package { name: "wire".into(), folder: "host/kafka/wire".into(), ..Package::default() };
        let broken = other_than_the_path(&[package]);
        assert!(broken[0].ends_with("by its path it is forebay-kafka-wire"), "{broken:?}");
    }
}
