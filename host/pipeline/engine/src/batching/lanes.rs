//! What is collected apart from each other.

use std::collections::HashMap;

use forebay_pipeline_message::Batch;
use tokio::time::Instant;

use super::{Pending, Policy};

/// Messages that are collected together.
pub(super) struct Lane {
    pub(super) pending: Pending,
    /// When a batch of it went on last.
    pub(super) flushed: Instant,
    /// When one goes on in any case.
    pub(super) due: Option<Instant>,
}

/// All lanes, by the values of their messages under the keys that tell them apart.
pub(super) struct Lanes {
    keys: Vec<String>,
    open: HashMap<String, Lane>,
}

impl Lane {
    fn new(policy: &Policy) -> Self {
        let flushed = Instant::now();
        Self { pending: Pending::default(), flushed, due: policy.due(flushed) }
    }
}

impl Lanes {
    /// Without keys there is a single lane, whose clock starts now. A lane of the others begins with its first message.
    pub(super) fn new(keys: Vec<String>, policy: &Policy) -> Self {
        let mut open = HashMap::new();
        if keys.is_empty() {
            open.insert(String::new(), Lane::new(policy));
        }
        Self { keys, open }
    }

    /// Where a batch belongs.
    pub(super) fn of(&mut self, batch: &Batch, policy: &Policy) -> &mut Lane {
        let name = self.name(batch);
        self.open.entry(name).or_insert_with(|| Lane::new(policy))
    }

    /// The values of the first message. Only equal ones are written alike.
    fn name(&self, batch: &Batch) -> String {
        if self.keys.is_empty() {
            return String::new();
        }
        let first = batch.get(0);
        let values = self.keys.iter().map(|key| format!("{:?}", first.and_then(|first| first.metadata(key))));
        values.collect()
    }

    /// Whether something waits anywhere.
    pub(super) fn any_waits(&self) -> bool {
        self.open.values().any(|lane| !lane.pending.is_empty())
    }

    /// Messages that wait.
    pub(super) fn messages(&self) -> usize {
        self.open.values().map(|lane| lane.pending.messages).sum()
    }

    /// When the first of them is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.open.values().filter_map(|lane| lane.due).min()
    }

    /// Those that are due, whose clocks start anew. Of those that begin with a message the empty ones are forgotten.
    pub(super) fn overdue(&mut self, now: Instant) -> impl Iterator<Item = &mut Lane> {
        let is_due = move |lane: &Lane| lane.due.is_some_and(|due| due <= now);
        if !self.keys.is_empty() {
            self.open.retain(|_, lane| !(is_due(lane) && lane.pending.is_empty()));
        }
        for lane in self.open.values_mut().filter(|lane| is_due(lane)) {
            lane.flushed = now;
        }
        self.open.values_mut().filter(move |lane| is_due(lane))
    }

    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Lane> {
        self.open.values_mut()
    }

    /// Forgets lanes in which nothing waits and that have no clock: there may be new ones again and again.
    pub(super) fn forget_empty(&mut self) {
        if !self.keys.is_empty() {
            self.open.retain(|_, lane| lane.due.is_some() || !lane.pending.is_empty());
        }
    }
}
