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
use forebay_pipeline_message::{Batch, Message};
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

/// A record whose bytes are in a buffer with all others.
struct Plan {
    topic: TopicName,
    partition: Option<PartitionId>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Vec<(Range<usize>, Range<usize>)>,
    timestamp: Option<Timestamp>,
}

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

impl Routes<'_> {
    /// The records of all messages that can be sent. Their bytes are held until the last of them is done with.
    ///
    /// `permits` says whether a topic may be written; only `manual` routes look at partitions.
    ///
    /// # Errors
    /// When the component holds too much already.
    pub(super) fn records(
        &self,
        messages: &Batch,
        headers: &Headers,
        manual: bool,
        permits: impl Fn(&str) -> Result<(), String>,
        held: &Arc<Held>,
    ) -> Result<Made, HoldsTooMuch> {
        let mut made = Made::default();
        let mut buffer = Vec::with_capacity(messages.byte_size());
        let mut plans = Vec::with_capacity(messages.len());
        let mut topics: HashMap<&[u8], Result<TopicName, Failure>> = HashMap::new();
        for (index, message) in messages.iter().enumerate() {
            let number = u32::try_from(index).unwrap_or(u32::MAX);
            let topic = self
                .topic
                .get(index)
                .and_then(|text| topics.entry(text).or_insert_with(|| named(text, &permits)).clone());
            match topic.and_then(|topic| self.plan(index, message, topic, manual)) {
                Ok(plan) => {
                    plans.push(self.write(plan, index, message, headers, &mut buffer));
                    made.indexes.push(number);
                }
                Err(failure) => add(&mut made.unsent, failure, number),
            }
        }
        made.bytes = buffer.len();
        let buffer = held.hold(buffer)?;
        made.records = plans.into_iter().map(|plan| plan.record(&buffer)).collect();
        Ok(made)
    }

    /// What is said of a message beside its bytes.
    fn plan(
        &self,
        index: usize,
        message: Message<'_>,
        topic: TopicName,
        manual: bool,
    ) -> Result<Plan, Failure> {
        let told = |column: &Option<Column<'_>>| {
            column.map(|column| column.get(index).map(<[u8]>::to_vec)).transpose()
        };
        let partition = match told(&self.partition)? {
            Some(text) if manual => Some(partition(&text)?),
            None if manual => return Err(invalid("the partition is missing")),
            _ => None,
        };
        let timestamp = told(&self.timestamp)?.map(|text| number(&text, "timestamp")).transpose()?;
        // Errors of a key come before anything of the record is written.
        told(&self.key)?;
        let is_tombstone = told(&self.tombstone)?.as_deref() == Some(b"true")
            || (self.keeps_nulls && message.payload().is_none());
        let value = (!is_tombstone).then_some(0..0);
        let timestamp = timestamp.map(Timestamp::from_millis);
        Ok(Plan { topic, partition, key: None, value, headers: Vec::new(), timestamp })
    }

    /// Puts the bytes of a record behind those of the others.
    fn write(
        &self,
        mut plan: Plan,
        index: usize,
        message: Message<'_>,
        headers: &Headers,
        buffer: &mut Vec<u8>,
    ) -> Plan {
        let mut put = |bytes: &[u8]| {
            let start = buffer.len();
            buffer.extend_from_slice(bytes);
            start..buffer.len()
        };
        let key = self.key.and_then(|key| key.get(index).ok());
        plan.key = key.filter(|key| *key != b"null").map(&mut put);
        plan.value = plan.value.map(|_| put(message.payload().unwrap_or_default()));
        if !headers.is_empty() {
            let included = message.metadata_entries().filter(|(key, _)| headers.includes(key));
            plan.headers = included.map(|(key, value)| (put(key.as_bytes()), put(&shown(value)))).collect();
        }
        plan
    }
}

