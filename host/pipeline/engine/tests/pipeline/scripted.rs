//! Components that do as they are told and note what happens to them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on fails")]

use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use forebay_metrics::Metrics;
use forebay_pipeline_config::Catalog;
use forebay_pipeline_config::spec::Description;
use forebay_pipeline_message::{Batch, Failure, Origins, Outcome, Processed};
use forebay_plugins_api::{
    Cache, ComponentError, Components, Event, IncrementalProcessor, Input, LostInstance, LostReason,
    MappingText, MetadataValue, OpenError, Operation, Output, Pending, Problem, Processing, Processor,
    Scanner, Settlement, Setup, Stream, Token, WriteError, Written,
};
use tokio::sync::Notify;

use crate::caches::{Distinct, ScriptedCache};
use crate::words::{Text, Words};

const DESCRIPTION: &str = r#"{"contract": 1, "plugin": {"name": "script"}, "components": [
    {"kind": "input", "name": "script", "config": {"type": "object", "fields": [
        {"name": "auto_replay_nacks", "type": "bool", "default": true},
        {"name": "refused", "type": "bool", "default": false},
        {"name": "codec", "type": "string", "optional": true},
        {"name": "scanner", "type": "scanner", "optional": true}]}},
    {"kind": "input", "name": "asking", "rereads": true, "responds": true, "config": {"type": "object"}},
    {"kind": "scanner", "name": "words", "config": {"type": "object"}},
    {"kind": "processor", "name": "script", "config": {"type": "object", "fields": [
        {"name": "fails", "type": "bool", "default": false},
        {"name": "fails_once", "type": "bool", "default": false},
        {"name": "drops", "type": "string", "default": ""},
        {"name": "dies_of", "type": "string", "default": ""}]}},
    {"kind": "processor", "name": "other", "config": {"type": "object", "fields": [
        {"name": "fails", "type": "bool", "default": false},
        {"name": "drops", "type": "string", "default": ""},
        {"name": "dies_of", "type": "string", "default": ""},
        {"name": "hangs", "type": "bool", "default": false}]}},
    {"kind": "processor", "name": "failing", "config": {"type": "object", "fields": [
        {"name": "fails", "type": "bool", "default": true},
        {"name": "drops", "type": "string", "default": ""},
        {"name": "dies_of", "type": "string", "default": ""},
        {"name": "hangs", "type": "bool", "default": false}]}},
    {"kind": "processor", "name": "dropping", "config": {"type": "object", "fields": [
        {"name": "fails", "type": "bool", "default": false},
        {"name": "drops", "type": "string", "default": "d"},
        {"name": "dies_of", "type": "string", "default": ""},
        {"name": "hangs", "type": "bool", "default": false}]}},
    {"kind": "processor", "name": "dying", "config": {"type": "object", "fields": [
        {"name": "fails", "type": "bool", "default": false},
        {"name": "drops", "type": "string", "default": ""},
        {"name": "dies_of", "type": "string", "default": "c"},
        {"name": "hangs", "type": "bool", "default": false}]}},
    {"kind": "processor", "name": "hanging", "config": {"type": "object", "fields": [
        {"name": "fails", "type": "bool", "default": false},
        {"name": "drops", "type": "string", "default": ""},
        {"name": "dies_of", "type": "string", "default": ""},
        {"name": "hangs", "type": "bool", "default": true}]}},
    {"kind": "processor", "name": "distinct", "config": {"type": "object", "fields": [
        {"name": "cache", "type": "string", "resource": "cache"}]}},
    {"kind": "cache", "name": "script", "config": {"type": "object", "fields": [
        {"name": "refused", "type": "bool", "default": false},
        {"name": "asks", "type": "string", "resource": "cache", "optional": true}]}},
    {"kind": "output", "name": "script", "config": {"type": "object", "fields": [
        {"name": "refused", "type": "bool", "default": false}]}}]}"#;

