//! Records of topics that are not known yet, and topics that there were not a moment ago. Nothing here waits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::Backoff;
use forebay_model::{PartitionId, TopicName};
use kafka_protocol::error::ResponseError;
use tokio::time::Instant;

use super::pushing::{Pushed, Unfit};
use super::{Entry, State};
use crate::failure::Failure;
use crate::metadata::TopicMetadata;
use crate::producer::ProducerSettings;

#[derive(Debug, Default)]
pub(in crate::producer) struct Unknown {
    /// Those that are looked for.
    topics: BTreeMap<TopicName, Looked>,
    /// Those that there were not.
    missing: BTreeMap<TopicName, Missing>,
}

/// A topic that is looked for: until it is known, no record of it passes those that wait here.
#[derive(Debug)]
struct Looked {
    /// What batches of these records came in.
    number: u64,
    waiting: VecDeque<Waiting>,
    next: Instant,
    backoff: Backoff,
    /// How often there was none.
    looks: usize,
    last: Option<Failure>,
}

#[derive(Debug)]
struct Waiting {
    partition: Option<PartitionId>,
    entry: Entry,
    since: Instant,
}

#[derive(Debug)]
struct Missing {
    failure: Failure,
    asked: Instant,
}

/// Before its records are refused, a topic that there is not is looked for so often.
const LOOKS: usize = 5;
/// For so long after that, its records are refused at once.
const REFUSED: Duration = Duration::from_secs(1);
/// Topics that there were not are remembered until they are so many: then the one that was asked for first is forgotten.
const MOST_MISSING: usize = 1_000;
/// Topics that are asked for at a time.
const TOGETHER: usize = 200;

impl State {
    /// Takes records of a topic: into batches where it is known, and else to wait until it is, in their order.
    pub(in crate::producer) fn accept(
        &mut self,
        settings: &ProducerSettings,
        (name, told): (&TopicName, Option<&TopicMetadata>),
        entries: impl IntoIterator<Item = (Option<PartitionId>, Entry)>,
    ) -> Pushed {
        if self.is_closed {
            let refused = entries.into_iter().map(|(partition, entry)| (partition, entry, Failure::Closed));
            return Pushed { has_work: false, refused: refused.collect() };
        }
        let is_looked_for = self.unknown.topics.contains_key(name);
        if let Some(told) = told.filter(|_| !is_looked_for) {
            return self.push(settings, told, entries);
        }
        let now = Instant::now();
        let Self { unknown: Unknown { topics, missing }, numbers, .. } = self;
        let looked = topics.entry(name.clone()).or_insert_with(|| {
            *numbers += 1;
            // One that there was not is looked for once more, unless looking for it makes it.
            let was_missing = missing.contains_key(name) && !settings.creates_topics;
            Looked {
                number: *numbers,
                waiting: VecDeque::new(),
                next: now,
                backoff: Backoff::new(Duration::from_millis(50), Duration::from_secs(1)),
                looks: if was_missing { LOOKS - 1 } else { 0 },
                last: None,
            }
        });
        looked.waiting.extend(entries.into_iter().map(|(partition, entry)| {
            let entry = Entry { came_in: Some(looked.number), ..entry };
            Waiting { partition, entry, since: now }
        }));
        Pushed { has_work: !is_looked_for, refused: Vec::new() }
    }

    /// What has come of looking for a topic: the records that are refused.
    pub(in crate::producer) fn found(
        &mut self,
        settings: &ProducerSettings,
        name: &TopicName,
        found: Result<Arc<TopicMetadata>, Failure>,
    ) -> Vec<Unfit> {
        let failure = match found {
            Ok(topic) => {
                self.unknown.missing.remove(name);
                let Some(Looked { waiting, .. }) = self.unknown.topics.remove(name) else {
                    return Vec::new();
                };
                let entries = waiting.into_iter().map(|Waiting { partition, entry, .. }| (partition, entry));
                return self.push(settings, &topic, entries).refused;
            }
            Err(failure) => failure,
        };
        let Some(looked) = self.unknown.topics.get_mut(name) else { return Vec::new() };
        let is_unknown = failure.code() == Some(ResponseError::UnknownTopicOrPartition);
        looked.looks += usize::from(is_unknown);
        if failure.is_retriable() && looked.looks < LOOKS {
            looked.next = Instant::now() + looked.backoff.pause();
            looked.last = Some(failure);
            return Vec::new();
        }
        let waiting = std::mem::take(&mut looked.waiting);
        self.unknown.topics.remove(name);
        if is_unknown {
            self.unknown.is_missing(name, failure.clone());
        }
        waiting.into_iter().map(|waiting| waiting.refused(&failure)).collect()
    }
}

