//! Records, made of batches of messages.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use forebay_columns::Value;
use forebay_kafka_client::ProducerRecord;
use forebay_kafka_wire::RecordHeader;
use forebay_lifecycle::clock;
use forebay_model::{PartitionId, Timestamp, TopicName};
use forebay_pipeline_message::{Batch, Message, PayloadRun};
use regex::Regex;

use crate::bindings::forebay::kafka::kafka::{
    Failure, FailureKind, HeaderFilter, KafkaError, Routes as WitRoutes, Texts, Unsent,
};
use crate::guest::Guest;
use crate::held::{Held, HoldsTooMuch};
use crate::limits::Refusal;

/// Where the messages of a batch go.
pub(super) struct Routes<'a> {
    topic: Column<'a>,
    key: Option<Column<'a>>,
    partition: Option<Column<'a>>,
    timestamp: Option<Column<'a>>,
    tombstone: Option<Column<'a>>,
    keeps_nulls: bool,
}

/// A text for each message.
#[derive(Clone, Copy)]
enum Column<'a> {
    Constant(&'a [u8]),
    Each(&'a Batch),
}

/// Which metadata becomes headers.
#[derive(Debug, Clone, Default)]
pub(super) struct Headers {
    prefixes: Vec<String>,
    patterns: Vec<Regex>,
}

/// Records that can be sent, and messages that can't.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) records: Vec<ProducerRecord>,
    /// Of which message each record is.
    pub(super) indexes: Vec<u32>,
    pub(super) unsent: Vec<Unsent>,
    /// Of keys, values and headers.
    pub(super) bytes: usize,
}

/// Records that there is no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoRoom {
    #[error("too much is under way, wait for other sends: {0}")]
    Now(HoldsTooMuch),
    #[error("the records of a batch have {bytes} bytes, {limit} may be held at once; send smaller batches")]
    Ever { bytes: usize, limit: usize },
}

/// A record that can be made of a message.
struct Plan<'a> {
    message: Message<'a>,
    /// In which of the batch's runs of payloads it is.
    run: usize,
    topic: TopicName,
    partition: Option<PartitionId>,
    key: Option<&'a [u8]>,
    is_tombstone: bool,
    timestamp: Option<Timestamp>,
}

/// Where the bytes of a record are: in a buffer with those of all others, unless it is said otherwise.
struct Written {
    key: Option<Range<usize>>,
    value: Option<Payload>,
    headers: Vec<(Range<usize>, Range<usize>)>,
}

enum Payload {
    Copied(Range<usize>),
    /// Where it was in the batch.
    Kept(Bytes),
}

/// Payloads stay where they are when there are so many bytes of them together, and at least so large a share of what
/// stays in memory with them.
const LEAST_KEPT: usize = 4 << 10;
const LEAST_SHARE: usize = 2;

impl Guest {
    /// The routes of a batch of so many messages.
    pub(super) fn routes<'a>(
        &'a self,
        routes: &'a WitRoutes,
        messages: &Batch,
    ) -> wasmtime::Result<Routes<'a>> {
        let column = |texts: &'a Texts| -> wasmtime::Result<Column<'a>> {
            match texts {
                Texts::Constant(text) => Ok(Column::Constant(text)),
                Texts::Each(batch) => {
                    let batch = self.batch(batch)?;
                    if batch.len() == messages.len() {
                        return Ok(Column::Each(batch));
                    }
                    let (found, expected) = (batch.len(), messages.len());
                    Err(Refusal::contract(format!("a route has {found} texts for {expected} messages")))
                }
            }
        };
        let maybe = |texts: &'a Option<Texts>| texts.as_ref().map(column).transpose();
        let WitRoutes { topic, key, partition, timestamp, tombstone, keeps_nulls } = routes;
        Ok(Routes {
            topic: column(topic)?,
            key: maybe(key)?,
            partition: maybe(partition)?,
            timestamp: maybe(timestamp)?,
            tombstone: maybe(tombstone)?,
            keeps_nulls: *keeps_nulls,
        })
    }
}

impl<'a> Column<'a> {
    /// The text of a message.
    fn get(self, index: usize) -> Result<&'a [u8], Failure> {
        match self {
            Self::Constant(text) => Ok(text),
            Self::Each(batch) => {
                let message = batch.get(index).ok_or_else(|| invalid("there is no text for it"))?;
                match message.error() {
                    Some(error) => Err(invalid(error)),
                    None => Ok(message.payload().unwrap_or_default()),
                }
            }
        }
    }
}

impl Headers {
    /// # Errors
    /// Says which pattern is none.
    pub(super) fn new(filter: HeaderFilter) -> Result<Self, KafkaError> {
        let HeaderFilter { include_prefixes, include_patterns } = filter;
        let pattern = |text: &String| {
            Regex::new(text).map_err(|error| {
                KafkaError::Invalid(format!(
                    "the pattern `{text}` of metadata is no regular expression: {error}"
                ))
            })
        };
        let patterns = include_patterns.iter().map(pattern).collect::<Result<_, _>>()?;
        Ok(Self { prefixes: include_prefixes, patterns })
    }