/// What the input does next; at the end of the script it ends.
pub(crate) enum Step {
    Batch(Batch),
    /// A batch of one message, this number, and after it the next number, without an end.
    Count(u64),
    Stream(&'static str),
    Fail,
    /// There are newer builds of input and output from now on.
    Newer,
    /// Waits for whatever the engine wakes it for.
    Wait,
}

/// What the output does with the next write; after the end of the script it is done at once.
pub(crate) enum Write {
    Done,
    Fail(Vec<u32>),
    NotConnected,
    Panic,
    /// Ends when a message with this payload was written.
    Pending {
        after: &'static str,
    },
    /// Ends after a while.
    Slow,
    FailLater {
        messages: Vec<u32>,
    },
}

#[derive(Default)]
struct Notes {
    steps: VecDeque<Step>,
    writes: VecDeque<Write>,
    next_token: u64,
    written: Vec<String>,
    delivered: Vec<String>,
    settled: Vec<(u64, Outcome)>,
    /// The texts of all responses.
    responses: Vec<String>,
    connects: usize,
    opened: usize,
    /// Batches that processors were given.
    processed: usize,
    closed: bool,
    scanners: Vec<String>,
    /// Builds that have not taken over yet.
    newer: Newer,
    /// Operations that have not ended.
    under_way: usize,
    /// What was not settled, or not ended, at every take-over; whether that of the input or the output.
    taken_over: Vec<(&'static str, u64)>,
    when: Option<When>,
    reads_after_shutdown: usize,
}

/// What to do once so many messages were delivered, and the input knows of so many settlements.
struct When {
    delivered: usize,
    settled: usize,
    then: Box<dyn FnOnce() + Send>,
}

impl Notes {
    fn look(&mut self) {
        let (delivered, settled) = (self.delivered.len(), self.settled.len());
        if let Some(when) = self.when.take_if(|when| delivered >= when.delivered && settled >= when.settled) {
            (when.then)();
        }
    }
}

#[derive(Default)]
struct Newer {
    input: usize,
    output: usize,
}

/// A script, and the notes of its run.
pub(crate) struct Script {
    pub(crate) metrics: Arc<Metrics>,
    catalog: Arc<Catalog>,
    notes: Arc<Mutex<Notes>>,
    written: Arc<Notify>,
    pub(crate) caches_closed: Arc<AtomicUsize>,
}

pub(crate) fn batch(payloads: &[&str]) -> Batch {
    Batch::from_payloads(payloads.iter().copied().map(Some), true)
}

impl Script {
    pub(crate) fn new() -> Arc<Self> {
        let mut catalog = Catalog::new();
        catalog.insert(Description::from_json(DESCRIPTION).unwrap()).unwrap();
        catalog.insert(forebay_pipeline_engine::description()).unwrap();
        Arc::new(Self {
            metrics: Arc::default(),
            catalog: Arc::new(catalog),
            notes: Arc::default(),
            written: Arc::default(),
            caches_closed: Arc::default(),
        })
    }

    pub(crate) fn arriving(self: Arc<Self>, steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        self.notes.lock().unwrap().steps.extend(steps);
        self
    }

    pub(crate) fn writing(self: Arc<Self>, writes: impl IntoIterator<Item = Write>) -> Arc<Self> {
        self.notes.lock().unwrap().writes.extend(writes);
        self
    }

    /// Calls `then` once so many messages were delivered, and the input knows of so many settlements.
    pub(crate) fn when(&self, delivered: usize, settled: usize, then: impl FnOnce() + Send + 'static) {
        self.notes.lock().unwrap().when = Some(When { delivered, settled, then: Box::new(then) });
    }

    /// The batches that were written, successfully or not.
    pub(crate) fn written(&self) -> Vec<String> {
        self.notes.lock().unwrap().written.clone()
    }

    pub(crate) fn delivered(&self) -> Vec<String> {
        self.notes.lock().unwrap().delivered.clone()
    }

    pub(crate) fn settled(&self) -> Vec<(u64, Outcome)> {
        self.notes.lock().unwrap().settled.clone()
    }

    pub(crate) fn settled_tokens(&self) -> Vec<u64> {
        self.settled().into_iter().map(|(token, _)| token).collect()
    }

    /// The token and the text of each response.
    pub(crate) fn responses(&self) -> Vec<String> {
        self.notes.lock().unwrap().responses.clone()
    }

    pub(crate) fn connects(&self) -> usize {
        self.notes.lock().unwrap().connects
    }

    pub(crate) fn opened(&self) -> usize {
        self.notes.lock().unwrap().opened
    }

    /// How many batches processors were given.
    pub(crate) fn processed(&self) -> usize {
        self.notes.lock().unwrap().processed
    }

    pub(crate) fn scanners(&self) -> Vec<String> {
        self.notes.lock().unwrap().scanners.clone()
    }

    pub(crate) fn taken_over(&self) -> Vec<(&'static str, u64)> {
        self.notes.lock().unwrap().taken_over.clone()
    }

    pub(crate) fn reads_after_shutdown(&self) -> usize {
        self.notes.lock().unwrap().reads_after_shutdown
    }

    pub(crate) fn closed(&self) -> bool {
        self.notes.lock().unwrap().closed
    }
}

fn check(setup: &Setup) -> Result<(), OpenError> {
    if setup.config["refused"] == true {
        let (message, field) = ("refused".to_owned(), "/refused".to_owned());
        return Err(OpenError::Problem(Problem { message, field, line: 0, column: 0 }));
    }
    Ok(())
}

#[async_trait]
impl Components for Script {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog)
    }

    fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    async fn open_input(&self, setup: Setup) -> Result<Box<dyn Input>, OpenError> {
        check(&setup)?;
        self.notes.lock().unwrap().opened += 1;
        Ok(Box::new(ScriptedInput { notes: Arc::clone(&self.notes), setup }))
    }

    async fn open_processor(&self, setup: Setup) -> Result<Box<dyn Processor>, OpenError> {
        if setup.name.as_str() == "distinct" {
            return Ok(Box::new(Distinct(setup)));
        }
        Ok(Box::new(ScriptedProcessor { notes: Arc::clone(&self.notes), setup, has_failed: false }))
    }

    async fn open_output(&self, setup: Setup) -> Result<Box<dyn Output>, OpenError> {
        check(&setup)?;
        Ok(Box::new(ScriptedOutput {
            notes: Arc::clone(&self.notes),
            written: Arc::clone(&self.written),
            operations: 0,
        }))
    }

    async fn open_scanner(&self, setup: Setup) -> Result<Box<dyn Scanner>, OpenError> {
        self.notes.lock().unwrap().scanners.push(setup.name.to_string());
        Ok(Box::new(Words::default()))
    }

    async fn open_incremental(&self, _: Setup) -> Result<Box<dyn IncrementalProcessor>, OpenError> {
        unreachable!("the engine has no use for it yet")
    }

    async fn open_cache(&self, setup: Setup) -> Result<Box<dyn Cache>, OpenError> {
        check(&setup)?;
        Ok(Box::new(ScriptedCache::new(setup, Arc::clone(&self.caches_closed))))
    }

    async fn check_mapping(&self, _: MappingText<'_>) -> Result<(), OpenError> {
        Ok(())
    }
}

struct ScriptedInput {
    notes: Arc<Mutex<Notes>>,
    setup: Setup,
}

impl ScriptedInput {
    fn settle(&self, settled: Vec<Settlement>) {
        let mut notes = self.notes.lock().unwrap();
        for Settlement { token, outcome, responses } in settled {
            notes.settled.push((token.0, outcome));
            let texts = responses.iter().flat_map(Batch::iter).map(|message| {
                let text = String::from_utf8_lossy(message.payload().unwrap_or_default());
                format!("{} {text}", token.0)
            });
            notes.responses.extend(texts);
        }
        notes.look();
    }
}

#[async_trait]
impl Input for ScriptedInput {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        Ok(())
    }

    async fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, ComponentError> {
        if self.setup.wakes.pending().shutdown {
            self.notes.lock().unwrap().reads_after_shutdown += 1;
        }
        self.settle(settled);
        let (step, token) = {
            let mut notes = self.notes.lock().unwrap();
            (notes.steps.pop_front(), Token(notes.next_token))
        };
        Ok(match step {
            Some(Step::Batch(batch)) => {
                self.notes.lock().unwrap().next_token += 1;
                Event::Batch(token, batch)
            }
            Some(Step::Count(number)) => {
                let mut notes = self.notes.lock().unwrap();
                notes.steps.push_front(Step::Count(number + 1));
                notes.next_token += 1;
                Event::Batch(token, batch(&[&number.to_string()]))
            }
            Some(Step::Stream(text)) => {
                self.notes.lock().unwrap().next_token += 1;
                let metadata = vec![("from".to_owned(), MetadataValue::Text("s".to_owned()))];
                let source = Box::new(Text(text));
                Event::Stream(token, Stream { source, name: "s".into(), metadata, again: None })
            }
            Some(Step::Newer) => {
                self.notes.lock().unwrap().newer.input += 1;
                Event::Idle
            }
            Some(Step::Fail) => return Err(ComponentError::Failed("as told".to_owned())),
            Some(Step::Wait) => {
                self.setup.wakes.wait(None).await;
                self.notes.lock().unwrap().steps.push_front(Step::Wait);
                Event::Idle
            }
            None => Event::Ended,
        })
    }

    async fn close(&mut self, settled: Vec<Settlement>) {
        self.settle(settled);
        self.notes.lock().unwrap().closed = true;
    }

    async fn prepare(&mut self) -> bool {
        self.notes.lock().unwrap().newer.input > 0
    }

    async fn take_over(&mut self, settled: Vec<Settlement>) {
        self.settle(settled);
        let mut notes = self.notes.lock().unwrap();
        // The output learns of it later, when everything that came before is delivered.
        notes.newer = Newer { input: notes.newer.input - 1, output: notes.newer.output + 1 };
        let missing = notes.next_token - notes.settled.len() as u64;
        notes.taken_over.push(("input", missing));
    }
}

struct ScriptedProcessor {
    notes: Arc<Mutex<Notes>>,
    setup: Setup,
    has_failed: bool,
}