impl Unknown {
    /// Why records of a topic are refused at once, if they are.
    pub(in crate::producer) fn refuses(&self, name: &TopicName) -> Option<Failure> {
        let missing = self.missing.get(name).filter(|missing| missing.asked.elapsed() < REFUSED)?;
        Some(missing.failure.clone())
    }

    fn is_missing(&mut self, name: &TopicName, failure: Failure) {
        if self.missing.len() >= MOST_MISSING && !self.missing.contains_key(name) {
            let oldest = self.missing.iter().min_by_key(|(_, missing)| missing.asked);
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|oldest| self.missing.remove(&oldest));
        }
        self.missing.insert(name.clone(), Missing { failure, asked: Instant::now() });
    }

    /// The topics to look for now, those that have waited longest for it first.
    pub(in crate::producer) fn due(&self) -> Vec<TopicName> {
        let now = Instant::now();
        let mut due: Vec<_> = self.topics.iter().filter(|(_, looked)| looked.next <= now).collect();
        due.sort_by_key(|(_, looked)| looked.next);
        due.into_iter().take(TOGETHER).map(|(name, _)| name.clone()).collect()
    }

    /// When to look for the next topic.
    pub(in crate::producer) fn next(&self) -> Option<Instant> {
        self.topics.values().map(|looked| looked.next).min()
    }

    /// When the first record is given up.
    pub(in crate::producer) fn given_up(&self, settings: &ProducerSettings) -> Option<Instant> {
        let firsts = self.topics.values().filter_map(|looked| looked.waiting.front());
        firsts.map(|first| first.since + settings.delivery_timeout).min()
    }

    /// Takes out what has waited for too long, by topic; where the order is to be kept, with all that is behind it.
    pub(in crate::producer) fn late(&mut self, settings: &ProducerSettings) -> Vec<(TopicName, Vec<Unfit>)> {
        let (now, after) = (Instant::now(), settings.delivery_timeout);
        let mut late = Vec::new();
        self.topics.retain(|name, looked| {
            let is_late = |waiting: &&Waiting| waiting.since + after <= now;
            let mut count = looked.waiting.iter().take_while(is_late).count();
            if count == 0 {
                return true;
            }
            if settings.strict_order {
                count = looked.waiting.len();
            }
            let reason = looked.last.clone().unwrap_or(Failure::TimedOut { after });
            let given_up = looked.waiting.drain(..count).map(|waiting| waiting.refused(&reason));
            late.push((name.clone(), given_up.collect()));
            !looked.waiting.is_empty()
        });
        late
    }

    /// Takes out all that waits, by topic: nobody looks any more.
    pub(in crate::producer) fn close(&mut self) -> Vec<(TopicName, Vec<Unfit>)> {
        let topics = std::mem::take(&mut self.topics).into_iter();
        let refused = topics.map(|(name, Looked { waiting, last, .. })| {
            let reason = last.unwrap_or(Failure::Closed);
            (name, waiting.into_iter().map(|waiting| waiting.refused(&reason)).collect())
        });
        refused.collect()
    }

    /// Whether all that waits came in later than `last`.
    pub(in crate::producer) fn is_flushed(&self, last: u64) -> bool {
        self.topics.values().all(|looked| looked.number > last)
    }
}

impl Waiting {
    fn refused(self, reason: &Failure) -> Unfit {
        (self.partition, self.entry, reason.clone())
    }
}
