//! A cache of caches: each level is asked only for what those before it don't have.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_config::ComponentConfig;
use forebay_pipeline_config::spec::{ComponentSpec, Example, FieldKind, FieldSpec, FieldType, Kind, Status};
use forebay_plugins_api::{Cache, CacheError, Caches, ComponentError, OpenError, Setup};
use serde_json::Value as Json;

use crate::structure::problem;

pub(crate) const NAME: &str = "multilevel";

pub(crate) fn specification() -> ComponentSpec {
    let levels = FieldSpec::new("", FieldType::String)
        .of_kind(FieldKind::Array)
        .label_of("cache")
        .with_docs("The labels of at least two caches, the one that is asked first at the beginning.");
    let example = Example {
        title: "In memory what is asked for often".to_owned(),
        summary: "Both levels are caches of the same list, with the labels `near` and `far`.".to_owned(),
        config: "multilevel: [near, far]\n".to_owned(),
    };
    let description = "What is found on a level is also stored on those before it, for as long as each of them keeps \
                       what comes without a time. What is set or deleted, is so on all levels. A key is added when no \
                       level has it: first to the last level, which decides when several add it at once.";
    ComponentSpec {
        kind: Kind::Cache,
        name: NAME.parse().expect("a name"),
        status: Status::Stable,
        summary: "Uses other caches as levels, the fast ones before the slow ones.".to_owned(),
        description: description.to_owned(),
        rereads: false,
        responds: false,
        lanes: Vec::new(),
        incremental: false,
        pieces: false,
        streams: false,
        config: levels,
        examples: vec![example],
        functions: Vec::new(),
        methods: Vec::new(),
    }
}

/// The labels in the settings of such a cache.
fn levels(config: &Json) -> impl Iterator<Item = &str> {
    config.as_array().into_iter().flatten().filter_map(Json::as_str)
}

/// Finds caches of caches that hold themselves.
pub(crate) struct Circles<'c> {
    levels: HashMap<&'c str, Vec<&'c str>>,
    /// Those that are known to hold no circle, or one that was told already.
    known: HashSet<&'c str>,
}

impl<'c> Circles<'c> {
    pub(crate) fn among(configs: &'c [ComponentConfig]) -> Self {
        let own = configs.iter().filter(|config| config.name.as_str() == NAME);
        let labelled =
            own.filter_map(|config| Some((config.label.as_ref()?.as_str(), levels(&config.config))));
        Self::new(labelled.map(|(label, levels)| (label, levels.collect())))
    }

    fn new(levels: impl IntoIterator<Item = (&'c str, Vec<&'c str>)>) -> Self {
        Self { levels: levels.into_iter().collect(), known: HashSet::new() }
    }

    /// The way from the cache with this label back to a cache on it, if there is such a way. Each is told once.
    pub(crate) fn through(&mut self, label: &'c str) -> Option<String> {
        let mut way: Vec<(&str, usize)> = Vec::new();
        let mut on_way = HashSet::new();
        let mut next = Some(label);
        loop {
            if let Some(label) = next.take().filter(|label| !self.known.contains(label)) {
                if !on_way.insert(label) {
                    let start = way.iter().position(|(on, _)| *on == label).unwrap_or_default();
                    let circle: Vec<&str> = way[start..].iter().map(|(on, _)| *on).chain([label]).collect();
                    self.known.extend(on_way);
                    return Some(circle.join(" -> "));
                }
                way.push((label, 0));
            }
            let (label, done) = way.last_mut()?;
            next = self.levels.get(label).and_then(|levels| levels.get(*done)).copied();
            *done += 1;
            if next.is_none() {
                let label = *label;
                self.known.insert(label);
                on_way.remove(label);
                way.pop();
            }
        }
    }
}

struct Multilevel {
    path: String,
    caches: Caches,
    levels: Vec<String>,
}

/// Opens such a cache; its levels need not be open yet.
///
/// # Errors
/// There are not enough levels, or one that is not there.
pub(crate) fn open(setup: &Setup) -> Result<Box<dyn Cache>, OpenError> {
    let levels: Vec<String> = levels(&setup.config).map(str::to_owned).collect();
    if levels.len() < 2 {
        return Err(problem("", &format!("expected at least two cache levels, found {}", levels.len())));
    }
    for (index, level) in levels.iter().enumerate() {
        setup.caches.check(level).map_err(|error| problem(&format!("/{index}"), &error.to_string()))?;
    }
    Ok(Box::new(Multilevel { path: setup.path.clone(), caches: setup.caches.clone(), levels }))
}

/// What a level says, as an error of the whole.
fn of_level(level: &str) -> impl Fn(CacheError) -> ComponentError {
    move |error| {
        ComponentError::Failed(match error {
            CacheError::Failed { reason, .. } => reason,
            error => format!("unable to access cache '{level}': {error}"),
        })
    }
}

#[async_trait]
impl Cache for Multilevel {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        Ok(())
    }

    async fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, ComponentError> {
        let Self { path, caches, levels } = self;
        for (index, level) in levels.iter().enumerate() {
            let Some(value) = caches.get(level, key).await.map_err(of_level(level))? else { continue };
            for before in &levels[..index] {
                if let Err(error) = caches.set(before, key, value.clone(), None).await {
                    tracing::error!(path, level = before, %error, "what was found on a later level is not kept");
                }
            }
            return Ok(Some(value));
        }
        Ok(None)
    }

    async fn set(&mut self, key: &str, value: &[u8], after: Option<Duration>) -> Result<(), ComponentError> {
        for level in &self.levels {
            self.caches.set(level, key, value.to_vec(), after).await.map_err(of_level(level))?;
        }
        Ok(())
    }

    async fn add(
        &mut self,
        key: &str,
        value: &[u8],
        after: Option<Duration>,
    ) -> Result<bool, ComponentError> {
        let Some((last, before)) = self.levels.split_last() else { return Ok(false) };
        for level in before {
            if self.caches.get(level, key).await.map_err(of_level(level))?.is_some() {
                return Ok(false);
            }
        }
        for level in [last].into_iter().chain(before.iter().rev()) {
            if !self.caches.add(level, key, value.to_vec(), after).await.map_err(of_level(level))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn delete(&mut self, key: &str) -> Result<(), ComponentError> {
        for level in &self.levels {
            self.caches.delete(level, key).await.map_err(of_level(level))?;
        }
        Ok(())
    }

    async fn close(&mut self) {}
}

#[cfg(test)]
mod tests;
