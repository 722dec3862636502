use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use forebay_columns::{BlockWriter, MetadataWriter, Value};
use serde_json::json;

use super::{KafkaBroker, KafkaRecord, Scripted, is_match, offset};
use crate::Batch;
use crate::kafka::{
    ConsumerSettings, Event, FailureKind, Fetched, KafkaError, KafkaFailure, Position, Start, TopicPartition,
};
use crate::testing::wait;

/// A consumer of a test.
#[derive(Debug)]
pub(crate) struct Consumer {
    broker: KafkaBroker,
    settings: ConsumerSettings,
    state: RefCell<Reading>,
}

#[derive(Debug, Default)]
struct Reading {
    /// Where each partition that is assigned is read on.
    places: BTreeMap<TopicPartition, i64>,
    /// Those that others have.
    given_away: BTreeSet<TopicPartition>,
    paused: BTreeSet<TopicPartition>,
    events: VecDeque<Event>,
    /// What waits to be released.
    revoked: VecDeque<Vec<TopicPartition>>,
    /// What is committed while reading goes on.
    committing: Option<Vec<Position>>,
    /// Which was read last.
    last: Option<TopicPartition>,
}

impl Consumer {
    pub(super) fn new(broker: KafkaBroker, settings: ConsumerSettings) -> Self {
        Self { broker, settings, state: RefCell::default() }
    }

    /// What there is comes before what is pending, so that a test can have an input take all of it and return.
    pub(crate) fn poll(&self, time: Option<Duration>) -> Event {
        self.look_for_new();
        let is_held = self.broker.0.borrow().holds_commits;
        let ends = self.state.borrow_mut().committing.take_if(|_| !is_held);
        if let Some(positions) = ends {
            return Event::Committed(self.store(&positions));
        }
        let scripted = || self.broker.0.borrow_mut().script.pop_front();
        let known = self.state.borrow_mut().events.pop_front();
        let event = known.or_else(|| scripted().map(|scripted| self.follow(scripted)));
        event.or_else(|| self.fetch()).unwrap_or_else(|| Event::Woken(wait(time)))
    }

    pub(crate) fn pause(&self, partitions: &[TopicPartition]) {
        self.state.borrow_mut().paused.extend(partitions.iter().cloned());
    }

    pub(crate) fn resume(&self, partitions: &[TopicPartition]) {
        self.state.borrow_mut().paused.retain(|paused| !partitions.contains(paused));
    }

    pub(crate) fn seek(&self, partition: &TopicPartition, start: Start) {
        if let Some(at) = self.place(partition, start) {
            self.state.borrow_mut().places.insert(partition.clone(), at);
        }
    }

    pub(crate) fn commit(&self, positions: &[Position], _: Duration) -> Result<(), KafkaError> {
        self.state.borrow_mut().committing = None;
        self.store(positions)
    }

    pub(crate) fn start_commit(&self, positions: &[Position], _: Duration) -> Result<(), KafkaError> {
        let committing = &mut self.state.borrow_mut().committing;
        if committing.is_some() {
            return Err(KafkaError::Invalid("the commit before has not ended".to_owned()));
        }
        *committing = Some(positions.to_vec());
        Ok(())
    }

    fn store(&self, positions: &[Position]) -> Result<(), KafkaError> {
        self.broker.called("commit")?;
        let Some(group) = &self.settings.group else {
            return Err(KafkaError::Invalid("without a group nothing is committed".to_owned()));
        };
        let state = self.state.borrow();
        let is_own = |source: &TopicPartition| {
            state.places.contains_key(source) || state.revoked.iter().any(|revoked| revoked.contains(source))
        };
        if let Some(Position { source, .. }) = positions.iter().find(|position| !is_own(&position.source)) {
            let failure = KafkaFailure::new(FailureKind::Fenced, format!("{source} is not assigned"));
            return Err(KafkaError::Failed(failure));
        }
        for Position { source, next } in positions {
            self.broker.commit(&group.id, &source.topic, source.partition, *next);
        }
        Ok(())
    }

    pub(crate) fn release(&self) {
        let released = self.state.borrow_mut().revoked.pop_front();
        self.broker.0.borrow_mut().released.extend(released);
    }

    pub(crate) fn close(self, _: Duration) {
        self.broker.0.borrow_mut().closed += 1;
    }

    /// Assigns what was subscribed to and is there since the last look.
    fn look_for_new(&self) {
        let ConsumerSettings { topics, matching, partitions, start, .. } = &self.settings;
        let named = partitions.iter().cloned();
        let found = self.broker.topic_names().into_iter().filter(|name| {
            topics.iter().any(|topic| if *matching { is_match(topic, name) } else { topic == name })
        });
        let found = found.flat_map(|topic| self.broker.partitions(&topic));
        let wanted = named.chain(found.map(|partition| (partition, *start)));
        let mut assigned = Vec::new();
        for (partition, start) in wanted {
            let is_known = {
                let state = self.state.borrow();
                state.places.contains_key(&partition) || state.given_away.contains(&partition)
            };
            if !is_known && self.begin(&partition, start) {
                assigned.push(partition);
            }
        }
        if !assigned.is_empty() {
            self.state.borrow_mut().events.push_back(Event::Assigned(assigned));
        }
    }

    /// Starts to read a partition, from what was committed where there is that.
    fn begin(&self, partition: &TopicPartition, start: Start) -> bool {
        let group = self.settings.group.as_ref();
        let committed =
            group.and_then(|group| self.broker.committed(&group.id, &partition.topic, partition.partition));
        let Some(at) = committed.or_else(|| self.place(partition, start)) else {
            let reason = format!("{partition}: nothing is committed, and there is no place to start from");
            let mut state = self.state.borrow_mut();
            state.given_away.insert(partition.clone());
            state.events.push_back(Event::Failed(KafkaFailure::new(FailureKind::OutOfRange, reason)));
            return false;
        };
        self.state.borrow_mut().places.insert(partition.clone(), at);
        true
    }

