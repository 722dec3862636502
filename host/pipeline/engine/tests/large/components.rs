//! Components that count what they hold.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use forebay_lifecycle::Shutdown;
use forebay_metrics::Metrics;
use forebay_pipeline_config::Catalog;
use forebay_pipeline_config::spec::Description;
use forebay_pipeline_message::{Batch, Outcome, Processed};
use forebay_plugins_api::{
    ByteStream, Cache, ComponentError, Components, Event, Handover, IncrementalProcessor, Input, Mapping,
    MappingText, OpenError, Operation, Output, Processor, Scanner, Settlement, Setup, Token, WriteError,
    Written,
};
use tokio::time::Instant;

use crate::files::{Lines, Pairs};
use crate::processors::{Gather, Upper};

const DESCRIPTION: &str = r#"{"contract": 1, "plugin": {"name": "script"}, "components": [
    {"kind": "input", "name": "script", "config": {"type": "object"}},
    {"kind": "input", "name": "rereading", "rereads": true, "config": {"type": "object"}},
    {"kind": "input", "name": "lines", "rereads": true, "config": {"type": "object", "fields": [
        {"name": "scanner", "type": "scanner", "default": {"pairs": {}}}]}},
    {"kind": "scanner", "name": "pairs", "config": {"type": "object"}},
    {"kind": "processor", "name": "whole", "config": {"type": "object"}},
    {"kind": "processor", "name": "gather", "incremental": true, "config": {"type": "object", "fields": [
        {"name": "refuses", "type": "bool", "default": false}]}},
    {"kind": "processor", "name": "upper", "incremental": true, "pieces": true, "config": {"type": "object"}},
    {"kind": "mapping", "name": "bloblang"},
    {"kind": "output", "name": "script", "config": {"type": "object", "fields": [
        {"name": "streams", "type": "bool", "default": false},
        {"name": "batching", "type": "object", "optional": true, "fields": [
            {"name": "count", "type": "int", "default": 0},
            {"name": "byte_size", "type": "int", "default": 0},
            {"name": "period", "type": "string", "default": ""},
            {"name": "jitter", "type": "float", "default": 0.0},
            {"name": "check", "type": "string", "default": ""},
            {"name": "processors", "type": "processor", "kind": "array", "default": []}]}]}}]}"#;

/// A run.
pub(crate) struct World {
    pub(crate) catalog: Arc<Catalog>,
    notes: Mutex<Notes>,
}

/// What an output does with what it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    FailAtOnce,
    /// When it has read a part of a stream.
    FailMidway,
    FailAtTheEnd,
    NotConnected,
}

/// A stream that was delivered.
pub(crate) struct Streamed {
    /// Metadata of the first message: its number.
    pub(crate) first: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) length: usize,
}

#[derive(Default)]
pub(crate) struct Notes {
    /// What the input gives next: numbers and contents of messages.
    steps: VecDeque<(u64, Vec<u8>)>,
    given: u64,
    in_flight: BTreeMap<u64, (u64, Vec<u8>)>,
    writes: VecDeque<Write>,
    away_for: Duration,
    fails_after: Option<u64>,
    gives_up_after: Option<u64>,
    handover: Option<Handover>,
    /// When the input was read held back, and let go of what it gives up.
    pub(crate) let_go: Option<Duration>,
    begun: Option<Instant>,
    /// When inputs were opened.
    pub(crate) opened: Vec<Duration>,
    /// Bytes that were given, and are neither delivered nor taken by a processor.
    held: usize,
    pub(crate) most_held: usize,
    pub(crate) acknowledged: Vec<u64>,
    pub(crate) rejected: usize,
    /// What was written: the metadata, and the content of one message.
    pub(crate) written: Vec<(String, Vec<u8>)>,
    /// How many messages came at once.
    pub(crate) sizes: Vec<usize>,
    pub(crate) flagged: usize,
    pub(crate) streamed: Vec<Streamed>,
    pub(crate) given_up: usize,
    /// Slices that processors took.
    pub(crate) slices: usize,
    pub(crate) died: bool,
    pub(crate) stop: Option<Shutdown>,
    stop_after: usize,
    /// Writes that fail until the pipeline is to stop.
    stop_at_failure: Option<usize>,
}

impl World {
    pub(crate) fn new(messages: impl IntoIterator<Item = Vec<u8>>) -> Arc<Self> {
        let mut catalog = Catalog::new();
        catalog.insert(Description::from_json(DESCRIPTION).unwrap()).unwrap();
        catalog.insert(forebay_pipeline_engine::description()).unwrap();
        let steps = (0..).zip(messages).collect();
        let notes = Notes { steps, ..Notes::default() };
        Arc::new(Self { catalog: Arc::new(catalog), notes: Mutex::new(notes) })
    }

    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    pub(crate) fn writing(self: Arc<Self>, writes: impl IntoIterator<Item = Write>) -> Arc<Self> {
        self.notes().writes.extend(writes);
        self
    }

    /// The output can't connect for so long.
    pub(crate) fn away_for(self: Arc<Self>, time: Duration) -> Arc<Self> {
        self.notes().away_for = time;
        self
    }