impl Plan {
    fn record(self, buffer: &Bytes) -> ProducerRecord {
        let Self { topic, partition, key, value, headers, timestamp } = self;
        let header = |(key, value): (Range<usize>, Range<usize>)| RecordHeader {
            key: buffer.slice(key),
            value: Some(buffer.slice(value)),
        };
        ProducerRecord {
            topic,
            partition,
            key: key.map(|range| buffer.slice(range)),
            value: value.map(|range| buffer.slice(range)),
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
mod tests {
    use forebay_columns::MetadataWriter;

    use super::*;

    fn made(routes: &Routes<'_>, messages: &Batch, headers: &Headers, manual: bool) -> Made {
        let permits = |topic: &str| if topic == "secret" { Err("no grant".to_owned()) } else { Ok(()) };
        routes.records(messages, headers, manual, permits, &Held::new(1 << 20)).unwrap()
    }

    fn to(topic: Column<'_>) -> Routes<'_> {
        Routes { topic, key: None, partition: None, timestamp: None, tombstone: None, keeps_nulls: false }
    }

    fn batch(payloads: &[Option<&str>]) -> Batch {
        Batch::from_payloads(payloads.iter().copied(), true)
    }

    #[test]
    fn each_message_goes_where_its_texts_say() {
        let messages = batch(&[Some("a"), Some("b"), None, None]);
        let topics = batch(&[Some("t"), Some("secret"), Some("t"), Some("not a topic")]);
        let keys = batch(&[Some("k"), Some("k"), Some("null"), None]);
        let routes = Routes {
            key: Some(Column::Each(&keys)),
            timestamp: Some(Column::Constant(b"12")),
            ..to(Column::Each(&topics))
        };
        let made = made(&routes, &messages, &Headers::default(), false);
        assert_eq!(made.indexes, [0, 2]);
        let [first, second] = made.records.as_slice() else { panic!("two can be sent") };
        assert_eq!((first.key.as_deref(), first.value.as_deref()), (Some(&b"k"[..]), Some(&b"a"[..])));
        assert_eq!((second.key.as_deref(), second.value.as_deref()), (None, Some(&b""[..])));
        assert_eq!(first.timestamp, Some(Timestamp::from_millis(12)));
        let unsent: Vec<_> =
            made.unsent.iter().map(|unsent| (unsent.failure.kind, unsent.messages.clone())).collect();
        assert_eq!(unsent, [(FailureKind::Unauthorized, vec![1]), (FailureKind::Invalid, vec![3])]);
    }

    #[test]
    fn a_tombstone_is_sent_where_it_is_asked_for() {
        let messages = batch(&[Some("a"), None]);
        let tombstones = batch(&[Some("true"), Some("false")]);
        let topic = Column::Constant(b"t");
        let nulls = |routes: Routes<'_>| {
            let made = made(&routes, &messages, &Headers::default(), false);
            made.records.iter().map(|record| record.value.is_none()).collect::<Vec<_>>()
        };
        assert_eq!(nulls(to(topic)), [false, false]);
        assert_eq!(nulls(Routes { keeps_nulls: true, ..to(topic) }), [false, true]);
        assert_eq!(nulls(Routes { tombstone: Some(Column::Each(&tombstones)), ..to(topic) }), [true, false]);
    }

    #[test]
    fn partitions_count_where_they_are_chosen_by_hand() {
        let messages = batch(&[Some("a"), Some("b"), Some("c")]);
        let partitions = batch(&[Some("2"), Some("x"), Some("-1")]).with_errors([]);
        let routes = Routes { partition: Some(Column::Each(&partitions)), ..to(Column::Constant(b"t")) };
        let by_hand = made(&routes, &messages, &Headers::default(), true);
        assert_eq!(by_hand.records[0].partition, Some(PartitionId::new(2).unwrap()));
        assert!(by_hand.unsent[0].failure.reason.contains("partition parse error"));
        assert_eq!(by_hand.indexes, [0]);
        let others = made(&routes, &messages, &Headers::default(), false);
        assert!(others.records.iter().all(|record| record.partition.is_none()));
        let missing = made(&to(Column::Constant(b"t")), &messages, &Headers::default(), true);
        assert_eq!(missing.unsent[0].messages, [0, 1, 2]);
    }

    #[test]
    fn a_text_that_could_not_be_made_fails_its_message() {
        let messages = batch(&[Some("a"), Some("b")]);
        let keys = batch(&[Some("k"), Some("")]).with_errors([(1, "no such field")]);
        let routes = Routes { key: Some(Column::Each(&keys)), ..to(Column::Constant(b"t")) };
        let made = made(&routes, &messages, &Headers::default(), false);
        assert_eq!((made.indexes.as_slice(), made.unsent[0].messages.as_slice()), (&[0][..], &[1][..]));
        assert_eq!(made.unsent[0].failure.reason, "no such field");
    }

    #[test]
    fn metadata_becomes_headers_where_a_filter_includes_it() {
        let mut metadata = MetadataWriter::default();
        metadata.push("x_id", Value::Signed(-7));
        metadata.push("x_at", Value::Timestamp { seconds: 1, nanoseconds: 500_000_000 });
        metadata.push("trace", Value::Null);
        metadata.push("other", Value::Text("no"));
        metadata.end_message();
        let messages = Batch::from_parts([Some(&b"v"[..])], true, metadata, []);
        let filter = HeaderFilter {
            include_prefixes: vec!["x_".to_owned()],
            include_patterns: vec!["^tr".to_owned()],
        };
        let made = made(&to(Column::Constant(b"t")), &messages, &Headers::new(filter).unwrap(), false);
        let headers: Vec<_> = made.records[0]
            .headers
            .iter()
            .map(|header| (header.key.to_vec(), header.value.clone().unwrap().to_vec()))
            .collect();
        let expected = [("x_id", "-7"), ("x_at", "1970-01-01T00:00:01.5Z"), ("trace", "null")];
        assert_eq!(headers, expected.map(|(key, value)| (key.into(), value.into())));
    }
}
