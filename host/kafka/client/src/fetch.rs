use bytes::Bytes;
use forebay_kafka_wire::{BatchError, HEADER_BYTES, Record, RecordBatch};
use forebay_model::{Offset, TopicName};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{ApiKey, FetchRequest, ListOffsetsRequest};

use crate::connection::Connection;
use crate::error::{ClientError, Refused};
use crate::topics::wire_name;

/// Where to fetch from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchStart {
    /// The first record that there is.
    Earliest,
    /// Behind the last one.
    Latest,
    At(Offset),
}

/// What a fetch gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedRecords {
    /// From the offset that was asked for on; none when nothing came within the wait.
    pub records: Vec<Record>,
    /// Where to go on.
    pub next: Offset,
    /// Behind the last record of the partition.
    pub high_watermark: i64,
}

const MAX_BYTES: i32 = 50 << 20;
const MAX_WAIT_MS: i32 = 500;
/// What a batch may decompress to.
const LARGEST_BATCH: usize = 256 << 20;
const EARLIEST: i64 = -2;
const LATEST: i64 = -1;

impl Connection {
    /// Fetches some records of a partition; waits half a second at most where there are none.
    ///
    /// # Errors
    /// When the broker refuses, or sends what are no records.
    pub async fn fetch(
        &mut self,
        topic: &TopicName,
        partition: i32,
        start: FetchStart,
    ) -> Result<FetchedRecords, ClientError> {
        let from = match start {
            FetchStart::At(offset) => offset,
            FetchStart::Earliest => self.offset(topic, partition, EARLIEST).await?,
            FetchStart::Latest => self.offset(topic, partition, LATEST).await?,
        };
        let wanted = FetchPartition::default()
            .with_partition(partition)
            .with_fetch_offset(from.get())
            .with_partition_max_bytes(MAX_BYTES);
        let wanted = FetchTopic::default().with_topic(wire_name(topic)).with_partitions(vec![wanted]);
        let request = FetchRequest::default()
            .with_max_wait_ms(MAX_WAIT_MS)
            .with_min_bytes(1)
            .with_max_bytes(MAX_BYTES)
            .with_session_epoch(-1)
            .with_topics(vec![wanted]);
        // From 13 on topics go by id.
        let (_, response) = self.ask(4..=11, &request).await?;
        let api = ApiKey::Fetch;
        Refused::check(api, response.error_code, None)?;
        let answered = response.responses.into_iter().flat_map(|topic| topic.partitions).next();
        let missing = || ClientError::Missing { api, what: format!("partition {partition} of {topic}") };
        let answered = answered.ok_or_else(missing)?;
        Refused::check(api, answered.error_code, None)?;
        let (records, next) = read(answered.records.unwrap_or_default(), from)?;
        Ok(FetchedRecords { records, next, high_watermark: answered.high_watermark })
    }

    /// The offset that a partition begins or ends with, or the first one at or after a time in milliseconds.
    async fn offset(&mut self, topic: &TopicName, partition: i32, at: i64) -> Result<Offset, ClientError> {
        let asked = ListOffsetsPartition::default().with_partition_index(partition).with_timestamp(at);
        let asked = ListOffsetsTopic::default().with_name(wire_name(topic)).with_partitions(vec![asked]);
        let request = ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![asked]);
        let (_, response) = self.ask(1..=6, &request).await?;
        let api = ApiKey::ListOffsets;
        let missing = || ClientError::Missing { api, what: format!("partition {partition} of {topic}") };
        let answered = response.topics.iter().flat_map(|topic| &topic.partitions).next();
        let answered = answered.ok_or_else(missing)?;
        Refused::check(api, answered.error_code, None)?;
        Offset::new(answered.offset).map_err(|_| missing())
    }
}

/// The records from an offset on, and the offset behind them. The last batch may be cut off, as Kafka's is.
fn read(mut bytes: Bytes, from: Offset) -> Result<(Vec<Record>, Offset), ClientError> {
    let (mut records, mut next) = (Vec::new(), from);
    while bytes.len() >= HEADER_BYTES {
        let batch = match RecordBatch::split_from(&mut bytes) {
            Ok(batch) => batch,
            Err(BatchError::Truncated { .. }) => break,
            Err(error) => return Err(error.into()),
        };
        batch.check_crc()?;
        for record in batch.records(LARGEST_BATCH)? {
            let record = record?;
            if record.offset >= from {
                next = Offset::new(record.offset.get().saturating_add(1)).unwrap_or(next);
                records.push(record);
            }
        }
    }
    Ok((records, next))
}
