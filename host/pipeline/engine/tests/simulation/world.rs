//! What all scripted components of a run share: its dice, its notes, and what has gone wrong.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_metrics::Metrics;
use forebay_pipeline_config::Catalog;
use forebay_pipeline_config::spec::Description;
use forebay_pipeline_message::{Batch, Outcome};
use tokio::time::Instant;

use crate::dice::Dice;
use crate::graph::{Graph, Place};

const DESCRIPTION: &str = r#"{"contract": 1, "plugin": {"name": "script"}, "components": [
    {"kind": "input", "name": "script", "config": {"type": "object", "fields": [
        {"name": "id", "type": "int"},
        {"name": "auto_replay_nacks", "type": "bool", "default": true},
        {"name": "batches", "type": "int"},
        {"name": "largest", "type": "int"},
        {"name": "independent", "type": "bool"},
        {"name": "slow", "type": "int"},
        {"name": "troubles", "type": "int"}]}},
    {"kind": "processor", "name": "script", "config": {"type": "object", "fields": [
        {"name": "id", "type": "int"},
        {"name": "does", "type": "string"},
        {"name": "often", "type": "int", "default": 0},
        {"name": "slow", "type": "int", "default": 0},
        {"name": "troubles", "type": "int", "default": 0}]}},
    {"kind": "output", "name": "script", "config": {"type": "object", "fields": [
        {"name": "id", "type": "int"},
        {"name": "max_in_flight", "type": "int", "optional": true},
        {"name": "batching", "type": "object", "optional": true, "fields": [
            {"name": "count", "type": "int", "default": 0},
            {"name": "byte_size", "type": "int", "default": 0},
            {"name": "period", "type": "string", "default": ""},
            {"name": "jitter", "type": "float", "default": 0.0},
            {"name": "check", "type": "string", "default": ""},
            {"name": "processors", "type": "processor", "kind": "array", "default": []}]},
        {"name": "slow", "type": "int"},
        {"name": "troubles", "type": "int"}]}}]}"#;

/// A run.
pub(crate) struct World {
    pub(crate) graph: Graph,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) metrics: Arc<Metrics>,
    notes: Mutex<Notes>,
}

/// What has happened so far.
pub(crate) struct Notes {
    pub(crate) dice: Dice,
    begun: Instant,
    pub(crate) trace: Vec<String>,
    /// What no pipeline may do.
    pub(crate) faults: Vec<String>,
    pub(crate) inputs: BTreeMap<u64, Reading>,
    /// What components still have to fail at, by their kind and number.
    troubles: BTreeMap<(&'static str, u64), u64>,
    /// How often each leaf output has taken each message.
    pub(crate) delivered: BTreeMap<(u64, String), u32>,
    /// What each leaf output was handed, in this order.
    pub(crate) written: BTreeMap<u64, Vec<String>>,
    /// By processor.
    pub(crate) dropped: BTreeSet<(u64, String)>,
    pub(crate) copied: BTreeSet<(u64, String)>,
    /// What was acknowledged, with its input.
    pub(crate) acknowledged: Vec<(u64, String)>,
    /// Messages that something has failed for.
    pub(crate) troubled: BTreeSet<String>,
    /// Whether an instance was lost, which takes others with it.
    pub(crate) lost: bool,
    /// For each message another one that was in a batch with it.
    beside: BTreeMap<String, String>,
    /// Instances that are open.
    pub(crate) open: i64,
    /// Whether an input could not be opened; what was opened with it is then given up.
    pub(crate) refused_to_open: bool,
}

/// How far an input is, over all its instances.
#[derive(Default)]
pub(crate) struct Reading {
    pub(crate) batches: u64,
    pub(crate) messages: u64,
    /// What was refused, and is read again.
    pub(crate) again: VecDeque<Vec<String>>,
    pub(crate) ended: bool,
}

/// The messages in a payload.
pub(crate) fn names(payload: Option<&[u8]>) -> Vec<String> {
    let text = String::from_utf8_lossy(payload.unwrap_or_default()).into_owned();
    text.trim_end_matches('@').split('+').map(str::to_owned).collect()
}

/// The messages of each message of a batch.
pub(crate) fn each(batch: &Batch) -> Vec<Vec<String>> {
    batch.iter().map(|message| names(message.payload())).collect()
}

/// What a processor calls its copy of a message.
pub(crate) fn copy(name: &str, processor: u64) -> String {
    format!("{name}'{processor}")
}

impl World {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let mut catalog = Catalog::new();
        catalog.insert(Description::from_json(DESCRIPTION).unwrap()).unwrap();
        catalog.insert(forebay_pipeline_engine::description()).unwrap();
        let notes = Notes {
            dice: Dice::new(!seed),
            begun: Instant::now(),
            trace: Vec::new(),
            faults: Vec::new(),
            inputs: BTreeMap::new(),
            troubles: BTreeMap::new(),
            delivered: BTreeMap::new(),
            written: BTreeMap::new(),
            dropped: BTreeSet::new(),
            copied: BTreeSet::new(),
            acknowledged: Vec::new(),
            troubled: BTreeSet::new(),
            lost: false,
            beside: BTreeMap::new(),
            open: 0,
            refused_to_open: false,
        };
        Arc::new(Self {
            graph: Graph::draw(seed),
            catalog: Arc::new(catalog),
            metrics: Arc::default(),
            notes: Mutex::new(notes),
        })
    }

    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An input hears what became of a batch of its own.
    pub(crate) fn settled(&self, input: u64, batch: &[String], outcome: Outcome, replays: bool) {
        let mut notes = self.notes();
        notes.note(format!("input {input}: {batch:?} {outcome:?}"));
        let refused: BTreeSet<usize> = match outcome {
            Outcome::Acknowledged => BTreeSet::new(),
            Outcome::Rejected(rejection) => {
                let allowed = if rejection.declined { self.graph.traits.declines } else { !replays };
                if !allowed {
                    notes.fault(format!("{batch:?} was refused: {rejection:?}"));
                }
                let all = || (0..batch.len()).collect();
                rejection.messages.map_or_else(all, |some| some.iter().map(|index| *index as usize).collect())
            }
        };
        for (index, name) in batch.iter().enumerate() {
            if refused.contains(&index) {
                continue;
            }
            notes.acknowledged.push((input, name.clone()));
            if !self.graph.traits.buffered && !self.has_arrived(&notes, input, name) {
                notes.fault(format!("{name} was acknowledged, but is nowhere"));
            }
        }
        let again: Vec<String> = refused.iter().filter_map(|index| batch.get(*index).cloned()).collect();
        if !replays && !again.is_empty() {
            notes.trouble(&again);
            notes.inputs.entry(input).or_default().again.push_back(again);
        }
    }

