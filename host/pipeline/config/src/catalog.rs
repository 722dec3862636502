//! All the components that configurations may name.
//!
//! Invariant: a name stands for one component of its kind. A description whose names are taken changes nothing.

use std::collections::BTreeMap;

use crate::spec::{ComponentName, ComponentSpec, Description, Kind, PluginName};
use crate::suggest;

/// The components of all plugins that were inserted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    kinds: BTreeMap<Kind, BTreeMap<ComponentName, Entry>>,
}

/// A component and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub plugin: PluginName,
    pub spec: ComponentSpec,
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
        for spec in description.components() {
            if let Some(entry) = self.get(spec.kind, spec.name.as_str()) {
                return Err(NameTaken { kind: spec.kind, name: spec.name.clone(), by: entry.plugin.clone() });
            }
        }
        let (plugin, components) = description.into_parts();
        for spec in components {
            let entry = Entry { plugin: plugin.name.clone(), spec };
            self.kinds.entry(entry.spec.kind).or_default().insert(entry.spec.name.clone(), entry);
        }
        Ok(())
    }

    pub fn get(&self, kind: Kind, name: &str) -> Option<&Entry> {
        self.kinds.get(&kind)?.get(name)
    }

    /// The component that was probably meant by a name that is not there.
    pub fn nearest(&self, kind: Kind, name: &str) -> Option<&str> {
        suggest::nearest(name, self.kinds.get(&kind)?.keys().map(ComponentName::as_str))
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
    fn a_taken_name_leaves_the_catalog_as_it_was() {
        let mut catalog = Catalog::new();
        catalog.insert(description("one", &[("input", "file")])).unwrap();
        let before = catalog.clone();
        let error = catalog.insert(description("two", &[("input", "new"), ("input", "file")])).unwrap_err();
        assert_eq!(error.to_string(), "the plugin one already has a component input file");
        assert_eq!(catalog, before);
    }
}
