//! Processors of the host around a processor that does as it is told, for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use forebay_pipeline_config::spec::Description;
use forebay_pipeline_config::{Catalog, read};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{
    Cache, ComponentError, Components, IncrementalProcessor, Input, LostInstance, LostReason, Mapping,
    MappingText, OpenError, Operation, Output, PipelineName, Processing, Processor, Scanner, Setup,
};
use futures_util::future::BoxFuture;

use super::Structured;
use super::opening::Opening;
use crate::chain::outcome;
use crate::shadow::Given;

const DESCRIPTION: &str = r#"{"contract": 1, "plugin": {"name": "script"}, "components": [
    {"kind": "input", "name": "script", "config": {"type": "object"}},
    {"kind": "processor", "name": "script", "config": {"type": "object"}},
    {"kind": "output", "name": "script", "config": {"type": "object"}}]}"#;

type Does = dyn Fn(Batch) -> BoxFuture<'static, Result<Vec<Processed>, ComponentError>> + Send + Sync;

/// What the processor `script` does, and how many there are.
pub(super) struct Script {
    catalog: Arc<Catalog>,
    does: Arc<Does>,
    opened: AtomicUsize,
    /// How many can be opened.
    most: usize,
}

impl Script {
    pub(super) fn new<F>(does: impl Fn(Batch) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Vec<Processed>, ComponentError>> + Send + 'static,
    {
        let mut catalog = Catalog::new();
        catalog.insert(super::description()).unwrap();
        catalog.insert(Description::from_json(DESCRIPTION).unwrap()).unwrap();
        let does: Arc<Does> = Arc::new(move |batch| Box::pin(does(batch)));
        Self { catalog: Arc::new(catalog), does, opened: AtomicUsize::new(0), most: usize::MAX }
    }

    /// A processor that makes one message of each: itself, with an error if that is so.
    pub(super) fn flagging(fails: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self::new(move |batch| {
            let failed: Vec<usize> =
                texts(&batch).iter().enumerate().filter(|(_, text)| fails(text)).map(|(at, _)| at).collect();
            let batch = batch.with_errors(failed.iter().map(|at| (*at, "no")));
            std::future::ready(Ok(vec![Processed { batch, origins: Origins::Same }]))
        })
    }

    pub(super) fn at_most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    pub(super) fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    /// Opens a processor of the host.
    pub(super) async fn open(self: &Arc<Self>, processor: &str) -> Result<Box<dyn Processor>, OpenError> {
        let yaml = format!(
            "input: {{script: {{}}}}\noutput: {{script: {{}}}}\npipeline: {{processors: [{processor}]}}"
        );
        let variables = std::collections::BTreeMap::<String, String>::new();
        let config = read("test.yaml", &yaml, &variables, &self.catalog).unwrap();
        let components = Structured::new(Arc::clone(self) as _);
        let setup = Setup::new(PipelineName::new("test"), "", "script".parse().unwrap());
        let setup = Opening { components: &components, setup: &setup }.setup_of(&config.processors[0]);
        components.open_processor(setup).await
    }
}

/// What a processor makes of a batch.
pub(super) async fn apply(processor: &mut dyn Processor, batch: Batch) -> Vec<Processed> {
    match outcome(processor, batch.clone()).await {
        Given::Results(results) => {
            for result in &results {
                result.origins.check(result.batch.len(), batch.len()).unwrap();
            }
            results
        }
        Given::Failed(error) => panic!("failed: {error}"),
        Given::Lost(lost) => panic!("{lost}"),
    }
}

pub(super) fn batch(payloads: &[&str], independent: bool) -> Batch {
    Batch::from_payloads(payloads.iter().copied().map(Some), independent)
}

pub(super) fn texts(batch: &Batch) -> Vec<String> {
    let text = |payload: Option<&[u8]>| String::from_utf8_lossy(payload.unwrap_or_default()).into_owned();
    batch.iter().map(|message| text(message.payload())).collect()
}

pub(super) fn lost() -> ComponentError {
    ComponentError::Lost(LostInstance {
        plugin: "script".parse().unwrap(),
        component: "script".parse().unwrap(),
        reason: LostReason::Trap,
        detail: "gone".to_owned(),
    })
}

struct ScriptedProcessor(Arc<Does>);

#[async_trait]
impl Processor for ScriptedProcessor {
    async fn process(&mut self, batch: Batch) -> Result<Processing, ComponentError> {
        Ok(Processing::Done((self.0)(batch).await?))
    }

    async fn resume(&mut self, _: Operation) -> Result<Processing, ComponentError> {
        unreachable!("it has no operations")
    }

    async fn close(&mut self) {}
}

/// A text of which every message is a part: whether it is in the payload, or the payload itself.
struct Scripted(String);

#[async_trait]
impl Mapping for Scripted {
    async fn apply(&mut self, batch: Batch) -> Result<Processed, String> {
        let failed: Vec<usize> =
            texts(&batch).iter().enumerate().filter(|(_, text)| *text == "bad").map(|(at, _)| at).collect();
        let batch = batch.with_errors(failed.iter().map(|at| (*at, "no text")));
        Ok(Processed { batch, origins: Origins::Same })
    }

    async fn values(&mut self, batch: Batch) -> Result<Batch, String> {
        let values = texts(&batch).into_iter().map(|text| Some(text.contains(&self.0).to_string()));
        Ok(Batch::from_payloads(values, batch.independent()))
    }
}

#[async_trait]
impl Components for Script {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog)
    }

    async fn open_input(&self, _: Setup) -> Result<Box<dyn Input>, OpenError> {
        unreachable!("only processors are opened")
    }

    async fn open_processor(&self, setup: Setup) -> Result<Box<dyn Processor>, OpenError> {
        if self.opened.fetch_add(1, Ordering::Relaxed) >= self.most {
            return Err(OpenError::Unknown { kind: "processor", name: setup.name.to_string() });
        }
        Ok(Box::new(ScriptedProcessor(Arc::clone(&self.does))))
    }

    async fn open_output(&self, _: Setup) -> Result<Box<dyn Output>, OpenError> {
        unreachable!("only processors are opened")
    }

    async fn open_scanner(&self, _: Setup) -> Result<Box<dyn Scanner>, OpenError> {
        unreachable!("only processors are opened")
    }

    async fn open_incremental(&self, _: Setup) -> Result<Box<dyn IncrementalProcessor>, OpenError> {
        unreachable!("only processors are opened")
    }

    async fn open_cache(&self, _: Setup) -> Result<Box<dyn Cache>, OpenError> {
        unreachable!("only processors are opened")
    }

    async fn check_mapping(&self, _: MappingText<'_>) -> Result<(), OpenError> {
        Ok(())
    }

    async fn open_mapping(&self, text: MappingText<'_>, _: &Setup) -> Result<Box<dyn Mapping>, OpenError> {
        Ok(Box::new(Scripted(text.source.to_owned())))
    }
}
