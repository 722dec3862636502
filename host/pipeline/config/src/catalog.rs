//! All the components that configurations may name.
//!
//! Invariant: a name stands for one component of its kind, unless it comes with the digest of an older build.
//! A description whose names are taken changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::build::{Digest, Pin};
use crate::spec::{Callable, ComponentName, ComponentSpec, Description, Kind, PluginName, Status};
use crate::suggest;
use crate::template::{Expand, Expansion, PLUGIN as TEMPLATES};

/// The components of all plugins that were inserted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    kinds: BTreeMap<Kind, BTreeMap<ComponentName, Entry>>,
    /// Components of builds that newer ones have replaced, which only a pin finds.
    older: Vec<Entry>,
}

/// A component and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub plugin: PluginName,
    pub spec: ComponentSpec,
    /// The build it is of, where that is known.
    pub digest: Option<Digest>,
    /// What makes another component of it, where it is a template.
    pub(crate) template: Option<Expansion>,
}

/// A pin that names no build, or not one alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub struct NoBuild {
    kind: Kind,
    name: String,
    pin: Pin,
    known: Vec<Digest>,
}

impl NoBuild {
    /// That none, or several, of these builds begin with the digits of a pin.
    #[must_use]
    pub fn new(kind: Kind, name: &str, pin: &Pin, known: Vec<Digest>) -> Self {
        Self { kind, name: name.to_owned(), pin: pin.clone(), known }
    }

    fn message(&self) -> String {
        let Self { kind, name, pin, known } = self;
        let list =
            |digests: Vec<&Digest>| digests.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let matching: Vec<_> = known.iter().filter(|digest| pin.matches(digest)).collect();
        if matching.len() > 1 {
            return format!(
                "{pin} stands for several builds of {kind} `{name}`, give more digits: {}",
                list(matching)
            );
        }
        let there = if known.is_empty() {
            "none whose digest is known".to_owned()
        } else {
            list(known.iter().collect())
        };
        format!("no build {pin} of {kind} `{name}` is loaded, there is {there}")
    }
}

/// Two plugins have a component of the same name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plugin {by} already has a component {kind} {name}")]
pub struct NameTaken {
    pub kind: Kind,
    pub name: ComponentName,
    pub by: PluginName,
}

impl Catalog {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the components of a plugin: all of them or, if one name is taken, none.
    ///
    /// # Errors
    /// The first name that is taken.
    pub fn insert(&mut self, description: Description) -> Result<(), NameTaken> {
        self.insert_build(description, None)
    }

    /// The same for a build whose digest is known.
    ///
    /// # Errors
    /// As [`Catalog::insert`].
    pub fn insert_build(
        &mut self,
        description: Description,
        digest: Option<&Digest>,
    ) -> Result<(), NameTaken> {
        for spec in description.components() {
            if let Some(entry) = self.get(spec.kind, spec.name.as_str()) {
                return Err(NameTaken { kind: spec.kind, name: spec.name.clone(), by: entry.plugin.clone() });
            }
        }
        let (plugin, components) = description.into_parts();
        for spec in components {
            let entry = Entry { plugin: plugin.name.clone(), spec, digest: digest.cloned(), template: None };
            self.kinds.entry(entry.spec.kind).or_default().insert(entry.spec.name.clone(), entry);
        }
        Ok(())
    }

    /// Adds a template, which `expand` makes other components of.
    ///
    /// # Errors
    /// Its name is taken.
    pub fn insert_template(&mut self, spec: ComponentSpec, expand: Arc<dyn Expand>) -> Result<(), NameTaken> {
        if let Some(entry) = self.get(spec.kind, spec.name.as_str()) {
            return Err(NameTaken { kind: spec.kind, name: spec.name, by: entry.plugin.clone() });
        }
        let plugin = TEMPLATES.parse().expect("a name");
        let entry = Entry { plugin, spec, digest: None, template: Some(Expansion(expand)) };
        self.kinds.entry(entry.spec.kind).or_default().insert(entry.spec.name.clone(), entry);
        Ok(())
    }

    pub fn get(&self, kind: Kind, name: &str) -> Option<&Entry> {
        self.kinds.get(&kind)?.get(name)
    }

    /// Adds the components of a build that a newer one has replaced: only a pin finds them.
    pub fn insert_older(&mut self, description: Description, digest: &Digest) {
        let (plugin, components) = description.into_parts();
        let entry =
            |spec| Entry { plugin: plugin.name.clone(), spec, digest: Some(digest.clone()), template: None };
        self.older.extend(components.into_iter().map(entry));
    }

    /// Whether there is a component of this name, in whatever build.
    pub fn knows(&self, kind: Kind, name: &str) -> bool {
        self.builds(kind, name).next().is_some()
    }

