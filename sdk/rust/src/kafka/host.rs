//! Clusters as the host has them.

use std::time::Duration;

use super::consumer::{ConsumerSettings, Event, Fetched, Group, Position, Start, TopicPartition};
use super::error::{KafkaError, KafkaFailure};
use super::producer::{Partitioner, ProducerSettings, Routes, Unsent};
use super::settings::{ClusterSettings, Login, Tls, Token};
use crate::bindings::capabilities::forebay::{http::client::TlsOptions, kafka::kafka as wit};
use crate::config::Values;
use crate::http::Text;
use crate::{Batch, Operation};

pub(super) struct Cluster(wit::Cluster);
pub(super) struct Consumer(wit::Consumer);
pub(super) struct Producer(wit::Producer);

impl Cluster {
    pub(super) fn open(settings: ClusterSettings) -> Result<Self, KafkaError> {
        Ok(Self(wit::Cluster::open(&settings.into())?))
    }

    pub(super) fn ping(&self, timeout: Duration) -> Result<(), KafkaError> {
        Ok(self.0.ping(nanoseconds(timeout))?)
    }

    pub(super) fn consumer(&self, settings: ConsumerSettings) -> Result<Consumer, KafkaError> {
        Ok(Consumer(self.0.consumer(&settings.into())?))
    }

    pub(super) fn producer(&self, settings: ProducerSettings) -> Result<Producer, KafkaError> {
        Ok(Producer(self.0.producer(&settings.into())?))
    }
}

impl Consumer {
    pub(super) fn poll(&self, time: Option<Duration>) -> Event {
        self.0.poll(time.map(nanoseconds)).into()
    }

    pub(super) fn pause(&self, partitions: &[TopicPartition]) {
        self.0.pause(&listed(partitions));
    }

    pub(super) fn resume(&self, partitions: &[TopicPartition]) {
        self.0.resume(&listed(partitions));
    }

    pub(super) fn seek(&self, partition: &TopicPartition, start: Start) {
        self.0.seek(&partition.clone().into(), start.into());
    }

    pub(super) fn commit(&self, positions: &[Position], timeout: Duration) -> Result<(), KafkaError> {
        Ok(self.0.commit(&places(positions), nanoseconds(timeout))?)
    }

    pub(super) fn start_commit(&self, positions: &[Position], timeout: Duration) -> Result<(), KafkaError> {
        Ok(self.0.start_commit(&places(positions), nanoseconds(timeout))?)
    }

    pub(super) fn release(&self) {
        self.0.release();
    }

    pub(super) fn close(self, timeout: Duration) {
        wit::Consumer::close(self.0, nanoseconds(timeout));
    }
}

impl Producer {
    pub(super) fn send(&self, messages: &Batch, routes: &Routes<'_>) -> Result<Operation, KafkaError> {
        let Routes { topic, key, partition, timestamp, tombstone, keeps_nulls } = routes;
        let routes = wit::Routes {
            topic: texts(topic),
            key: key.as_ref().map(texts),
            partition: partition.as_ref().map(texts),
            timestamp: timestamp.as_ref().map(texts),
            tombstone: tombstone.as_ref().map(texts),
            keeps_nulls: *keeps_nulls,
        };
        Ok(self.0.send(messages.handle().resource(), &routes)?.into())
    }

    pub(super) fn failures(&self, operation: &Operation) -> Vec<Unsent> {
        let Some(operation) = operation.resource() else { return Vec::new() };
        let told = self.0.failures(operation).into_iter();
        told.map(|wit::Unsent { failure, messages }| Unsent { failure: failure.into(), messages }).collect()
    }
}

