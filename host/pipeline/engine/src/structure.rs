//! Components of the host's own: those that contain others, route messages or share state between instances.
//!
//! [`Structured`] has them beside what plugins provide, so that the engine opens and uses all alike. A component here is
//! one file under `structure/`, with its specification and what opens it.
//!
//! Messages of a batch that is `independent` are a batch of their own each, here as everywhere.

mod branch;
mod changes;
pub(crate) mod check;
pub(crate) mod duration;
pub(crate) mod opening;
pub(crate) mod order;
pub(crate) mod pauses;
mod pool;
mod processors;
pub(crate) mod row;
#[cfg(test)]
mod scripted;
pub(crate) mod store;
pub(crate) mod text;
#[cfg(test)]
mod trial;
mod workflow;

use std::sync::Arc;

use async_trait::async_trait;
use forebay_metrics::Metrics;
use forebay_pipeline_config::spec::{ComponentSpec, Description, Plugin};
use forebay_pipeline_config::{Catalog, ComponentConfig};
use forebay_plugins_api::{
    Cache, Components, IncrementalProcessor, Input, Mapping, MappingText, OpenError, Output, Processor,
    Scanner, Setup,
};
use forebay_traces::Tracer;

use crate::caches::multilevel;
use crate::chain::OWN;
use crate::{buffers, inputs, outputs, rate_limits};
pub use check::verdict;
pub(crate) use opening::{Opening, problem};

/// Components of plugins, and those of the host itself.
#[derive(Clone)]
pub struct Structured {
    plugins: Arc<dyn Components>,
    metrics: Arc<Metrics>,
    tracer: Tracer,
}

impl Structured {
    /// Adds the host's own components. The catalog of `plugins` has to hold [`description`] already.
    pub fn new(plugins: Arc<dyn Components>) -> Self {
        let (metrics, tracer) = (plugins.metrics(), plugins.tracer());
        Self { plugins, metrics, tracer }
    }

    /// The same for one of several pipelines in a process: what the engine measures has this label, which says which.
    #[must_use]
    pub fn with_label(self, name: &str, value: &str) -> Self {
        Self { metrics: Arc::new(self.metrics.with_label(name, value)), ..self }
    }

    /// The same, with spans made of messages.
    #[must_use]
    pub fn with_tracer(self, tracer: Tracer) -> Self {
        Self { tracer, ..self }
    }

    /// What the build that a configuration stands for says of it.
    pub(crate) fn spec_of(&self, config: &ComponentConfig) -> Option<ComponentSpec> {
        let catalog = self.plugins.catalog();
        let entry = match &config.pin {
            None => catalog.get(config.kind, config.name.as_str()),
            Some(pin) => catalog.pinned(config.kind, config.name.as_str(), pin).ok(),
        };
        entry.map(|entry| entry.spec.clone())
    }
}

/// What there is to know of the host's own components.
#[must_use]
pub fn description() -> Description {
    let plugin = Plugin {
        name: OWN.parse().expect("a name"),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        summary: "Components of the host itself.".to_owned(),
    };
    let processors = processors::ALL.iter().map(|processor| (processor.spec)());
    let inputs = inputs::ALL.iter().map(|input| (input.spec)());
    let outputs = outputs::ALL.iter().map(|output| (output.spec)());
    let buffers = buffers::ALL.iter().map(|buffer| (buffer.spec)());
    let rate_limits = rate_limits::ALL.iter().map(|limit| (limit.spec)());
    let caches = [multilevel::specification()];
    let specs = processors.chain(inputs).chain(buffers).chain(outputs).chain(rate_limits).chain(caches);
    Description::new(plugin, specs.collect()).expect("the specifications are sound")
}

#[async_trait]
impl Components for Structured {
    fn catalog(&self) -> Arc<Catalog> {
        self.plugins.catalog()
    }

    fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    fn tracer(&self) -> Tracer {
        self.tracer.clone()
    }

    async fn open_input(&self, setup: Setup) -> Result<Box<dyn Input>, OpenError> {
        self.plugins.open_input(setup).await
    }

    async fn open_processor(&self, setup: Setup) -> Result<Box<dyn Processor>, OpenError> {
        match processors::ALL.iter().find(|own| own.name == setup.name.as_str()) {
            Some(own) => (own.open)(Opening { components: self, setup: &setup }).await,
            None => self.plugins.open_processor(setup).await,
        }
    }

    async fn open_output(&self, setup: Setup) -> Result<Box<dyn Output>, OpenError> {
        self.plugins.open_output(setup).await
    }

    async fn open_scanner(&self, setup: Setup) -> Result<Box<dyn Scanner>, OpenError> {
        self.plugins.open_scanner(setup).await
    }

    async fn open_incremental(&self, setup: Setup) -> Result<Box<dyn IncrementalProcessor>, OpenError> {
        self.plugins.open_incremental(setup).await
    }

    async fn open_cache(&self, setup: Setup) -> Result<Box<dyn Cache>, OpenError> {
        match setup.name.as_str() {
            multilevel::NAME => multilevel::open(&setup),
            _ => self.plugins.open_cache(setup).await,
        }
    }

    async fn check_mapping(&self, text: MappingText<'_>) -> Result<(), OpenError> {
        self.plugins.check_mapping(text).await
    }

    async fn open_mapping(
        &self,
        text: MappingText<'_>,
        setup: &Setup,
    ) -> Result<Box<dyn Mapping>, OpenError> {
        self.plugins.open_mapping(text, setup).await
    }
}

impl std::fmt::Debug for Structured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Structured").finish_non_exhaustive()
    }
}
