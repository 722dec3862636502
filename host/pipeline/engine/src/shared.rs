//! Caches and rate limits that all pipelines of a process use, and that may be replaced while they do.
//!
//! Each has a place of its own by its label, which those who use it hold. What is in a place changes between two calls:
//! the one before goes when nobody is in the middle of a call of it.

mod place;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay_lifecycle::Threads;
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_config::{ComponentConfig, Label, Problem};
use forebay_plugins_api::{Caches, Components, RateLimit, RateLimits, Resources, Setup, SharedCache};

use crate::caches::RunningCaches;
use crate::caches::multilevel::Circles;
use crate::run::{Identity, setup};
use crate::structure::problem;
use crate::{check, rate_limits};
use place::{CachePlace, LimitPlace};

/// The caches and rate limits of a process.
pub struct SharedResources {
    identity: Identity,
    components: Arc<dyn Components>,
    threads: Arc<Threads>,
    places: Mutex<Places>,
    /// Held by whoever replaces one: two at once could make caches that are levels of each other.
    replacing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Places {
    caches: BTreeMap<Label, (ComponentConfig, Arc<CachePlace>)>,
    limits: BTreeMap<Label, Arc<LimitPlace>>,
}

impl SharedResources {
    /// None yet. `identity` says for whom they work.
    #[must_use]
    pub fn new(identity: Identity, components: Arc<dyn Components>, threads: Arc<Threads>) -> Self {
        Self {
            identity,
            components,
            threads,
            places: Mutex::default(),
            replacing: tokio::sync::Mutex::default(),
        }
    }

    /// Opens the caches and rate limits of a configuration, in place of those with the same labels.
    ///
    /// # Errors
    /// What can't be opened; the others are there then.
    pub async fn open(&self, configs: &[ComponentConfig]) -> Result<(), Vec<Problem>> {
        let _replacing = self.replacing.lock().await;
        let mut problems = Vec::new();
        let caches: Vec<_> = configs.iter().filter(|config| config.kind == Kind::Cache).collect();
        let known: Vec<ComponentConfig> = {
            let places = self.places();
            let stays = |config: &&ComponentConfig| caches.iter().all(|new| new.label != config.label);
            let before = places.caches.values().map(|(config, _)| config).filter(stays).cloned();
            before.chain(caches.iter().copied().cloned()).collect()
        };
        let mut circles = Circles::among(&known);
        let mut planned = Vec::new();
        for config in &known {
            let Some(label) = &config.label else { continue };
            if let Some(way) = circles.through(label.as_str()) {
                let error = problem("", &format!("a cache is one of its own levels: {way}"));
                problems.extend(check::problems(&self.identity.file, config, "", &error));
            } else if let Some(config) = caches.iter().find(|cache| cache.label.as_ref() == Some(label)) {
                // First all places: a cache may use those that come after it.
                let place = (*config, label, self.cache_place(config, label));
                planned.push(place);
            }
        }
        for (config, label, place) in planned {
            match self.open_cache(config, label).await {
                Ok(running) => {
                    place.replace(running).await;
                    if let Some((known, _)) = self.places().caches.get_mut(label) {
                        known.clone_from(config);
                    }
                }
                Err(faults) => problems.extend(faults),
            }
        }
        for config in configs.iter().filter(|config| config.kind == Kind::RateLimit) {
            problems.extend(self.open_limit(config));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// Closes them all; each may take so long.
    pub async fn close(&self, limit: Duration) {
        let caches: Vec<_> = self.places().caches.values().map(|(_, place)| Arc::clone(place)).collect();
        for cache in caches {
            cache.close(limit).await;
        }
    }

    pub(crate) fn caches(&self) -> Caches {
        let places = self.places();
        Caches::new(places.caches.iter().map(|(label, (_, place))| {
            let place: Arc<dyn SharedCache> = Arc::<CachePlace>::clone(place);
            (label.clone(), place)
        }))
    }

    pub(crate) fn rate_limits(&self) -> RateLimits {
        let places = self.places();
        RateLimits::new(places.limits.iter().map(|(label, place)| {
            let place: Arc<dyn RateLimit> = Arc::<LimitPlace>::clone(place);
            (label.clone(), place)
        }))
    }

    fn cache_place(&self, config: &ComponentConfig, label: &Label) -> Arc<CachePlace> {
        let mut places = self.places();
        let new = || (config.clone(), Arc::new(CachePlace::new(label)));
        Arc::clone(&places.caches.entry(label.clone()).or_insert_with(new).1)
    }

    async fn open_cache(
        &self,
        config: &ComponentConfig,
        label: &Label,
    ) -> Result<RunningCaches, Vec<Problem>> {
        let mut problems = Vec::new();
        let all = self.caches();
        let running = RunningCaches::open(
            &self.identity.file,
            std::slice::from_ref(config),
            &self.components,
            |config, _| self.setup(config, all.used_by(label)),
            (&self.threads, 0),
            &mut problems,
        );
        let running = running.await;
        if problems.is_empty() { Ok(running) } else { Err(problems) }
    }

    fn open_limit(&self, config: &ComponentConfig) -> Vec<Problem> {
        let Some(label) = &config.label else { return Vec::new() };
        let mut problems = Vec::new();
        let one = std::slice::from_ref(config);
        let opened = rate_limits::open(&self.identity, one, &self.components.metrics(), &mut problems);
        if problems.is_empty() {
            let mut places = self.places();
            let new = || Arc::new(LimitPlace::new(label));
            places.limits.entry(label.clone()).or_insert_with(new).replace(opened);
        }
        problems
    }

    fn setup(&self, config: &ComponentConfig, caches: Caches) -> Setup {
        let (limits, resources) = (self.rate_limits(), Resources::default());
        setup(&self.identity, config, &Arc::default(), caches, limits, resources)
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SharedResources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.places();
        f.debug_struct("SharedResources")
            .field("caches", &places.caches.keys())
            .field("rate_limits", &places.limits.keys())
            .finish_non_exhaustive()
    }
}