    fn place(&self, partition: &TopicPartition, start: Start) -> Option<i64> {
        let records = self.broker.records(&partition.topic, partition.partition);
        match start {
            Start::Earliest => Some(0),
            Start::Latest => Some(offset(records.len())),
            Start::Committed => None,
            Start::At(at) => Some(at),
            Start::Time(from) => {
                let found = records.iter().position(|record| record.timestamp >= from);
                Some(offset(found.unwrap_or(records.len())))
            }
        }
    }

    fn follow(&self, scripted: Scripted) -> Event {
        match scripted {
            Scripted::Assigned(partitions) => {
                for partition in &partitions {
                    self.state.borrow_mut().given_away.remove(partition);
                    self.begin(partition, self.settings.start);
                }
                Event::Assigned(partitions)
            }
            Scripted::Revoked(partitions) => {
                self.give_away(&partitions);
                self.state.borrow_mut().revoked.push_back(partitions.clone());
                Event::Revoked(partitions)
            }
            Scripted::Lost(partitions) => {
                self.give_away(&partitions);
                Event::Lost(partitions)
            }
            Scripted::Failed(failure) => Event::Failed(failure),
        }
    }

    fn give_away(&self, partitions: &[TopicPartition]) {
        let mut state = self.state.borrow_mut();
        state.places.retain(|place, _| !partitions.contains(place));
        state.paused.retain(|place| !partitions.contains(place));
        state.given_away.extend(partitions.iter().cloned());
    }

    /// What is there of the next partition, each in its turn.
    fn fetch(&self) -> Option<Event> {
        let mut state = self.state.borrow_mut();
        let last = state.last.clone();
        let is_later = |place: &TopicPartition| last.as_ref().is_none_or(|last| place > last);
        let (later, earlier): (Vec<_>, Vec<_>) = state
            .places
            .iter()
            .map(|(place, at)| (place.clone(), *at))
            .partition(|(place, _)| is_later(place));
        for (source, at) in later.into_iter().chain(earlier) {
            let records = self.broker.records(&source.topic, source.partition);
            let from = usize::try_from(at).unwrap_or_default();
            if state.paused.contains(&source) || from >= records.len() {
                continue;
            }
            let most = self.settings.most.map_or(usize::MAX, |most| most as usize).max(1);
            let end = records.len().min(from.saturating_add(most));
            let high_watermark = offset(records.len());
            let messages = self.batch(&source, from, &records[from..end], high_watermark);
            state.places.insert(source.clone(), offset(end));
            state.last = Some(source.clone());
            return Some(Event::Fetched(Fetched {
                source,
                first: offset(from),
                next: offset(end),
                high_watermark,
                messages,
            }));
        }
        None
    }

    /// Messages as hosts make them of records.
    fn batch(
        &self,
        source: &TopicPartition,
        first: usize,
        records: &[KafkaRecord],
        high_watermark: i64,
    ) -> Batch {
        let mut block = BlockWriter::with_capacity(records.len(), 0);
        let mut metadata = MetadataWriter::default();
        for (index, record) in records.iter().enumerate() {
            match &record.value {
                Some(value) => block.push(value),
                None => block.push_null(),
            }
            let at = offset(first + index);
            let lists = if self.settings.multi_header { lists(&record.headers) } else { Vec::new() };
            let mut entries: Vec<(&str, Value<'_>)> = Vec::new();
            entries.extend(record.key.as_deref().map(|key| ("kafka_key", text(key))));
            entries.extend([
                ("kafka_topic", Value::Text(&source.topic)),
                ("kafka_partition", Value::Signed(source.partition.into())),
                ("kafka_offset", Value::Signed(at)),
                ("kafka_timestamp_unix", Value::Signed(record.timestamp.div_euclid(1000))),
                ("kafka_timestamp_unix_ms", Value::Signed(record.timestamp)),
                ("kafka_tombstone_message", Value::Bool(record.value.is_none())),
            ]);
            entries
                .extend(self.settings.lag.then_some(("kafka_lag", Value::Signed(high_watermark - at - 1))));
            let plain = record.headers.iter().map(|(key, value)| (key.as_str(), text(value)));
            let listed = lists.iter().map(|(key, value)| (key.as_str(), Value::Json(value)));
            let headers: Vec<_> = if self.settings.multi_header { listed.collect() } else { plain.collect() };
            for (key, value) in headers {
                entries.retain(|(known, _)| *known != key);
                entries.push((key, value));
            }
            entries.into_iter().for_each(|(key, value)| metadata.push(key, value));
            metadata.end_message();
        }
        block.set_metadata(metadata);
        block.set_independent(true);
        Batch::from_block(block)
    }
}

/// All values of each header, as arrays of texts.
fn lists(headers: &[(String, Vec<u8>)]) -> Vec<(String, String)> {
    let mut lists: Vec<(String, Vec<String>)> = Vec::new();
    for (key, value) in headers {
        let value = String::from_utf8_lossy(value).into_owned();
        match lists.iter_mut().find(|(known, _)| known == key) {
            Some((_, values)) => values.push(value),
            None => lists.push((key.clone(), vec![value])),
        }
    }
    lists.into_iter().map(|(key, values)| (key, json!(values).to_string())).collect()
}

fn text(bytes: &[u8]) -> Value<'_> {
    std::str::from_utf8(bytes).map_or(Value::Bytes(bytes), Value::Text)
}
