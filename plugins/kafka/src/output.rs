mod fields;

use std::collections::HashMap;
use std::rc::Rc;

use forebay_sdk::config::{Interpolated, Values};
use forebay_sdk::kafka::{Cluster, FailureKind, KafkaError, Producer, ProducerSettings, Routes, Unsent};
use forebay_sdk::{Batch, Context, Error, Failure, Operation, Output, Pending, Problem, WriteError, Written};

use crate::cluster::Reach;
use fields::KafkaFranzOutputConfig;

/// Sends records. What a batch has as texts goes from the language to the host, and not through here.
pub(crate) struct KafkaFranzOutput {
    reach: Reach,
    settings: ProducerSettings,
    texts: Texts,
    connected: Option<(Rc<Producer>, Cluster)>,
    /// What is under way: who sends it, and how many messages it has.
    sent: HashMap<u64, (Rc<Producer>, usize)>,
}

/// What may differ from message to message.
struct Texts {
    topic: Interpolated,
    key: Option<Interpolated>,
    partition: Option<Interpolated>,
    timestamp: Option<Timestamp>,
    tombstone: Option<Interpolated>,
}

enum Timestamp {
    Seconds(Interpolated),
    Milliseconds(Interpolated),
}

impl Output for KafkaFranzOutput {
    const NAME: &'static str = "kafka_franz";

    type Config = KafkaFranzOutputConfig;

    fn open(config: KafkaFranzOutputConfig, _: &Context) -> Result<Self, Problem> {
        let settings = config.producer()?;
        let timestamp = config.timestamp.map(Timestamp::Seconds);
        let texts = Texts {
            topic: config.topic,
            key: config.key,
            partition: config.partition,
            timestamp: timestamp.or(config.timestamp_ms.map(Timestamp::Milliseconds)),
            tombstone: config.tombstone,
        };
        let reach = Reach::of(config.cluster)?;
        Ok(Self { reach, settings, texts, connected: None, sent: HashMap::new() })
    }

    fn connect(&mut self) -> Result<(), Error> {
        self.connected = None;
        let cluster = self.reach.connect()?;
        let producer = cluster.producer(self.settings.clone())?;
        self.connected = Some((Rc::new(producer), cluster));
        Ok(())
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let Some((producer, _)) = &self.connected else {
            return Err(WriteError::NotConnected("it is not connected".to_owned()));
        };
        let operation =
            self.texts.routes(&batch, |routes| producer.send(&batch, routes))?.map_err(refused)?;
        self.sent.insert(operation.id(), (Rc::clone(producer), batch.len()));
        Ok(Written {
            failed: Vec::new(),
            pending: vec![Pending { operation, messages: None, resolve: true }],
        })
    }

    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        let id = operation.id();
        let Some((producer, messages)) = self.sent.remove(&id) else {
            return Err(WriteError::Failed(format!("operation {id} is not known")));
        };
        let unsent = producer.failures(&operation);
        if unsent.is_empty() {
            return match operation.outcome() {
                Some(Err(error)) => Err(error.into()),
                _ => Ok(Written::all()),
            };
        }
        let missing: usize = unsent.iter().map(|unsent| unsent.messages.len()).sum();
        if missing == messages
            && let Some(lost) = unsent.iter().find(|unsent| unsent.failure.kind == FailureKind::Disconnected)
        {
            return Err(WriteError::NotConnected(lost.failure.reason.clone()));
        }
        let failed = unsent
            .into_iter()
            .map(|Unsent { failure, messages }| Failure { reason: failure.reason, messages: Some(messages) });
        Ok(Written { failed: failed.collect(), pending: Vec::new() })
    }
}

impl Texts {
    /// Evaluates all texts for the messages of a batch, and does something with them.
    fn routes<T>(&self, batch: &Batch, then: impl FnOnce(&Routes<'_>) -> T) -> Result<T, Error> {
        let Self { topic, key, partition, timestamp, tombstone } = self;
        let timestamp = match timestamp {
            None => None,
            Some(Timestamp::Milliseconds(text)) => Some(text.evaluate(batch)?),
            Some(Timestamp::Seconds(text)) => Some(milliseconds(&text.evaluate(batch)?, batch.len())),
        };
        let routes = Routes {
            topic: topic.evaluate(batch)?,
            key: given(key.as_ref(), batch)?,
            partition: given(partition.as_ref(), batch)?,
            timestamp,
            tombstone: given(tombstone.as_ref(), batch)?,
            keeps_nulls: false,
        };
        Ok(then(&routes))
    }
}

/// The texts of a field that may be left out.
fn given<'a>(text: Option<&'a Interpolated>, batch: &Batch) -> Result<Option<Values<'a>>, Error> {
    text.map(|text| text.evaluate(batch)).transpose()
}

/// The same times in milliseconds. What is no number stays as it is, and is refused with its message.
fn milliseconds(seconds: &Values<'_>, messages: usize) -> Values<'static> {
    let texts = Batch::from_payloads((0..messages).map(|index| {
        let text = seconds.get(index).unwrap_or_default();
        let number = text.trim().parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(1000));
        number.map_or_else(|| text.clone().into_owned(), |number| number.to_string())
    }));
    Values::Each(texts)
}

/// Why nothing of a batch was sent.
fn refused(error: KafkaError) -> WriteError {
    match error {
        KafkaError::Failed(failure) if failure.kind == FailureKind::Disconnected => {
            WriteError::NotConnected(failure.reason)
        }
        error => WriteError::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
