//! Components that note what happens to them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use forebay_metrics::Metrics;
use forebay_pipeline_config::Catalog;
use forebay_pipeline_config::spec::Description;
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{
    Cache, ComponentError, Components, Event, IncrementalProcessor, Input, MappingText, OpenError, Operation,
    Output, Problem, Processing, Processor, Scanner, Settlement, Setup, Token, WriteError, Written,
};

/// `script` hands out `count` messages with its `text`, or without an end where `count` is 0, `endless` as fast as it
/// can and otherwise one.
const DESCRIPTION: &str = r#"{"contract": 1, "plugin": {"name": "script"}, "components": [
    {"kind": "input", "name": "script", "config": {"type": "object", "fields": [
        {"name": "text", "type": "string", "default": "a"},
        {"name": "count", "type": "int", "default": 0},
        {"name": "endless", "type": "bool", "default": false},
        {"name": "panics", "type": "bool", "default": false},
        {"name": "auto_replay_nacks", "type": "bool", "default": true},
        {"name": "refused", "type": "bool", "default": false}]}},
    {"kind": "input", "name": "kafka_franz", "config": {"type": "object", "fields": [
        {"name": "seed_brokers", "type": "string", "kind": "array"},
        {"name": "topics", "type": "string", "kind": "array"},
        {"name": "consumer_group", "type": "string", "optional": true}]}},
    {"kind": "processor", "name": "fails_once", "config": {"type": "object"}},
    {"kind": "output", "name": "script", "config": {"type": "object"}}]}"#;

/// The same as `script`, with less to be said of it.
const LATE: &str = r#"{"contract": 1, "plugin": {"name": "late"}, "components": [
    {"kind": "input", "name": "late", "config": {"type": "object", "fields": [
        {"name": "text", "type": "string", "default": "a"},
        {"name": "count", "type": "int", "default": 0}]}}]}"#;

/// What has happened.
#[derive(Default)]
pub(crate) struct Notes {
    /// Inputs that were opened and closed, in this order.
    pub(crate) events: Vec<String>,
    /// How often each text was delivered.
    pub(crate) delivered: BTreeMap<String, usize>,
    /// Bytes of all that was delivered, by the pipeline.
    pub(crate) bytes: BTreeMap<String, usize>,
    pub(crate) configs: Vec<serde_json::Value>,
    has_failed: bool,
}

pub(crate) struct Script {
    metrics: Arc<Metrics>,
    catalog: Mutex<Arc<Catalog>>,
    pub(crate) notes: Arc<Mutex<Notes>>,
}

impl Script {
    pub(crate) fn new() -> Arc<Self> {
        let mut catalog = Catalog::new();
        catalog.insert(Description::from_json(DESCRIPTION).unwrap()).unwrap();
        catalog.insert(forebay_pipeline_engine::description()).unwrap();
        let catalog = Mutex::new(Arc::new(catalog));
        Arc::new(Self { metrics: Arc::default(), catalog, notes: Arc::default() })
    }

    /// Another plugin comes, with an input `late`.
    pub(crate) fn another_plugin_comes(&self) {
        let mut known = self.catalog.lock().unwrap();
        let mut catalog = Catalog::clone(&known);
        catalog.insert(Description::from_json(LATE).unwrap()).unwrap();
        *known = Arc::new(catalog);
    }

    pub(crate) fn delivered(&self, text: &str) -> usize {
        self.notes.lock().unwrap().delivered.get(text).copied().unwrap_or_default()
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.notes.lock().unwrap().events.clone()
    }
}

