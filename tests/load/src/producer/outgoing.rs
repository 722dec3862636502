use std::time::Instant;

use bytes::Bytes;
use forebay_kafka_wire::{BatchBuilder, BuildError};
use forebay_model::{Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::ProduceResponse;
use kafka_protocol::messages::{ProduceRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::Plan;
use crate::history::{Answer, Sent, SentBatch, Try};
use crate::random::Random;
use crate::value::Value;

/// A request to be sent, and sent again, as it is.
#[derive(Debug)]
pub(super) struct Outgoing {
    number: u64,
    pub(super) batches: Vec<(SentBatch, Bytes)>,
    pub(super) is_acked: bool,
    pub(super) first_tried: Option<Instant>,
}

/// What comes next.
#[derive(Debug)]
pub(super) struct Outlook {
    pub(super) producer: Option<(ProducerId, ProducerEpoch)>,
    /// How many requests there were.
    pub(super) made: usize,
    /// For each partition the number of the next record.
    next: Vec<u32>,
    random: Random,
}

impl Outlook {
    pub(super) fn new(plan: &Plan, random: Random) -> Self {
        let partitions = usize::try_from(plan.partitions).unwrap_or_default();
        Self { producer: None, made: 0, next: vec![0; partitions], random }
    }

    /// The next request: one batch for some of the partitions, or for one.
    pub(super) fn next(&mut self, plan: &Plan, number: u64) -> Option<Outgoing> {
        self.made += 1;
        let start = self.random.index(self.next.len());
        let count = 1 + self.random.index(self.next.len());
        let mut batches = Vec::new();
        for index in (0..self.next.len()).cycle().skip(start).take(count) {
            let partition = i32::try_from(index).ok()?;
            let first = *self.next.get(index)?;
            let count = 1 + u32::try_from(self.random.below(u64::from(plan.most_records))).ok()?;
            let batch = SentBatch { partition, first, count };
            batches.push((batch, self.bytes(plan, batch).ok()?));
            *self.next.get_mut(index)? = first + count;
        }
        Some(Outgoing { number, batches, is_acked: false, first_tried: None })
    }

    fn bytes(&self, plan: &Plan, batch: SentBatch) -> Result<Bytes, BuildError> {
        let mut builder = BatchBuilder::new(Offset::ZERO, plan.compression);
        if let Some((id, epoch)) = self.producer {
            let first = i32::try_from(batch.first).ok().and_then(|first| Sequence::new(first).ok());
            builder = builder.producer(id, epoch, first);
        }
        // What is old would be deleted.
        let time = Timestamp::from(forebay_lifecycle::clock::wall());
        for number in batch.first..batch.first + batch.count {
            let value = Value { client: plan.client, partition: batch.partition, number };
            builder.push(time, None, Some(&value.bytes(plan.value_bytes)), &[])?;
        }
        Ok(builder.build()?.into_bytes())
    }
}

impl Outgoing {
    pub(super) fn request(&self, plan: &Plan) -> ProduceRequest {
        let partitions = self.batches.iter().map(|(batch, bytes)| {
            PartitionProduceData::default().with_index(batch.partition).with_records(Some(bytes.clone()))
        });
        let topic = TopicProduceData::default()
            .with_name(TopicName(StrBytes::from_string(plan.topic.clone())))
            .with_partition_data(partitions.collect());
        let timeout = i32::try_from(plan.timeout.as_millis()).unwrap_or(i32::MAX);
        ProduceRequest::default()
            .with_transactional_id(None)
            .with_acks(-1)
            .with_timeout_ms(timeout)
            .with_topic_data(vec![topic])
    }

    /// What the answer says about each batch.
    pub(super) fn answers(&self, response: &ProduceResponse) -> Vec<Result<i64, i16>> {
        /// What no agent says.
        const NO_ANSWER: i16 = i16::MIN;
        let partitions = || response.responses.iter().flat_map(|topic| &topic.partition_responses);
        let answer = |(batch, _): &(SentBatch, Bytes)| match partitions()
            .find(|partition| partition.index == batch.partition)
        {
            Some(partition) if partition.error_code == 0 => Ok(partition.base_offset),
            Some(partition) => Err(partition.error_code),
            None => Err(NO_ANSWER),
        };
        self.batches.iter().map(answer).collect()
    }

    pub(super) fn sent(&self, plan: &Plan, during: Try, answer: Answer) -> Sent {
        Sent {
            request: self.number,
            client: plan.client,
            is_idempotent: plan.is_idempotent,
            during,
            batches: self.batches.iter().map(|(batch, _)| *batch).collect(),
            answer,
        }
    }
}
