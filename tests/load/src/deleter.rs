//! Deletes records while others write and read them: on demand, and by what the topic keeps.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{
    DeleteRecordsRequest, IncrementalAlterConfigsRequest, ListOffsetsRequest, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use crate::addresses::Addresses;
use crate::connection::Connection;
use crate::history::{Deleted, Event, Recorder, Try};
use crate::random::Random;

const DELETE_RECORDS: i16 = 2;
const LIST_OFFSETS: i16 = 7;
const INCREMENTAL_ALTER_CONFIGS: i16 = 1;
/// Kafka's number for the end of a log.
const LATEST: i64 = -1;
/// Kafka's number for topics.
const TOPIC: i8 = 2;

/// Whoever deletes.
#[derive(Debug)]
pub struct Deleter {
    topic: TopicName,
    partitions: i32,
    addresses: Addresses,
    timeout: Duration,
    recorder: Recorder,
    random: Random,
}

impl Deleter {
    pub(crate) fn new(
        topic: &str,
        partitions: i32,
        (addresses, timeout): (Addresses, Duration),
        recorder: Recorder,
        seed: u64,
    ) -> Self {
        let topic = TopicName(StrBytes::from_string(topic.to_owned()));
        Self { topic, partitions, addresses, timeout, recorder, random: Random(seed) }
    }

    /// Deletes up to somewhere in some partition. Returns how many records were to go at most.
    ///
    /// # Errors
    /// When no agent does it; it may be done.
    pub async fn delete_some(&mut self) -> anyhow::Result<i64> {
        let partition = i32::try_from(self.random.index(usize::try_from(self.partitions)?))?;
        let address = self.addresses.get(self.random.index(8)).context("no agent is there")?;
        let mut connection = Connection::open(address, self.timeout).await?;
        let wanted = ListOffsetsPartition::default().with_partition_index(partition).with_timestamp(LATEST);
        let topic = ListOffsetsTopic::default().with_name(self.topic.clone()).with_partitions(vec![wanted]);
        let request = ListOffsetsRequest::default().with_topics(vec![topic]);
        let answer = connection.ask(LIST_OFFSETS, &request).await?;
        let end = answer.topics.first().and_then(|topic| topic.partitions.first()).context("an end")?;
        ensure!(end.error_code == 0, "error {} of the end", end.error_code);
        let before = i64::try_from(self.random.below(u64::try_from(end.offset)? + 1))?;

        let wanted = DeleteRecordsPartition::default().with_partition_index(partition).with_offset(before);
        let topic = DeleteRecordsTopic::default().with_name(self.topic.clone()).with_partitions(vec![wanted]);
        let request = DeleteRecordsRequest::default().with_topics(vec![topic]).with_timeout_ms(5_000);
        let began = self.recorder.moment();
        let answer = connection.ask(DELETE_RECORDS, &request).await;
        let deleted = answer.as_ref().ok().and_then(|answer| answer.topics.first()?.partitions.first());
        let low_watermark =
            deleted.filter(|deleted| deleted.error_code == 0).map(|deleted| deleted.low_watermark);
        let during = Try { began, ended: self.recorder.moment() };
        self.recorder.add(Event::Deleted(Deleted { during, partition, before, low_watermark }));
        answer?;
        Ok(before)
    }

    /// Has the topic keep so many bytes of each partition, at least.
    ///
    /// # Errors
    /// When no agent does it.
    pub async fn keep(&self, bytes: u64) -> anyhow::Result<()> {
        let address = self.addresses.get(0).context("no agent is there")?;
        let mut connection = Connection::open(address, self.timeout).await?;
        let config = AlterableConfig::default()
            .with_name(StrBytes::from_static_str("retention.bytes"))
            .with_value(Some(StrBytes::from_string(bytes.to_string())));
        let resource = AlterConfigsResource::default()
            .with_resource_type(TOPIC)
            .with_resource_name(self.topic.0.clone())
            .with_configs(vec![config]);
        let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
        self.recorder.add(Event::RetentionSet);
        let answer = connection.ask(INCREMENTAL_ALTER_CONFIGS, &request).await?;
        let code = answer.responses.first().context("an answer")?.error_code;
        ensure!(code == 0, "error {code}");
        Ok(())
    }
}
