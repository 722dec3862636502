//! A crate depends only on lower floors; a plugin only on the SDK, on crates of its own and on shared libraries.
//!
//! Dependencies of tests are free: a test may look at a crate from above.

use crate::Package;

/// What breaks the floors of `host/` and `sdk/`.
#[must_use]
pub fn upward_or_sideways(packages: &[Package]) -> Vec<String> {
    let mut broken = Vec::new();
    for package in packages.iter().filter(|package| is_below(package, "host") || is_below(package, "sdk")) {
        let Package { name, folder, .. } = package;
        let Some(floor) = package.floor else {
            broken.push(format!(
                "{name} has no floor: add `[package.metadata.architecture]` with `floor = N` to \
                 {folder}/Cargo.toml, one above the highest that it depends on"
            ));
            continue;
        };
        for dependency in dependencies(package, packages) {
            let other = &dependency.name;
            let is_allowed =
                is_below(dependency, "sdk") || (is_below(dependency, "host") && is_below(package, "host"));
            if !is_allowed {
                let group = folder.split('/').next().unwrap_or_default();
                broken.push(format!(
                    "{name} depends on {other} of {}/: {group}/ may not; move what it needs down, or hand it in \
                     from above",
                    dependency.folder
                ));
            } else if dependency.floor.is_some_and(|below| below >= floor) {
                broken.push(format!(
                    "{name} (floor {floor}) depends on {other} (floor {}): a crate depends only on lower floors; \
                     raise the floor of {name}, or turn the dependency round with a trait below both",
                    dependency.floor.unwrap_or_default()
                ));
            }
        }
    }
    broken
}

/// The folder below `plugins/` of what several plugins share.
const LIBRARIES: &str = "libraries";
/// A crate of a plugin that is a library too: documents are the same everywhere.
const LANGUAGE: &str = "plugins/bloblang/language";

/// What ties a plugin, or a library of plugins, to the host or to another plugin.
#[must_use]
pub fn plugins_beyond_the_sdk(packages: &[Package]) -> Vec<String> {
    let mut broken = Vec::new();
    for package in packages {
        let Some(plugin) = plugin_of(package) else { continue };
        for dependency in dependencies(package, packages) {
            let its_plugin = plugin_of(dependency);
            let is_shared = its_plugin == Some(LIBRARIES)
                || (plugin != LIBRARIES && dependency.folder.as_str() == LANGUAGE);
            if is_below(dependency, "sdk") || its_plugin == Some(plugin) || is_shared {
                continue;
            }
            broken.push(format!(
                "{} depends on {}: a plugin depends only on sdk/, on plugins/{LIBRARIES}/, {LANGUAGE} and on \
                 crates in its own plugins/{plugin}/, as a plugin of somebody else could; put what it needs there",
                package.name, dependency.name
            ));
        }
    }
    broken
}

fn dependencies<'a>(package: &'a Package, packages: &'a [Package]) -> impl Iterator<Item = &'a Package> {
    packages.iter().filter(|other| package.dependencies.contains(&other.name))
}

fn is_below(package: &Package, group: &str) -> bool {
    package.folder.split('/').next() == Some(group)
}

fn plugin_of(package: &Package) -> Option<&str> {
    package.folder.strip_prefix("plugins/")?.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(folder: &str, floor: Option<u64>, dependencies: &[&str]) -> Package {
        let dependencies = dependencies.iter().map(|name| (*name).to_owned()).collect();
        Package { name: folder.to_owned(), folder: folder.to_owned(), floor, dependencies }
    }

    #[test]
    fn a_lower_floor_is_fine() {
        let packages = [
            package("sdk/rust-columns", Some(0), &[]),
            package("host/base/lifecycle", Some(0), &[]),
            package("host/plugins/api", Some(2), &["host/base/lifecycle", "sdk/rust-columns"]),
        ];
        assert_eq!(upward_or_sideways(&packages), Vec::<String>::new());
    }

    #[test]
    fn the_same_or_a_higher_floor_is_refused() {
        let packages = [
            package("host/a", Some(2), &["host/b", "host/c"]),
            package("host/b", Some(2), &[]),
            package("host/c", Some(3), &[]),
        ];
        let broken = upward_or_sideways(&packages);
        assert_eq!(broken.len(), 2, "{broken:?}");
        assert!(broken[0].starts_with("host/a (floor 2) depends on host/b (floor 2)"), "{broken:?}");
    }

    #[test]
    fn a_crate_of_the_host_without_a_floor_is_refused() {
        let broken = upward_or_sideways(&[package("host/a", None, &[])]);
        assert!(broken[0].contains("host/a has no floor"), "{broken:?}");
    }

    #[test]
    fn neither_the_host_depends_on_plugins_nor_the_sdk_on_the_host() {
        let packages = [
            package("host/a", Some(3), &["plugins/bloblang/language"]),
            package("sdk/rust", Some(4), &["host/a"]),
            package("plugins/bloblang/language", None, &[]),
        ];
        let broken = upward_or_sideways(&packages);
        assert_eq!(broken.len(), 2, "{broken:?}");
    }

    #[test]
    fn a_plugin_depends_on_the_sdk_and_its_own_crates_only() {
        let packages = [
            package("sdk/rust", Some(1), &[]),
            package("host/base/lifecycle", Some(0), &[]),
            package("plugins/bloblang/language", None, &[]),
            package("plugins/bloblang/plugin", None, &["sdk/rust", "plugins/bloblang/language"]),
            package("plugins/queries", None, &["plugins/bloblang/language"]),
            package("plugins/file", None, &["plugins/bloblang/plugin", "host/base/lifecycle"]),
        ];
        let broken = plugins_beyond_the_sdk(&packages);
        assert_eq!(broken.len(), 2, "{broken:?}");
        assert!(broken.iter().all(|line| line.starts_with("plugins/file depends on")), "{broken:?}");
    }

    #[test]
    fn plugins_share_libraries_which_depend_on_none_of_them() {
        let packages = [
            package("sdk/rust", Some(1), &[]),
            package("plugins/libraries/csv", None, &["sdk/rust"]),
            package(
                "plugins/libraries/tables",
                None,
                &["plugins/libraries/csv", "plugins/bloblang/language"],
            ),
            package("plugins/bloblang/language", None, &["plugins/libraries/csv"]),
        ];
        let broken = plugins_beyond_the_sdk(&packages);
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert!(broken[0].starts_with("plugins/libraries/tables depends on plugins/bloblang/language"));
    }
}