#[async_trait]
impl Processor for ScriptedProcessor {
    async fn process(&mut self, batch: Batch) -> Result<Processing, ComponentError> {
        self.notes.lock().unwrap().processed += 1;
        let config = &self.setup.config;
        let is = |message: &forebay_pipeline_message::Message<'_>, field: &str| {
            config[field].as_str().is_some_and(|text| message.payload() == Some(text.as_bytes()))
        };
        if config["hangs"] == true {
            std::future::pending::<()>().await;
        }
        if config["fails"] == true || (config["fails_once"] == true && !self.has_failed) {
            self.has_failed = true;
            return Err(ComponentError::Failed("no".to_owned()));
        }
        if batch.iter().any(|message| is(&message, "dies_of")) {
            let (plugin, component) = ("script".parse().unwrap(), "script".parse().unwrap());
            let detail = "as told".to_owned();
            return Err(LostInstance { plugin, component, reason: LostReason::Trap, detail }.into());
        }
        let kept: Vec<u32> = (0..)
            .zip(batch.iter())
            .filter(|(_, message)| !is(message, "drops"))
            .map(|(index, _)| index)
            .collect();
        let batch = batch.select(&kept).unwrap();
        Ok(Processing::Done(vec![Processed { batch, origins: Origins::Each(kept) }]))
    }

    async fn resume(&mut self, _: Operation) -> Result<Processing, ComponentError> {
        unreachable!("nothing is pending")
    }

    async fn close(&mut self) {}
}

struct ScriptedOutput {
    notes: Arc<Mutex<Notes>>,
    written: Arc<Notify>,
    operations: u64,
}

#[async_trait]
impl Output for ScriptedOutput {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        self.notes.lock().unwrap().connects += 1;
        Ok(())
    }

    async fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let texts: Vec<String> = batch
            .iter()
            .map(|message| {
                let mut text = String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned();
                if let Some(error) = message.error() {
                    text = format!("{text}!{error}");
                }
                match message.metadata("from") {
                    Some(forebay_pipeline_message::Value::Text(from)) => format!("{text}@{from}"),
                    _ => text,
                }
            })
            .collect();
        let mut notes = self.notes.lock().unwrap();
        notes.written.push(texts.join(" "));
        let write = notes.writes.pop_front().unwrap_or(Write::Done);
        if matches!(write, Write::Panic) {
            drop(notes);
            panic!("as told");
        }
        let failed = match &write {
            Write::Fail(messages) | Write::FailLater { messages } => messages.clone(),
            Write::NotConnected => return Err(WriteError::NotConnected("as told".to_owned())),
            Write::Done | Write::Panic | Write::Slow | Write::Pending { .. } => Vec::new(),
        };
        let delivered = (0..).zip(texts).filter(|(index, _)| !failed.contains(index)).map(|(_, text)| text);
        notes.delivered.extend(delivered);
        notes.look();
        drop(notes);
        self.written.notify_waiters();
        self.operations += 1;
        let pending = |messages, work| {
            let operation = Operation::new(self.operations, work);
            Written { failed: Vec::new(), pending: vec![Pending { operation, messages, resolve: false }] }
        };
        type Work = futures_util::future::BoxFuture<'static, Result<(), String>>;
        Ok(match write {
            Write::Fail(messages) => {
                let failure = Failure { reason: "no".to_owned(), messages: Some(messages) };
                Written { failed: vec![failure], pending: Vec::new() }
            }
            Write::FailLater { messages } => {
                let work: Work = Box::pin(std::future::ready(Err("later".to_owned())));
                pending(Some(messages), work)
            }
            Write::Slow => {
                self.notes.lock().unwrap().under_way += 1;
                let notes = Arc::clone(&self.notes);
                let work: Work = Box::pin(async move {
                    for _ in 0..100 {
                        tokio::task::yield_now().await;
                    }
                    notes.lock().unwrap().under_way -= 1;
                    Ok(())
                });
                pending(None, work)
            }
            Write::Pending { after } => {
                let (notes, written) = (Arc::clone(&self.notes), Arc::clone(&self.written));
                let work: Work = Box::pin(async move {
                    loop {
                        let changed = written.notified();
                        tokio::pin!(changed);
                        changed.as_mut().enable();
                        if notes.lock().unwrap().delivered.iter().any(|text| text == after) {
                            return Ok(());
                        }
                        changed.await;
                    }
                });
                pending(None, work)
            }
            Write::Done | Write::Panic | Write::NotConnected => Written::default(),
        })
    }

    async fn resolve(&mut self, _: Operation) -> Result<Written, WriteError> {
        unreachable!("nothing asks for it")
    }

    async fn close(&mut self) {}

    async fn prepare(&mut self) -> bool {
        self.notes.lock().unwrap().newer.output > 0
    }

    async fn take_over(&mut self) {
        let mut notes = self.notes.lock().unwrap();
        notes.newer.output -= 1;
        let missing = notes.under_way as u64;
        notes.taken_over.push(("output", missing));
    }
}