#[async_trait]
impl Components for Script {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.lock().unwrap())
    }

    fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    async fn open_input(&self, setup: Setup) -> Result<Box<dyn Input>, OpenError> {
        if setup.config["refused"] == true {
            let (message, field) = ("refused".to_owned(), "/refused".to_owned());
            return Err(OpenError::Problem(Problem { message, field, line: 0, column: 0 }));
        }
        let mut notes = self.notes.lock().unwrap();
        notes.configs.push(setup.config.clone());
        let text = setup.config["text"].as_str().unwrap_or_default().to_owned();
        notes.events.push(format!("opened {text}"));
        Ok(Box::new(ScriptedInput { notes: Arc::clone(&self.notes), text, setup, given: 0 }))
    }

    async fn open_processor(&self, _: Setup) -> Result<Box<dyn Processor>, OpenError> {
        Ok(Box::new(FailsOnce(Arc::clone(&self.notes))))
    }

    async fn open_output(&self, setup: Setup) -> Result<Box<dyn Output>, OpenError> {
        Ok(Box::new(ScriptedOutput(Arc::clone(&self.notes), setup.pipeline.to_string())))
    }

    async fn open_scanner(&self, _: Setup) -> Result<Box<dyn Scanner>, OpenError> {
        unreachable!("nothing is scanned")
    }

    async fn open_incremental(&self, _: Setup) -> Result<Box<dyn IncrementalProcessor>, OpenError> {
        unreachable!("nothing is large")
    }

    async fn open_cache(&self, _: Setup) -> Result<Box<dyn Cache>, OpenError> {
        unreachable!("nothing is cached")
    }

    async fn check_mapping(&self, _: MappingText<'_>) -> Result<(), OpenError> {
        Ok(())
    }
}

struct ScriptedInput {
    notes: Arc<Mutex<Notes>>,
    text: String,
    setup: Setup,
    given: u64,
}

#[async_trait]
impl Input for ScriptedInput {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        Ok(())
    }

    async fn read(&mut self, _: Vec<Settlement>) -> Result<Event, ComponentError> {
        let is = |name: &str| self.setup.config[name] == true;
        let count = self.setup.config["count"].as_u64().unwrap_or_default();
        assert!(!is("panics"), "as told");
        if count > 0 && self.given == count {
            return Ok(Event::Ended);
        }
        if count == 0 && self.given > 0 && !is("endless") {
            self.setup.wakes.wait(None).await;
            return Ok(Event::Idle);
        }
        self.given += 1;
        Ok(Event::Batch(Token(self.given), Batch::from_payloads([Some(self.text.as_str())], true)))
    }

    async fn close(&mut self, _: Vec<Settlement>) {
        self.notes.lock().unwrap().events.push(format!("closed {}", self.text));
    }

    async fn prepare(&mut self) -> bool {
        false
    }

    async fn take_over(&mut self, _: Vec<Settlement>) {}
}

struct FailsOnce(Arc<Mutex<Notes>>);

#[async_trait]
impl Processor for FailsOnce {
    async fn process(&mut self, batch: Batch) -> Result<Processing, ComponentError> {
        if !std::mem::replace(&mut self.0.lock().unwrap().has_failed, true) {
            return Err(ComponentError::Failed("no".to_owned()));
        }
        let all = (0..u32::try_from(batch.len()).unwrap()).collect();
        Ok(Processing::Done(vec![Processed { batch, origins: Origins::Each(all) }]))
    }

    async fn resume(&mut self, _: Operation) -> Result<Processing, ComponentError> {
        unreachable!("nothing is pending")
    }

    async fn close(&mut self) {}
}

struct ScriptedOutput(Arc<Mutex<Notes>>, String);

#[async_trait]
impl Output for ScriptedOutput {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        Ok(())
    }

    async fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let mut notes = self.0.lock().unwrap();
        for message in batch.iter() {
            let mut text = String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned();
            *notes.bytes.entry(self.1.clone()).or_default() += text.len();
            if message.error().is_some() {
                text.push('!');
            }
            text.truncate(20);
            *notes.delivered.entry(text).or_default() += 1;
        }
        Ok(Written::default())
    }

    async fn resolve(&mut self, _: Operation) -> Result<Written, WriteError> {
        unreachable!("nothing asks for it")
    }

    async fn close(&mut self) {}
}
