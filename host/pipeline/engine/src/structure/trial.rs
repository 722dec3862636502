//! Components of the host tried by themselves: beside them there is a processor that notes what it is given, and a
//! mapping whose text for a message is its content.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use forebay_metrics::Metrics;
use forebay_pipeline_config::spec::Description;
use forebay_pipeline_config::{Catalog, read};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{
    Cache, Caches, ComponentError, Components, Environment, IncrementalProcessor, Input, Mapping,
    MappingText, OpenError, Operation, Output, PipelineName, Processing, Processor, Resources, Rights,
    Scanner, Setup, SharedCache, Wakes,
};

use super::{Structured, description};
use crate::rate_limits;
use crate::run::{Identity, setup};

const DESCRIPTION: &str = r#"{"contract": 1, "plugin": {"name": "trial"}, "components": [
    {"kind": "input", "name": "none"}, {"kind": "output", "name": "none"}, {"kind": "cache", "name": "map"},
    {"kind": "processor", "name": "double"}]}"#;

/// What a component is tried with.
pub(super) struct Trial {
    pub(super) metrics: Arc<Metrics>,
    pub(super) map: Arc<Map>,
}

/// A cache; `broken` is a key that it can say nothing about.
#[derive(Default)]
pub(super) struct Map(pub(super) Mutex<HashMap<String, Vec<u8>>>);

impl Trial {
    pub(super) fn new() -> Self {
        Self { metrics: Arc::default(), map: Arc::default() }
    }

    /// Opens the first processor of a pipeline, which has the cache `c`.
    pub(super) async fn open(&self, processor: &str, rest: &str) -> Result<Box<dyn Processor>, OpenError> {
        let mut catalog = Catalog::new();
        catalog.insert(Description::from_json(DESCRIPTION).unwrap()).unwrap();
        catalog.insert(description()).unwrap();
        let yaml = format!(
            "input: {{none: {{}}}}\noutput: {{none: {{}}}}\ncache_resources: [{{label: c, map: {{}}}}]\n\
             pipeline: {{processors: [{processor}]}}\n{rest}\n"
        );
        let config = read("trial.yaml", &yaml, &BTreeMap::<String, String>::new(), &catalog).unwrap();
        let identity = Identity {
            virtual_cluster: None,
            name: PipelineName::new("trial"),
            file: "trial.yaml".to_owned(),
            rights: Rights::Starter,
            environment: Environment::default(),
        };
        let caches = Caches::new([("c".parse().unwrap(), Arc::clone(&self.map) as Arc<dyn SharedCache>)]);
        let mut problems = Vec::new();
        let limits = rate_limits::open(&identity, &config.rate_limits, &self.metrics, &mut problems);
        assert_eq!(problems, []);
        let resources = Resources::new(config.resources);
        let wakes = Arc::new(Wakes::default());
        let setup = setup(&identity, &config.processors[0], &wakes, caches, limits, resources);
        let plugins = Plugins { catalog: Arc::new(catalog), metrics: Arc::clone(&self.metrics) };
        Structured::new(Arc::new(plugins)).open_processor(setup).await
    }
}

/// What a processor makes of a batch.
pub(super) async fn process(processor: &mut dyn Processor, batch: Batch) -> Vec<Processed> {
    match processor.process(batch).await.unwrap() {
        Processing::Done(results) => results,
        Processing::Pending(_) => Vec::new(),
    }
}

pub(super) fn batch(payloads: &[&str]) -> Batch {
    Batch::from_payloads(payloads.iter().copied().map(Some), false)
}

/// The contents of the messages, each with its error behind a `!`.
pub(super) fn shown(batch: &Batch) -> Vec<String> {
    let text = |message: forebay_pipeline_message::Message<'_>| {
        let content = String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned();
        message.error().map_or_else(|| content.clone(), |error| format!("{content}!{error}"))
    };
    batch.iter().map(text).collect()
}

#[async_trait]
impl SharedCache for Map {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        if key == "broken" {
            Err("out of order".to_owned())
        } else {
            Ok(self.0.lock().unwrap().get(key).cloned())
        }
    }

    async fn set(&self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<(), String> {
        self.get(key).await?;
        self.0.lock().unwrap().insert(key.to_owned(), value);
        Ok(())
    }

    async fn add(&self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<bool, String> {
        if self.get(key).await?.is_some() {
            return Ok(false);
        }
        self.set(key, value, None).await.map(|()| true)
    }

    async fn delete(&self, key: &str) -> Result<(), String> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}

/// Makes two messages of each, the second with how many there were in the batch.
struct Double;

#[async_trait]
impl Processor for Double {
    async fn process(&mut self, batch: Batch) -> Result<Processing, ComponentError> {
        let shown = shown(&batch);
        let twice =
            shown.iter().flat_map(|text| [Some(text.clone()), Some(format!("{text} of {}", shown.len()))]);
        let made = Batch::from_payloads(twice, batch.independent());
        let origins = Origins::Each((0..).take(batch.len()).flat_map(|index| [index, index]).collect());
        Ok(Processing::Done(vec![Processed { batch: made, origins }]))
    }

    async fn resume(&mut self, _: Operation) -> Result<Processing, ComponentError> {
        Err(ComponentError::Failed("there are no operations".to_owned()))
    }

    async fn close(&mut self) {}
}

struct Contents;

#[async_trait]
impl Mapping for Contents {
    async fn apply(&mut self, batch: Batch) -> Result<Processed, String> {
        Ok(Processed { batch, origins: Origins::Same })
    }

    async fn values(&mut self, batch: Batch) -> Result<Batch, String> {
        Ok(batch)
    }
}

struct Plugins {
    catalog: Arc<Catalog>,
    metrics: Arc<Metrics>,
}

fn unknown<T>(setup: &Setup) -> Result<T, OpenError> {
    Err(OpenError::Unknown { kind: "component", name: setup.name.to_string() })
}

#[async_trait]
impl Components for Plugins {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog)
    }

    fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    async fn open_input(&self, setup: Setup) -> Result<Box<dyn Input>, OpenError> {
        unknown(&setup)
    }

    async fn open_processor(&self, _: Setup) -> Result<Box<dyn Processor>, OpenError> {
        Ok(Box::new(Double))
    }

    async fn open_output(&self, setup: Setup) -> Result<Box<dyn Output>, OpenError> {
        unknown(&setup)
    }

    async fn open_scanner(&self, setup: Setup) -> Result<Box<dyn Scanner>, OpenError> {
        unknown(&setup)
    }

    async fn open_incremental(&self, setup: Setup) -> Result<Box<dyn IncrementalProcessor>, OpenError> {
        unknown(&setup)
    }

    async fn open_cache(&self, setup: Setup) -> Result<Box<dyn Cache>, OpenError> {
        unknown(&setup)
    }

    async fn check_mapping(&self, _: MappingText<'_>) -> Result<(), OpenError> {
        Ok(())
    }

    async fn open_mapping(&self, _: MappingText<'_>, _: &Setup) -> Result<Box<dyn Mapping>, OpenError> {
        Ok(Box::new(Contents))
    }
}