    /// A component as one build has it.
    ///
    /// # Errors
    /// When no build matches, or several do.
    pub fn pinned(&self, kind: Kind, name: &str, pin: &Pin) -> Result<&Entry, NoBuild> {
        let matches = |entry: &&Entry| entry.digest.as_ref().is_some_and(|digest| pin.matches(digest));
        let mut matching = self.builds(kind, name).filter(matches);
        match (matching.next(), matching.next()) {
            (Some(entry), None) => Ok(entry),
            _ => {
                let known = self.builds(kind, name).filter_map(|entry| entry.digest.clone()).collect();
                Err(NoBuild::new(kind, name, pin, known))
            }
        }
    }

    /// A component in all its builds, the one that unpinned names stand for first.
    fn builds<'a, 'n>(&'a self, kind: Kind, name: &'n str) -> impl Iterator<Item = &'a Entry> + use<'a, 'n> {
        let older = self
            .older
            .iter()
            .filter(move |entry| entry.spec.kind == kind && entry.spec.name.as_str() == name);
        self.get(kind, name).into_iter().chain(older)
    }

    /// The component that was probably meant by a name that is not there.
    pub fn nearest(&self, kind: Kind, name: &str) -> Option<&str> {
        suggest::nearest(name, self.kinds.get(&kind)?.keys().map(ComponentName::as_str))
    }

    /// What has this status: components, and of languages those of their functions and methods that have it.
    #[must_use]
    pub fn of_status(&self, status: Status) -> Self {
        let mut reduced = self.clone();
        reduced.older.clear();
        let has = |callable: &Callable| callable.status == status.as_str();
        for entries in reduced.kinds.values_mut() {
            for entry in entries.values_mut() {
                entry.spec.functions.retain(has);
                entry.spec.methods.retain(has);
            }
            entries.retain(|_, entry| {
                let calls = entry.spec.functions.len() + entry.spec.methods.len();
                entry.spec.status == status || calls > 0
            });
        }
        reduced
    }

    /// Every component, sorted by kind and name.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.kinds.values().flat_map(BTreeMap::values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(plugin: &str, components: &[(&str, &str)]) -> Description {
        let components: Vec<_> =
            components.iter().map(|(kind, name)| serde_json::json!({"kind": kind, "name": name})).collect();
        let json = serde_json::json!({"contract": 1, "plugin": {"name": plugin}, "components": components});
        Description::from_json(&json.to_string()).unwrap()
    }

    #[test]
    fn components_are_found_by_kind_and_name_and_listed_in_order() {
        let mut catalog = Catalog::new();
        catalog
            .insert(description("files", &[("output", "file"), ("input", "stdin"), ("input", "file")]))
            .unwrap();
        assert_eq!(catalog.get(Kind::Input, "file").unwrap().plugin.as_str(), "files");
        assert!(catalog.get(Kind::Output, "stdin").is_none());
        assert_eq!(catalog.nearest(Kind::Input, "stdni"), Some("stdin"));
        assert_eq!(catalog.nearest(Kind::Cache, "stdni"), None);
        let names: Vec<_> =
            catalog.iter().map(|entry| format!("{} {}", entry.spec.kind, entry.spec.name)).collect();
        assert_eq!(names, ["input file", "input stdin", "output file"]);
    }

    #[test]
    fn a_pin_finds_older_builds_and_says_which_there_are() {
        let mut catalog = Catalog::new();
        let (new, old) = (Digest::stated("aabbccddeeff00"), Digest::stated("aabbccddeeff11"));
        catalog.insert_build(description("one", &[("input", "kept")]), Some(&new)).unwrap();
        catalog.insert_older(description("one", &[("input", "kept"), ("input", "lost")]), &old);
        let digest = |name: &str, pin: &str| {
            catalog
                .pinned(Kind::Input, name, &pin.parse().unwrap())
                .map(|entry| entry.digest.clone().unwrap())
        };
        assert_eq!(digest("kept", "sha256:aabbccddeeff00"), Ok(new.clone()));
        assert_eq!(digest("lost", "sha256:aabbccddeeff"), Ok(old));
        assert_eq!(
            digest("kept", "sha256:aabbccddeeff").unwrap_err().to_string(),
            "sha256:aabbccddeeff stands for several builds of input `kept`, give more digits: sha256:aabbccddeeff00, \
             sha256:aabbccddeeff11"
        );
        assert_eq!(
            digest("lost", "sha256:000000000000").unwrap_err().to_string(),
            "no build sha256:000000000000 of input `lost` is loaded, there is sha256:aabbccddeeff11"
        );
        assert!(catalog.get(Kind::Input, "lost").is_none() && catalog.knows(Kind::Input, "lost"));
    }

    #[test]
    fn a_taken_name_leaves_the_catalog_as_it_was() {
        let mut catalog = Catalog::new();
        catalog.insert(description("one", &[("input", "file")])).unwrap();
        let before = catalog.clone();
        let error = catalog.insert(description("two", &[("input", "new"), ("input", "file")])).unwrap_err();
        assert_eq!(error.to_string(), "the plugin one already has a component input file");
        assert_eq!(catalog, before);
    }
}