    fn includes(&self, key: &str) -> bool {
        self.prefixes.iter().any(|prefix| key.starts_with(prefix.as_str()))
            || self.patterns.iter().any(|pattern| pattern.is_match(key))
    }

    fn is_empty(&self) -> bool {
        self.prefixes.is_empty() && self.patterns.is_empty()
    }
}

impl<'a> Routes<'a> {
    /// The records of all messages that can be sent. Their bytes are held until the last of them is done with.
    ///
    /// `permits` says whether a topic may be written; only `manual` routes look at partitions.
    ///
    /// # Errors
    /// When the component holds too much already, or these alone are too much.
    pub(super) fn records(
        &self,
        messages: &'a Batch,
        headers: &Headers,
        manual: bool,
        permits: impl Fn(&str) -> Result<(), String>,
        held: &Arc<Held>,
    ) -> Result<Made, NoRoom> {
        let mut made = Made::default();
        let mut plans = Vec::with_capacity(messages.len());
        let mut topics = Topics { permits, known: HashMap::new(), last: None };
        let mut kept = Vec::new();
        let mut all = messages.iter().enumerate();
        for (run, payloads) in messages.payload_runs().enumerate() {
            let mut sent = 0;
            for (index, message) in all.by_ref().take(payloads.messages) {
                let topic = self.topic.get(index).and_then(|text| topics.named(text));
                let number = u32::try_from(index).unwrap_or(u32::MAX);
                match topic.and_then(|topic| self.plan((index, message), run, topic, manual)) {
                    Ok(plan) => {
                        sent += plan.payload().map_or(0, <[u8]>::len);
                        plans.push(plan);
                        made.indexes.push(number);
                    }
                    Err(failure) => add(&mut made.unsent, failure, number),
                }
            }
            kept.push(stays(payloads, sent, held));
        }
        let written = match write(&plans, headers, &kept, held) {
            Ok(written) => written,
            Err(_) => {
                // Copies are less than what would be kept with payloads.
                drop(kept);
                write(&plans, headers, &[], held)?
            }
        };
        let (written, buffer, bytes) = written;
        made.bytes = bytes;
        made.records =
            plans.into_iter().zip(written).map(|(plan, written)| plan.record(written, &buffer)).collect();
        Ok(made)
    }

    /// What is said of a message beside its payload.
    fn plan(
        &self,
        (index, message): (usize, Message<'a>),
        run: usize,
        topic: TopicName,
        manual: bool,
    ) -> Result<Plan<'a>, Failure> {
        let told = |column: Option<Column<'a>>| column.map(|column| column.get(index)).transpose();
        let partition = match told(self.partition)? {
            Some(text) if manual => Some(partition(text)?),
            None if manual => return Err(invalid("the partition is missing")),
            _ => None,
        };
        let timestamp = told(self.timestamp)?.map(|text| number(text, "timestamp")).transpose()?;
        let timestamp = timestamp.map(Timestamp::from_millis);
        let key = told(self.key)?.filter(|key| *key != b"null");
        let is_tombstone =
            told(self.tombstone)? == Some(b"true") || (self.keeps_nulls && message.payload().is_none());
        Ok(Plan { message, run, topic, partition, key, is_tombstone, timestamp })
    }
}

/// The topics of a batch, of which there are few.
struct Topics<'a, P> {
    permits: P,
    known: HashMap<&'a [u8], Result<TopicName, Failure>>,
    /// Most messages go where the one before has gone.
    last: Option<(&'a [u8], Result<TopicName, Failure>)>,
}

impl<'a, P: Fn(&str) -> Result<(), String>> Topics<'a, P> {
    fn named(&mut self, text: &'a [u8]) -> Result<TopicName, Failure> {
        if let Some((last, topic)) = &self.last
            && *last == text
        {
            return topic.clone();
        }
        let topic = self.known.entry(text).or_insert_with(|| named(text, &self.permits)).clone();
        self.last = Some((text, topic.clone()));
        topic
    }
}

/// The memory of payloads of which so many bytes are sent, held with all that stays there with them; none where they are
/// to be copied.
fn stays(payloads: PayloadRun, sent: usize, held: &Arc<Held>) -> Option<Bytes> {
    let PayloadRun { messages: _, memory, kept } = payloads;
    if sent < LEAST_KEPT || sent.saturating_mul(LEAST_SHARE) < kept {
        return None;
    }
    held.hold_as(memory, kept).ok()
}

