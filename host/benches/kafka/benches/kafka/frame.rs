use std::ops::Range;

use anyhow::Context as _;
use bytes::{BufMut as _, BytesMut};
use forebay_model::{ProducerEpoch, ProducerId};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ApiKey, ProduceRequest, RequestHeader, TopicName};
use kafka_protocol::protocol::{Encodable, StrBytes};

use crate::load::Load;

pub(crate) const PRODUCE_VERSION: i16 = 9;
/// Most batches of a request.
const MOST_BATCHES: usize = 16;
/// Where things lie in a frame and in a batch.
const CORRELATION_ID: Range<usize> = 8..12;
const CRC: Range<usize> = 17..21;
const CHECKED_FROM: usize = 21;
const SEQUENCE: Range<usize> = 53..57;

/// A Produce request that is sent again and again: only its number, the sequences and what depends on them change.
#[derive(Debug)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    batches: Vec<Range<usize>>,
    records_per_batch: i32,
    sequence: i32,
}

impl Frame {
    /// Requests that together go to all of `partitions`, each partition in one of them.
    pub(crate) fn all(
        topic: &str,
        partitions: &[i32],
        load: Load,
        producer: (ProducerId, ProducerEpoch),
    ) -> anyhow::Result<Vec<Self>> {
        let requests = partitions.len().div_ceil(MOST_BATCHES).max(1);
        let chunks = partitions.chunks(partitions.len().div_ceil(requests).max(1));
        chunks.map(|partitions| Self::of(topic, partitions, load, producer)).collect()
    }

    fn of(
        topic: &str,
        partitions: &[i32],
        load: Load,
        producer: (ProducerId, ProducerEpoch),
    ) -> anyhow::Result<Self> {
        let records = load.records(partitions.len());
        let mut batches = Vec::new();
        for partition in partitions {
            let seed = u64::from(partition.unsigned_abs()) + 1;
            batches.push(load.batch(records, seed, Some(producer))?.into_bytes());
        }
        let data = partitions.iter().zip(&batches).map(|(partition, batch)| {
            PartitionProduceData::default().with_index(*partition).with_records(Some(batch.clone()))
        });
        let data = TopicProduceData::default()
            .with_name(TopicName(StrBytes::from_string(topic.to_owned())))
            .with_partition_data(data.collect());
        let request =
            ProduceRequest::default().with_acks(-1).with_timeout_ms(30_000).with_topic_data(vec![data]);
        let bytes = frame(ApiKey::Produce, PRODUCE_VERSION, 0, &request)?.to_vec();
        let (mut places, mut from) = (Vec::new(), 0);
        for batch in &batches {
            let at = bytes[from..].windows(batch.len()).position(|window| window == batch);
            let begin = from + at.context("a batch is not in its request")?;
            from = begin + batch.len();
            places.push(begin..from);
        }
        Ok(Self { bytes, batches: places, records_per_batch: i32::try_from(records)?, sequence: 0 })
    }

    /// The request as it is sent next.
    pub(crate) fn next(&mut self, correlation_id: i32) -> &[u8] {
        self.bytes[CORRELATION_ID].copy_from_slice(&correlation_id.to_be_bytes());
        for place in &self.batches {
            let batch = &mut self.bytes[place.clone()];
            batch[SEQUENCE].copy_from_slice(&self.sequence.to_be_bytes());
            let crc = crc32c::crc32c(&batch[CHECKED_FROM..]);
            batch[CRC].copy_from_slice(&crc.to_be_bytes());
        }
        self.sequence += self.records_per_batch;
        &self.bytes
    }

    /// Bytes of its batches.
    pub(crate) fn batch_bytes(&self) -> u64 {
        self.batches.iter().map(|place| place.len() as u64).sum()
    }
}

/// A request with its length and its header in front.
pub(crate) fn frame(
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    request: &impl Encodable,
) -> anyhow::Result<BytesMut> {
    let mut frame = BytesMut::new();
    frame.put_i32(0);
    RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(StrBytes::from_static_str("bench")))
        .encode(&mut frame, api.request_header_version(version))?;
    request.encode(&mut frame, version)?;
    let length = i32::try_from(frame.len() - 4)?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    Ok(frame)
}