    /// The input fails when it has given so many messages.
    pub(crate) fn failing_after(self: Arc<Self>, messages: u64) -> Arc<Self> {
        self.notes().fails_after = Some(messages);
        self
    }

    /// The input gives something up when it has given so many messages, and lets go of it when it is held back.
    pub(crate) fn giving_up_after(self: Arc<Self>, messages: u64) -> Arc<Self> {
        self.notes().gives_up_after = Some(messages);
        self
    }

    /// The pipeline is to stop when so many writes have failed.
    pub(crate) fn stopping_at_failure(self: Arc<Self>, failures: usize) -> Arc<Self> {
        {
            let mut notes = self.notes();
            (notes.stop, notes.stop_at_failure) = (Some(Shutdown::new()), Some(failures));
        }
        self
    }

    /// The messages that are not given yet, as lines.
    pub(crate) fn lines(&self) -> Vec<u8> {
        let notes = self.notes();
        let lines: Vec<&[u8]> = notes.steps.iter().map(|(_, text)| text.as_slice()).collect();
        lines.join(&b'\n')
    }

    /// The pipeline is to stop when so many messages were delivered.
    pub(crate) fn stop_after_delivering(&self, messages: usize) {
        let mut notes = self.notes();
        (notes.stop, notes.stop_after) = (Some(Shutdown::new()), messages);
    }
}

impl Notes {
    /// Notes that somebody has taken bytes.
    pub(crate) fn take(&mut self, batch: &Batch) {
        batch.each_payload(|payload| self.held = self.held.saturating_sub(payload.len()));
    }

    /// Notes that a write fails, at which the pipeline may be to stop.
    fn fail(&mut self) {
        self.stop_at_failure = self.stop_at_failure.map(|left| left.saturating_sub(1));
        if let (Some(0), Some(stop)) = (self.stop_at_failure, &self.stop) {
            stop.cancel();
        }
    }

    fn since(&mut self) -> Duration {
        self.begun.get_or_insert_with(Instant::now).elapsed()
    }
}

pub(crate) struct Script(pub(crate) Arc<World>);

#[async_trait]
impl Components for Script {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.0.catalog)
    }

    fn metrics(&self) -> Arc<Metrics> {
        Arc::default()
    }

    async fn open_input(&self, setup: Setup) -> Result<Box<dyn Input>, OpenError> {
        let mut notes = self.0.notes();
        let since = notes.since();
        notes.opened.push(since);
        if setup.name.as_str() == "lines" {
            return Ok(Box::new(Lines::new(&self.0, setup)));
        }
        Ok(Box::new(ScriptedInput { world: Arc::clone(&self.0), setup }))
    }

    async fn open_processor(&self, setup: Setup) -> Result<Box<dyn Processor>, OpenError> {
        Ok(match setup.name.as_str() {
            "upper" => Box::new(Upper(None)),
            _ => Box::new(Gather::new(&self.0, &setup)),
        })
    }

    async fn open_incremental(&self, setup: Setup) -> Result<Box<dyn IncrementalProcessor>, OpenError> {
        Ok(match setup.name.as_str() {
            "upper" => Box::new(Upper(None)),
            _ => Box::new(Gather::new(&self.0, &setup)),
        })
    }

    async fn open_output(&self, setup: Setup) -> Result<Box<dyn Output>, OpenError> {
        Ok(Box::new(ScriptedOutput { world: Arc::clone(&self.0), setup }))
    }

    async fn open_scanner(&self, _: Setup) -> Result<Box<dyn Scanner>, OpenError> {
        Ok(Box::new(Pairs::default()))
    }

    async fn open_cache(&self, _: Setup) -> Result<Box<dyn Cache>, OpenError> {
        unreachable!("there are no caches")
    }

    async fn check_mapping(&self, _: MappingText<'_>) -> Result<(), OpenError> {
        Ok(())
    }

    async fn open_mapping(&self, _: MappingText<'_>, _: &Setup) -> Result<Box<dyn Mapping>, OpenError> {
        Ok(Box::new(IsLast))
    }
}

/// A check that says yes of the message `3`.
struct IsLast;

#[async_trait]
impl Mapping for IsLast {
    async fn apply(&mut self, _: Batch) -> Result<Processed, String> {
        Err("it is a check".to_owned())
    }

    async fn values(&mut self, batch: Batch) -> Result<Batch, String> {
        let values =
            batch.iter().map(|message| Some(if message.payload() == Some(b"3") { "true" } else { "false" }));
        Ok(Batch::from_payloads(values.collect::<Vec<_>>(), batch.independent()))
    }
}

struct ScriptedInput {
    world: Arc<World>,
    setup: Setup,
}

impl ScriptedInput {
    fn settle(&self, settled: Vec<Settlement>) {
        let rereads = self.setup.name.as_str() == "rereading";
        let mut notes = self.world.notes();
        for Settlement { token, outcome, .. } in settled {
            let (number, text) = notes.in_flight.remove(&token.0).unwrap();
            match outcome {
                Outcome::Acknowledged => notes.acknowledged.push(number),
                Outcome::Rejected(rejection) => {
                    notes.rejected += 1;
                    assert!(rereads || rejection.declined || notes.stop.is_some(), "{rejection:?}");
                    if rereads {
                        notes.steps.push_front((number, text));
                    }
                }
            }
        }
    }
}

