//! The order of branches: tiers, one after the other. Branches of a tier run at once.

use std::collections::{BTreeMap, BTreeSet};

use forebay_plugins_api::{Target, Targets};

/// Whether tiers hold each of these branches once and nothing else.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn check<'n>(
    tiers: &[Vec<String>],
    branches: impl Iterator<Item = &'n str>,
) -> Result<(), String> {
    let mut missing: BTreeSet<&str> = branches.collect();
    let known = missing.clone();
    let unknown = tiers.iter().flatten().find(|name| !known.contains(name.as_str()));
    if let Some(name) = unknown {
        return Err(format!("processor resource '{name}' was not found"));
    }
    for (index, tier) in tiers.iter().enumerate() {
        if tier.is_empty() {
            return Err(format!("explicit order tier '{index}' was empty"));
        }
        for name in tier {
            if !missing.remove(name.as_str()) {
                return Err(format!("branch specified in order listed multiple times: {name}"));
            }
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("the following branches were missing from order: {}", listed(missing)))
}

/// The tiers of branches by what their request mappings read and their result mappings write: a branch comes after all
/// that write what it reads.
///
/// # Errors
/// Some depend on each other in a circle.
pub(crate) fn resolve(branches: &BTreeMap<String, Targets>) -> Result<Vec<Vec<String>>, String> {
    let depends = |name: &str, reads: &[Target], on: &str| {
        name != on
            && branches[on].writes.iter().any(|written| reads.iter().any(|read| is_within(read, written)))
    };
    let mut waiting: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, Targets { reads, .. }) in branches {
        let on = branches.keys().map(String::as_str).filter(|on| depends(name, reads, on)).collect();
        waiting.insert(name, on);
    }
    let mut tiers = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().filter(|(_, on)| on.is_empty()).map(|(name, _)| *name);
        let ready: Vec<&str> = ready.collect();
        if ready.is_empty() {
            return Err(format!(
                "failed to automatically resolve DAG, circular dependencies detected for branches: {}",
                listed(branches.keys().map(String::as_str))
            ));
        }
        waiting.retain(|name, _| !ready.contains(name));
        waiting.values_mut().for_each(|on| on.retain(|name| !ready.contains(name)));
        tiers.push(ready.into_iter().map(str::to_owned).collect());
    }
    Ok(tiers)
}

fn is_within(read: &Target, written: &Target) -> bool {
    match (read, written) {
        (Target::Document(read), Target::Document(written))
        | (Target::Metadata(read), Target::Metadata(written)) => read.starts_with(written),
        (Target::Document(_), Target::Metadata(_)) | (Target::Metadata(_), Target::Document(_)) => false,
    }
}

/// Names as Bento lists them.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    format!("[{}]", names.into_iter().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Paths<'p> = &'p [&'p [&'p str]];

    fn document(path: &[&str]) -> Target {
        Target::Document(path.iter().map(ToString::to_string).collect())
    }

    fn branches(all: &[(&str, Paths<'_>, Paths<'_>)]) -> BTreeMap<String, Targets> {
        let places = |paths: Paths<'_>| paths.iter().map(|path| document(path)).collect();
        let branch = |(name, reads, writes): &(&str, Paths<'_>, Paths<'_>)| {
            ((*name).to_owned(), Targets { reads: places(reads), writes: places(writes) })
        };
        all.iter().map(branch).collect()
    }

    fn tiers(names: &[&[&str]]) -> Vec<Vec<String>> {
        names.iter().map(|tier| tier.iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn branches_come_after_what_they_read() {
        let all = branches(&[
            ("a", &[&["bar", "baz"], &[]], &[&["foo"]]),
            ("b", &[&["raw"]], &[&["bar"]]),
            ("c", &[&["foo", "x"]], &[&["foo", "y"]]),
            ("d", &[&["other"]], &[]),
        ]);
        assert_eq!(resolve(&all), Ok(tiers(&[&["b", "d"], &["a"], &["c"]])));
    }

    #[test]
    fn metadata_and_documents_are_apart() {
        let mut all = branches(&[("a", &[&["x"]], &[]), ("b", &[], &[])]);
        all.entry("b".to_owned()).or_default().writes.push(Target::Metadata(vec!["x".to_owned()]));
        assert_eq!(resolve(&all), Ok(tiers(&[&["a", "b"]])));
    }

    #[test]
    fn a_circle_is_refused() {
        let all = branches(&[("a", &[&["y"]], &[&["x"]]), ("b", &[&["x"]], &[&["y"]])]);
        let error = resolve(&all).expect_err("a circle");
        assert!(error.ends_with("circular dependencies detected for branches: [a b]"), "{error}");
    }

    #[test]
    fn an_order_names_each_branch_once() {
        let checked = |names: &[&[&str]]| check(&tiers(names), ["a", "b"].into_iter());
        assert_eq!(checked(&[&["a"], &["b"]]), Ok(()));
        for (names, expected) in [
            (&[&["a", "c"][..]][..], "processor resource 'c' was not found"),
            (&[&["a"], &[], &["b"]], "explicit order tier '1' was empty"),
            (&[&["a"], &["b", "a"]], "branch specified in order listed multiple times: a"),
            (&[&["b"]], "the following branches were missing from order: [a]"),
        ] {
            assert_eq!(checked(names), Err(expected.to_owned()));
        }
    }
}
