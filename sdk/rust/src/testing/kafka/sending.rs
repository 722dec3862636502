use std::borrow::Cow;

use forebay_columns::Value;

use super::{KafkaBroker, KafkaRecord, is_match};
use crate::config::Values;
use crate::kafka::{FailureKind, KafkaError, KafkaFailure, Partitioner, ProducerSettings, Routes, Unsent};
use crate::testing::now;
use crate::{Batch, Message, Operation};

/// A producer of a test.
#[derive(Debug)]
pub(crate) struct Producer {
    broker: KafkaBroker,
    settings: ProducerSettings,
}

impl Producer {
    pub(super) fn new(broker: KafkaBroker, settings: ProducerSettings) -> Self {
        Self { broker, settings }
    }

    pub(crate) fn send(&self, messages: &Batch, routes: &Routes<'_>) -> Result<Operation, KafkaError> {
        self.broker.called("send")?;
        let mut unsent: Vec<Unsent> = Vec::new();
        for (index, message) in messages.messages().enumerate() {
            let Err(failure) = self.send_one(message, routes) else { continue };
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            match unsent.iter_mut().find(|known| known.failure == failure) {
                Some(known) => known.messages.push(index),
                None => unsent.push(Unsent { failure, messages: vec![index] }),
            }
        }
        let outcome = unsent.first().map_or(Ok(()), |unsent| Err(unsent.failure.reason.clone()));
        let mut state = self.broker.0.borrow_mut();
        state.operations += 1;
        let id = state.operations;
        state.unsent.insert(id, unsent);
        Ok(Operation::ended(id, outcome))
    }

    pub(crate) fn failures(&self, operation: &Operation) -> Vec<Unsent> {
        self.broker.0.borrow_mut().unsent.remove(&operation.id()).unwrap_or_default()
    }

    fn send_one(&self, message: Message<'_>, routes: &Routes<'_>) -> Result<(), KafkaFailure> {
        let Routes { topic, key, partition, timestamp, tombstone, keeps_nulls } = routes;
        let index = message.index();
        let topic = text(topic, index)?;
        let topic = String::from_utf8(topic.into_owned())
            .map_err(|_| invalid("the name of a topic is no text".to_owned()))?;
        let key = told(key, index)?.filter(|key| **key != *b"null");
        let is_tombstone = told(tombstone, index)?.is_some_and(|text| *text == *b"true");
        let timestamp = match told(timestamp, index)? {
            Some(text) => number(&text, "timestamp")?,
            None => i64::try_from(now().as_millis()).unwrap_or(i64::MAX),
        };
        let broken = {
            let mut state = self.broker.0.borrow_mut();
            let at = state.broken.iter().position(|(broken, _)| *broken == topic);
            at.and_then(|at| state.broken.remove(at))
        };
        if let Some((_, failure)) = broken {
            return Err(failure);
        }
        if self.broker.partitions(&topic).is_empty() {
            if !self.settings.creates_topics {
                let reason = format!("there is no topic {topic}");
                return Err(KafkaFailure::new(FailureKind::UnknownTopic, reason));
            }
            self.broker.topic(&topic, 1);
        }
        let count = i64::try_from(self.broker.partitions(&topic).len()).unwrap_or(1);
        let partition = match (&self.settings.partitioner, &key) {
            (Partitioner::Manual, _) => match told(partition, index)? {
                Some(text) => number(&text, "partition")?,
                None => return Err(invalid("the partition is missing".to_owned())),
            },
            (_, Some(key)) => key.iter().map(|byte| i64::from(*byte)).sum::<i64>() % count,
            (_, None) => 0,
        };
        if !(0..count).contains(&partition) {
            let reason = format!("there is no partition {partition} of {topic}");
            return Err(KafkaFailure::new(FailureKind::UnknownTopic, reason));
        }
        let value = match message.payload() {
            _ if is_tombstone => None,
            None if *keeps_nulls => None,
            payload => Some(payload.unwrap_or_default().to_vec()),
        };
        let record =
            KafkaRecord { key: key.map(Cow::into_owned), value, headers: self.headers(message), timestamp };
        let partition = i32::try_from(partition).unwrap_or_default();
        self.broker.append(&topic, partition, record);
        Ok(())
    }

    fn headers(&self, message: Message<'_>) -> Vec<(String, Vec<u8>)> {
        let ProducerSettings { include_prefixes, include_patterns, .. } = &self.settings;
        let is_included = |key: &str| {
            include_prefixes.iter().any(|prefix| key.starts_with(prefix))
                || include_patterns.iter().any(|pattern| is_match(pattern, key))
        };
        let shown = |value: Value<'_>| match value {
            Value::Text(text) | Value::Json(text) => text.as_bytes().to_vec(),
            Value::Bytes(bytes) => bytes.to_vec(),
            Value::Null => b"null".to_vec(),
            Value::Bool(value) => value.to_string().into_bytes(),
            Value::Signed(value) => value.to_string().into_bytes(),
            Value::Unsigned(value) => value.to_string().into_bytes(),
            Value::Float(value) => value.to_string().into_bytes(),
            Value::Timestamp { seconds, nanoseconds } => format!("{seconds}.{nanoseconds:09}").into_bytes(),
        };
        let included = message.metadata_entries().filter(|(key, _)| is_included(key));
        included.map(|(key, value)| (key.to_owned(), shown(value))).collect()
    }
}

fn text<'a>(values: &'a Values<'_>, index: usize) -> Result<Cow<'a, [u8]>, KafkaFailure> {
    match values {
        Values::Constant(text) => Ok(Cow::Borrowed(text.as_bytes())),
        Values::Each(batch) => {
            let message = batch.message(index);
            match message.error() {
                Some(error) => Err(invalid(error.to_owned())),
                None => Ok(Cow::Borrowed(message.bytes())),
            }
        }
    }
}

/// The same where it may be left out.
fn told<'a>(values: &'a Option<Values<'_>>, index: usize) -> Result<Option<Cow<'a, [u8]>>, KafkaFailure> {
    values.as_ref().map(|values| text(values, index)).transpose()
}

fn number(text: &[u8], what: &str) -> Result<i64, KafkaFailure> {
    let text = String::from_utf8_lossy(text);
    text.trim().parse().map_err(|_| invalid(format!("{what} parse error: `{text}` is no integer")))
}

fn invalid(reason: String) -> KafkaFailure {
    KafkaFailure::new(FailureKind::Invalid, reason)
}