#[async_trait]
impl Input for ScriptedInput {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        Ok(())
    }

    async fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, ComponentError> {
        self.settle(settled);
        if self.setup.wakes.is_held_back() {
            {
                let mut notes = self.world.notes();
                (notes.let_go, notes.handover) = (Some(notes.since()), None);
            }
            self.setup.wakes.wait(None).await;
            return Ok(Event::Idle);
        }
        let waits = {
            let mut notes = self.world.notes();
            let given = notes.given;
            if notes.fails_after.take_if(|after| *after <= given).is_some() {
                // What is not settled is read again.
                let all = std::mem::take(&mut notes.in_flight);
                all.into_values().rev().for_each(|message| notes.steps.push_front(message));
                return Err(ComponentError::Failed("as told".to_owned()));
            }
            notes.steps.is_empty() && notes.stop.is_some()
        };
        if waits {
            self.setup.wakes.wait(None).await;
            return Ok(Event::Idle);
        }
        let mut notes = self.world.notes();
        let Some((number, text)) = notes.steps.pop_front() else { return Ok(Event::Ended) };
        let token = Token(notes.given);
        notes.given += 1;
        if notes.gives_up_after.take_if(|after| *after == token.0 + 1).is_some() {
            notes.handover = Some(self.setup.wakes.hand_over());
        }
        notes.held += text.len();
        notes.most_held = notes.most_held.max(notes.held);
        let batch = Batch::from_payloads([Some(&text)], true);
        let number_text = number.to_string();
        let metadata = [("number".to_owned(), forebay_pipeline_message::Value::Text(&number_text))];
        notes.in_flight.insert(token.0, (number, text));
        Ok(Event::Batch(token, batch.with_metadata(&metadata)))
    }

    async fn close(&mut self, settled: Vec<Settlement>) {
        self.settle(settled);
    }
}

struct ScriptedOutput {
    world: Arc<World>,
    setup: Setup,
}

/// The number of the first message.
fn first(batch: &Batch) -> String {
    match batch.get(0).and_then(|message| message.metadata("number")) {
        Some(forebay_pipeline_message::Value::Text(number)) => number.to_owned(),
        _ => String::new(),
    }
}

impl ScriptedOutput {
    fn fail() -> WriteError {
        WriteError::Component(ComponentError::Failed("as told".to_owned()))
    }
}

#[async_trait]
impl Output for ScriptedOutput {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        let mut notes = self.world.notes();
        if notes.since() < notes.away_for {
            return Err(ComponentError::Failed("away".to_owned()));
        }
        Ok(())
    }

    async fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let mut notes = self.world.notes();
        match notes.writes.pop_front() {
            Some(Write::NotConnected) => return Err(WriteError::NotConnected("as told".to_owned())),
            Some(_) => {
                notes.fail();
                return Err(Self::fail());
            }
            None => {}
        }
        notes.take(&batch);
        notes.sizes.push(batch.len());
        notes.flagged += batch.errors().map_or(0, |(_, count)| count);
        let first = first(&batch);
        for message in batch.iter() {
            notes.written.push((first.clone(), message.payload().unwrap_or_default().to_vec()));
        }
        if notes.written.len() == notes.stop_after
            && let Some(stop) = &notes.stop
        {
            stop.cancel();
        }
        Ok(Written::default())
    }

    fn streams(&self) -> bool {
        self.setup.config["streams"] == true
    }

    async fn write_stream(
        &mut self,
        head: Batch,
        mut payload: Box<dyn ByteStream>,
    ) -> Result<Written, WriteError> {
        let fails = self.world.notes().writes.pop_front();
        match fails {
            Some(Write::NotConnected) => return Err(WriteError::NotConnected("as told".to_owned())),
            Some(Write::FailAtOnce) => return Err(Self::fail()),
            _ => {}
        }
        let (mut bytes, mut length) = (Vec::new(), 0);
        loop {
            match payload.read(1 << 20).await {
                Ok(piece) if piece.is_empty() => break,
                Ok(piece) => {
                    length += piece.len();
                    // Large ones are only counted.
                    if length < 100 << 20 {
                        bytes.extend_from_slice(&piece);
                    }
                }
                Err(reason) => {
                    self.world.notes().given_up += 1;
                    return Err(WriteError::Component(ComponentError::Failed(reason)));
                }
            }
            if fails == Some(Write::FailMidway) {
                return Err(Self::fail());
            }
        }
        if fails == Some(Write::FailAtTheEnd) {
            return Err(Self::fail());
        }
        self.world.notes().streamed.push(Streamed { first: first(&head), bytes, length });
        Ok(Written::default())
    }

    async fn resolve(&mut self, _: Operation) -> Result<Written, WriteError> {
        unreachable!("nothing is pending")
    }

    async fn close(&mut self) {}
}