fn texts<'a>(values: &'a Values<'_>) -> wit::Texts<'a> {
    match values {
        Values::Constant(text) => wit::Texts::Constant(text.as_bytes().to_vec()),
        Values::Each(batch) => wit::Texts::Each(batch.handle().resource()),
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn places(positions: &[Position]) -> Vec<wit::Position> {
    positions.iter().cloned().map(wit::Position::from).collect()
}

fn listed(partitions: &[TopicPartition]) -> Vec<wit::TopicPartition> {
    partitions.iter().cloned().map(wit::TopicPartition::from).collect()
}

impl From<ClusterSettings> for wit::ClusterSettings {
    fn from(settings: ClusterSettings) -> Self {
        let ClusterSettings {
            seed_brokers,
            client_id,
            rack,
            tls,
            logins,
            metadata_max_age,
            connect_timeout,
            request_timeout,
        } = settings;
        Self {
            seed_brokers,
            client_id,
            rack,
            tls: tls.map(TlsOptions::from),
            logins: logins.into_iter().map(wit::Login::from).collect(),
            metadata_max_age: metadata_max_age.map(nanoseconds),
            connect_timeout: connect_timeout.map(nanoseconds),
            request_timeout: request_timeout.map(nanoseconds),
        }
    }
}

impl From<Tls> for TlsOptions {
    fn from(Tls { skip_verification, extra_roots, identity }: Tls) -> Self {
        let (certificate, key) = identity.map_or((None, None), |(chain, key)| (Some(chain), Some(key)));
        Self {
            skip_verification,
            extra_roots: extra_roots.map(Text::into_wit),
            certificate: certificate.map(Text::into_wit),
            key: key.map(Text::into_wit),
        }
    }
}

impl From<Login> for wit::Login {
    fn from(login: Login) -> Self {
        let credentials = |username: Text, password: Text| wit::Credentials {
            username: username.into_wit(),
            password: password.into_wit(),
        };
        match login {
            Login::Plain { username, password } => Self::Plain(credentials(username, password)),
            Login::ScramSha256 { username, password } => Self::ScramSha256(credentials(username, password)),
            Login::ScramSha512 { username, password } => Self::ScramSha512(credentials(username, password)),
            Login::Bearer { token, extensions } => {
                let extension =
                    |(name, value): (String, Text)| wit::Extension { name, value: value.into_wit() };
                let extensions = extensions.into_iter().map(extension).collect();
                let token = match token {
                    Token::Given(token) => wit::Token::Given(token.into_wit()),
                    Token::Fetched(client) => wit::Token::Fetched(client.into_wit()),
                };
                Self::Oauthbearer(wit::Bearer { token, extensions })
            }
            Login::AwsMskIam { region, id, secret, session_token } => Self::AwsMskIam(wit::AccessKey {
                region,
                id: id.into_wit(),
                secret: secret.into_wit(),
                session_token: session_token.map(Text::into_wit),
            }),
        }
    }
}

impl From<ConsumerSettings> for wit::ConsumerSettings {
    fn from(settings: ConsumerSettings) -> Self {
        let ConsumerSettings {
            group,
            topics,
            matching,
            partitions,
            start,
            isolation,
            fetch_min_bytes,
            fetch_max_bytes,
            fetch_max_partition_bytes,
            fetch_max_wait,
            most,
            multi_header,
            lag,
        } = settings;
        let partitions = partitions
            .into_iter()
            .map(|(partition, start)| wit::StartOf { partition: partition.into(), start: start.into() });
        Self {
            group: group.map(wit::GroupSettings::from),
            topics,
            matching,
            partitions: partitions.collect(),
            start: start.into(),
            isolation,
            fetch_min_bytes,
            fetch_max_bytes,
            fetch_max_partition_bytes,
            fetch_max_wait: fetch_max_wait.map(nanoseconds),
            most,
            multi_header,
            lag,
        }
    }
}

impl From<Group> for wit::GroupSettings {
    fn from(group: Group) -> Self {
        let Group { id, instance, balancers, session_timeout, heartbeat_interval, rebalance_timeout } = group;
        Self {
            id,
            instance,
            balancers,
            session_timeout: session_timeout.map(nanoseconds),
            heartbeat_interval: heartbeat_interval.map(nanoseconds),
            rebalance_timeout: rebalance_timeout.map(nanoseconds),
        }
    }
}

impl From<ProducerSettings> for wit::ProducerSettings {
    fn from(settings: ProducerSettings) -> Self {
        let ProducerSettings {
            partitioner,
            idempotent,
            acks,
            compression,
            include_prefixes,
            include_patterns,
            max_message_bytes,
            broker_write_max_bytes,
            max_buffered_records,
            timeout,
            delivery_timeout,
            linger,
            strict_order,
            creates_topics,
        } = settings;
        Self {
            partitioner: partitioner.into(),
            idempotent,
            acks,
            compression,
            headers: wit::HeaderFilter { include_prefixes, include_patterns },
            max_message_bytes,
            broker_write_max_bytes,
            max_buffered_records,
            timeout: timeout.map(nanoseconds),
            delivery_timeout: delivery_timeout.map(nanoseconds),
            linger: linger.map(nanoseconds),
            strict_order,
            creates_topics,
        }
    }
}

impl From<Partitioner> for wit::Partitioner {
    fn from(partitioner: Partitioner) -> Self {
        match partitioner {
            Partitioner::StickyKey => Self::StickyKey,
            Partitioner::Murmur2Hash => Self::Murmur2Hash,
            Partitioner::RoundRobin => Self::RoundRobin,
            Partitioner::LeastBackup => Self::LeastBackup,
            Partitioner::UniformBytes { bytes, adaptive, keys } => {
                Self::UniformBytes(wit::UniformBytes { bytes, adaptive, keys })
            }
            Partitioner::Manual => Self::Manual,
        }
    }
}

impl From<TopicPartition> for wit::TopicPartition {
    fn from(TopicPartition { topic, partition }: TopicPartition) -> Self {
        Self { topic, partition }
    }
}

impl From<wit::TopicPartition> for TopicPartition {
    fn from(wit::TopicPartition { topic, partition }: wit::TopicPartition) -> Self {
        Self { topic, partition }
    }
}

impl From<Position> for wit::Position {
    fn from(Position { source, next }: Position) -> Self {
        Self { partition: source.into(), next }
    }
}

impl From<Start> for wit::Start {
    fn from(start: Start) -> Self {
        match start {
            Start::Earliest => Self::Earliest,
            Start::Latest => Self::Latest,
            Start::Committed => Self::Committed,
            Start::At(offset) => Self::At(offset),
            Start::Time(milliseconds) => Self::Time(milliseconds),
        }
    }
}

impl From<wit::Event> for Event {
    fn from(event: wit::Event) -> Self {
        let own = |all: Vec<wit::TopicPartition>| all.into_iter().map(TopicPartition::from).collect();
        match event {
            wit::Event::Fetched(wit::Fetched { source, first, next, high_watermark, messages }) => {
                let (source, messages) = (source.into(), messages.into());
                Self::Fetched(Fetched { source, first, next, high_watermark, messages })
            }
            wit::Event::Assigned(partitions) => Self::Assigned(own(partitions)),
            wit::Event::Revoked(partitions) => Self::Revoked(own(partitions)),
            wit::Event::Lost(partitions) => Self::Lost(own(partitions)),
            wit::Event::Committed(ended) => Self::Committed(ended.map_err(KafkaError::from)),
            wit::Event::Failed(failure) => Self::Failed(failure.into()),
            wit::Event::Woken(woken) => Self::Woken(woken),
        }
    }
}

impl From<wit::Failure> for KafkaFailure {
    fn from(wit::Failure { kind, reason }: wit::Failure) -> Self {
        Self { kind, reason }
    }
}

impl From<wit::KafkaError> for KafkaError {
    fn from(error: wit::KafkaError) -> Self {
        match error {
            wit::KafkaError::Denied(message) => Self::Denied(message),
            wit::KafkaError::Invalid(message) => Self::Invalid(message),
            wit::KafkaError::Failed(failure) => Self::Failed(failure.into()),
        }
    }
}