/// Puts the bytes of all records together, but for payloads that are kept: where they are, in which buffer, and how many.
fn write(
    plans: &[Plan<'_>],
    headers: &Headers,
    kept: &[Option<Bytes>],
    held: &Arc<Held>,
) -> Result<(Vec<Written>, Bytes, usize), NoRoom> {
    let memory = |plan: &Plan<'_>| kept.get(plan.run).and_then(Option::as_ref);
    let copied = plans.iter().filter(|plan| memory(plan).is_none());
    let room = copied.map(|plan| plan.payload().map_or(0, <[u8]>::len)).sum();
    let (mut buffer, mut kept_bytes) = (Vec::with_capacity(room), 0);
    let mut written = Vec::with_capacity(plans.len());
    for plan in plans {
        let mut put = |bytes: &[u8]| {
            let start = buffer.len();
            buffer.extend_from_slice(bytes);
            start..buffer.len()
        };
        let key = plan.key.map(&mut put);
        let value = plan.payload().map(|payload| match memory(plan) {
            Some(memory) => {
                kept_bytes += payload.len();
                Payload::Kept(memory.slice_ref(payload))
            }
            None => Payload::Copied(put(payload)),
        });
        let mut said = Vec::new();
        if !headers.is_empty() {
            let included = plan.message.metadata_entries().filter(|(key, _)| headers.includes(key));
            said.extend(included.map(|(key, value)| (put(key.as_bytes()), put(&shown(value)))));
        }
        written.push(Written { key, value, headers: said });
    }
    let (copied, limit) = (buffer.len(), held.limit());
    match held.hold(buffer) {
        Ok(buffer) => Ok((written, buffer, copied + kept_bytes)),
        Err(_) if copied > limit => Err(NoRoom::Ever { bytes: copied, limit }),
        Err(full) => Err(NoRoom::Now(full)),
    }
}

impl<'a> Plan<'a> {
    /// What becomes the value of the record; none in a tombstone.
    fn payload(&self) -> Option<&'a [u8]> {
        (!self.is_tombstone).then(|| self.message.payload().unwrap_or_default())
    }

    fn record(self, written: Written, buffer: &Bytes) -> ProducerRecord {
        let Self { message: _, run: _, topic, partition, key: _, is_tombstone: _, timestamp } = self;
        let Written { key, value, headers } = written;
        let header = |(key, value): (Range<usize>, Range<usize>)| RecordHeader {
            key: buffer.slice(key),
            value: Some(buffer.slice(value)),
        };
        let value = value.map(|value| match value {
            Payload::Copied(range) => buffer.slice(range),
            Payload::Kept(bytes) => bytes,
        });
        ProducerRecord {
            topic,
            partition,
            key: key.map(|range| buffer.slice(range)),
            value,
            headers: headers.into_iter().map(header).collect(),
            timestamp,
        }
    }
}

/// Adds a message to those that share a failure.
pub(super) fn add(unsent: &mut Vec<Unsent>, failure: Failure, index: u32) {
    let same =
        |known: &&mut Unsent| known.failure.kind == failure.kind && known.failure.reason == failure.reason;
    // Failures of one send tend to be the same, or there are few.
    match unsent.iter_mut().rev().take(8).find(same) {
        Some(known) => known.messages.push(index),
        None => unsent.push(Unsent { failure, messages: vec![index] }),
    }
}

fn named(text: &[u8], permits: &impl Fn(&str) -> Result<(), String>) -> Result<TopicName, Failure> {
    let text = std::str::from_utf8(text).map_err(|_| invalid("the name of a topic is no text"))?;
    let name: TopicName = text.parse().map_err(|error| invalid(format!("topic {text:?}: {error}")))?;
    permits(text).map_err(|reason| Failure { kind: FailureKind::Unauthorized, reason })?;
    Ok(name)
}

fn partition(text: &[u8]) -> Result<PartitionId, Failure> {
    let number = number(text, "partition")?;
    let partition = i32::try_from(number).ok().and_then(|number| PartitionId::new(number).ok());
    partition.ok_or_else(|| invalid(format!("partition parse error: {number} is the number of none")))
}

fn number(text: &[u8], what: &str) -> Result<i64, Failure> {
    let text = String::from_utf8_lossy(text);
    text.trim().parse().map_err(|_| invalid(format!("{what} parse error: {text:?} is no integer")))
}

fn invalid(reason: impl Into<String>) -> Failure {
    Failure { kind: FailureKind::Invalid, reason: reason.into() }
}

/// A value as Bento writes it into a header.
fn shown(value: Value<'_>) -> Cow<'_, [u8]> {
    match value {
        Value::Null => Cow::Borrowed(b"null"),
        Value::Text(text) | Value::Json(text) => Cow::Borrowed(text.as_bytes()),
        Value::Bytes(bytes) => Cow::Borrowed(bytes),
        Value::Bool(value) => Cow::Owned(value.to_string().into_bytes()),
        Value::Signed(value) => Cow::Owned(value.to_string().into_bytes()),
        Value::Unsigned(value) => Cow::Owned(value.to_string().into_bytes()),
        Value::Float(value) => Cow::Owned(value.to_string().into_bytes()),
        Value::Timestamp { seconds, nanoseconds } => Cow::Owned(moment(seconds, nanoseconds).into_bytes()),
    }
}

/// As RFC 3339 has it, with as many digits behind the second as there are. Before 1970: seconds.
fn moment(seconds: i64, nanoseconds: u32) -> String {
    let Ok(since) = u64::try_from(seconds) else { return format!("{seconds}.{nanoseconds:09}") };
    let whole = clock::rfc3339(UNIX_EPOCH + Duration::from_secs(since));
    if nanoseconds == 0 {
        return whole;
    }
    let digits = format!("{nanoseconds:09}");
    format!("{}.{}Z", whole.trim_end_matches('Z'), digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests;
