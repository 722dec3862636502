use std::time::SystemTime;

use forebay_kafka_wire::{BatchBuilder, Compression};
use forebay_model::{Offset, Timestamp, TopicName};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ApiKey, ProduceRequest};

use crate::connection::Connection;
use crate::error::{ClientError, Refused};
use crate::topics::wire_name;

/// A record to be produced.
pub type KeyAndValue<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

const TIMEOUT_MS: i32 = 30_000;

impl Connection {
    /// Produces records as one batch, with the time `at`, and waits until it is durable: the offset of the first.
    ///
    /// # Errors
    /// When the broker refuses, or it is not known whether it is done.
    pub async fn produce_at(
        &mut self,
        topic: &TopicName,
        partition: i32,
        records: &[KeyAndValue<'_>],
        at: SystemTime,
    ) -> Result<Offset, ClientError> {
        let mut builder = BatchBuilder::new(Offset::ZERO, Compression::None);
        for (key, value) in records {
            builder.push(Timestamp::from(at), *key, *value, &[])?;
        }
        let batch = builder.build()?.into_bytes();
        let data = PartitionProduceData::default().with_index(partition).with_records(Some(batch));
        let data = TopicProduceData::default().with_name(wire_name(topic)).with_partition_data(vec![data]);
        let request =
            ProduceRequest::default().with_acks(-1).with_timeout_ms(TIMEOUT_MS).with_topic_data(vec![data]);
        // From 13 on topics go by id.
        let (_, response) = self.ask(3..=9, &request).await?;
        let api = ApiKey::Produce;
        let missing = || ClientError::Missing { api, what: format!("partition {partition} of {topic}") };
        let answered = response.responses.iter().flat_map(|topic| &topic.partition_responses).next();
        let answered = answered.ok_or_else(missing)?;
        Refused::check(api, answered.error_code, answered.error_message.as_deref())?;
        Offset::new(answered.base_offset).map_err(|_| missing())
    }

    /// The same with the time of the epoch, for whoever does not care about it.
    ///
    /// # Errors
    /// As [`Connection::produce_at`].
    pub async fn produce(
        &mut self,
        topic: &TopicName,
        partition: i32,
        records: &[KeyAndValue<'_>],
    ) -> Result<Offset, ClientError> {
        self.produce_at(topic, partition, records, SystemTime::UNIX_EPOCH).await
    }
}
