//! Components that are measured with a label more than others.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_metrics::Metrics;
use forebay_pipeline_config::Catalog;
use forebay_plugins_api::{
    Cache, Components, IncrementalProcessor, Input, Mapping, MappingText, OpenError, Output, Processor,
    Scanner, Setup,
};

/// The components of another provider, for one of several pipelines in a process: what the engine measures of them has
/// a label that says which.
pub struct Labelled {
    inner: Arc<dyn Components>,
    metrics: Arc<Metrics>,
}

impl Labelled {
    /// With this label in everything that is measured.
    pub fn new(inner: Arc<dyn Components>, name: &str, value: &str) -> Self {
        let metrics = Arc::new(inner.metrics().with_label(name, value));
        Self { inner, metrics }
    }
}

#[async_trait]
impl Components for Labelled {
    fn catalog(&self) -> Arc<Catalog> {
        self.inner.catalog()
    }

    fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    async fn open_input(&self, setup: Setup) -> Result<Box<dyn Input>, OpenError> {
        self.inner.open_input(setup).await
    }

    async fn open_processor(&self, setup: Setup) -> Result<Box<dyn Processor>, OpenError> {
        self.inner.open_processor(setup).await
    }

    async fn open_output(&self, setup: Setup) -> Result<Box<dyn Output>, OpenError> {
        self.inner.open_output(setup).await
    }

    async fn open_scanner(&self, setup: Setup) -> Result<Box<dyn Scanner>, OpenError> {
        self.inner.open_scanner(setup).await
    }

    async fn open_incremental(&self, setup: Setup) -> Result<Box<dyn IncrementalProcessor>, OpenError> {
        self.inner.open_incremental(setup).await
    }

    async fn open_cache(&self, setup: Setup) -> Result<Box<dyn Cache>, OpenError> {
        self.inner.open_cache(setup).await
    }

    async fn check_mapping(&self, text: MappingText<'_>) -> Result<(), OpenError> {
        self.inner.check_mapping(text).await
    }

    async fn open_mapping(
        &self,
        text: MappingText<'_>,
        setup: &Setup,
    ) -> Result<Box<dyn Mapping>, OpenError> {
        self.inner.open_mapping(text, setup).await
    }
}

impl std::fmt::Debug for Labelled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Labelled").finish_non_exhaustive()
    }
}