    /// Whether a message of an input is wherever it has to be, or was dropped on purpose.
    pub(crate) fn has_arrived(&self, notes: &Notes, input: u64, name: &str) -> bool {
        let processors = usize::try_from(input).ok().and_then(|input| self.graph.inputs.get(input));
        self.is_behind(notes, processors.map_or(&[], Vec::as_slice), &self.graph.output, name)
    }

    fn is_behind(&self, notes: &Notes, processors: &[u64], place: &Place, name: &str) -> bool {
        let Some((processor, rest)) = processors.split_first() else { return self.is_at(notes, place, name) };
        let this = (*processor, name.to_owned());
        if notes.dropped.contains(&this) {
            return true;
        }
        let copied = notes.copied.contains(&this);
        (!copied || self.is_behind(notes, rest, place, &copy(name, *processor)))
            && self.is_behind(notes, rest, place, name)
    }

    fn is_at(&self, notes: &Notes, place: &Place, name: &str) -> bool {
        match place {
            Place::Leaf(id) => notes.delivered.contains_key(&(*id, name.to_owned())),
            Place::All(places) => places.iter().all(|place| self.is_at(notes, place, name)),
            Place::Any(places) => places.iter().any(|place| self.is_at(notes, place, name)),
            Place::Cases { place, count, cases } => {
                let case = usize::try_from(case_of(*place, *count, name)).ok();
                case.and_then(|case| cases.get(case)).is_none_or(|case| self.is_at(notes, case, name))
            }
            Place::UnlessRefused { inner, impatient } => {
                *impatient || self.is_at(notes, inner, name) || self.may_come_again(notes, name)
            }
            Place::Behind(processors, inner) => self.is_behind(notes, processors, inner, name),
            Place::Nowhere => true,
        }
    }

    /// Whether something has failed for a message, or for one that was with it.
    pub(crate) fn may_come_again(&self, notes: &Notes, name: &str) -> bool {
        if self.graph.traits.batches {
            return !notes.troubled.is_empty();
        }
        let root = notes.root(name);
        notes.troubled.iter().any(|troubled| notes.root(troubled) == root)
    }
}

/// The case of a message in a switch.
pub(crate) fn case_of(place: u64, count: u64, name: &str) -> u64 {
    crate::dice::fixed(place + 1_000, name) % count
}

impl Notes {
    pub(crate) fn note(&mut self, what: String) {
        let at = self.begun.elapsed().as_millis();
        self.trace.push(format!("{at} {what}"));
    }

    pub(crate) fn fault(&mut self, what: String) {
        self.note(format!("FAULT {what}"));
        self.faults.push(what);
    }

    /// Whether a component fails now: so often in a hundred times, as long as it is to at all.
    pub(crate) fn fails(&mut self, kind: &'static str, id: u64, most: u64, often: u64) -> bool {
        let left = *self.troubles.entry((kind, id)).or_insert(most);
        let fails = left > 0 && self.dice.percent(often);
        if fails {
            self.troubles.insert((kind, id), left - 1);
        }
        fails
    }

    pub(crate) fn trouble(&mut self, names: &[String]) {
        self.troubled.extend(names.iter().cloned());
    }

    /// Notes that messages are in one batch.
    pub(crate) fn together<'n>(&mut self, names: impl IntoIterator<Item = &'n String>) {
        let mut names = names.into_iter();
        let Some(first) = names.next() else { return };
        for name in names {
            let (one, other) = (self.root(first), self.root(name));
            if one != other {
                self.beside.insert(one, other);
            }
        }
    }

    fn root(&self, name: &str) -> String {
        let mut name = name;
        while let Some(other) = self.beside.get(name) {
            name = other;
        }
        name.to_owned()
    }
}
