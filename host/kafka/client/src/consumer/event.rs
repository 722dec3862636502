use std::fmt;

use forebay_kafka_wire::{Record, RecordBatch, RecordError};
use forebay_model::{Offset, TopicId};
use tokio::sync::oneshot;

use super::signs::Sign;
use crate::failure::Failure;
use crate::topic_partition::TopicPartition;

/// What happens to a consumer, in the order in which it does.
#[derive(Debug)]
pub enum ConsumerEvent {
    /// These are read from now on.
    Assigned(Vec<TopicPartition>),
    /// These go to somebody else, as soon as this says so.
    Revoked(Revocation),
    /// These are somebody else's already, or not there any more: what is committed for them is refused.
    Lost(Vec<TopicPartition>),
    Fetched(Fetched),
    /// Something does not go as it should.
    Failed(ConsumeError),
}

/// Partitions that are asked back. There is time to finish what is under way and to commit it: as much as the group's
/// rebalance timeout. Nothing more is fetched of them.
#[derive(Debug)]
pub struct Revocation {
    pub(super) partitions: Vec<TopicPartition>,
    /// Dropped when it is done.
    pub(super) _done: oneshot::Sender<()>,
    pub(super) _sign: Sign,
}

impl Revocation {
    #[must_use]
    pub fn partitions(&self) -> &[TopicPartition] {
        &self.partitions
    }

    /// They may go. Dropping this says the same.
    pub fn done(self) {}
}

/// Batches of one partition, in their order.
#[derive(Clone)]
pub struct Fetched {
    pub partition: TopicPartition,
    /// Records before this one in the first batch are not meant.
    pub first: Offset,
    /// Behind the last of them: where to go on.
    pub next: Offset,
    /// Behind the last record that there is.
    pub high_watermark: Offset,
    /// The first record that there is.
    pub log_start: Offset,
    pub(super) batches: Vec<RecordBatch>,
    pub(super) bytes: usize,
    /// That from which it came, where brokers tell.
    pub(super) topic: Option<TopicId>,
    /// Whether each batch has memory of its own.
    pub(super) is_detached: bool,
}

impl Fetched {
    /// Batches as they would come, from the first that is given on.
    #[must_use]
    pub fn new(partition: TopicPartition, first: Offset, batches: Vec<RecordBatch>) -> Self {
        let last = batches.last().and_then(|batch| batch.header().last_offset());
        let next =
            last.map_or(first, |last| last.advanced(forebay_model::RecordCount::new(1)).unwrap_or(last));
        let bytes = batches.iter().map(|batch| batch.bytes().len()).sum();
        let (high_watermark, log_start) = (next, Offset::ZERO);
        let (topic, is_detached) = (None, false);
        Self { partition, first, next, high_watermark, log_start, batches, bytes, topic, is_detached }
    }

    /// The batches, as they came and with checksums that are right; none of markers or of aborted transactions, where
    /// those are left out.
    #[must_use]
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// The bytes that the batches keep in memory, as they came.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The batches from this one on, without records before `first`, in memory of their own: copied once. As they come,
    /// batches share that of a whole answer, with those of other partitions in it.
    #[must_use]
    pub fn detached(&self, batch: usize, first: Offset) -> Self {
        let own = |batch: &RecordBatch| if self.is_detached { batch.clone() } else { batch.detached() };
        let batches: Vec<_> = self.batches.iter().skip(batch).map(own).collect();
        let bytes = batches.iter().map(|batch| batch.bytes().len()).sum();
        Self { partition: self.partition.clone(), first, batches, bytes, is_detached: true, ..*self }
    }

    /// How many records there are at most: those before `first` count, and are not given.
    #[must_use]
    pub fn most_records(&self) -> u64 {
        self.batches.iter().map(|batch| u64::from(batch.header().record_count.get())).sum()
    }

    /// The records; each batch decompresses to at most `limit` bytes, one at a time.
    pub fn records(&self, limit: usize) -> impl Iterator<Item = Result<Record, RecordError>> + '_ {
        let first = self.first;
        let records = self.batches.iter().flat_map(move |batch| {
            let (records, error) = match batch.records(limit) {
                Ok(records) => (Some(records), None),
                Err(error) => (None, Some(Err(error))),
            };
            records.into_iter().flatten().chain(error)
        });
        records.filter(move |record| record.as_ref().map_or(true, |record| record.offset >= first))
    }
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("partition", &self.partition)
            .field("first", &self.first)
            .field("next", &self.next)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// What does not go as it should, and where.
#[derive(Debug, Clone, thiserror::Error)]
#[error("consume{}", where_of(.partition.as_ref(), *.offset, *.broker))]
pub struct ConsumeError {
    /// None where it is about all of them.
    pub partition: Option<TopicPartition>,
    /// Where its reading stands.
    pub offset: Option<Offset>,
    pub broker: Option<i32>,
    #[source]
    pub reason: Failure,
}

impl ConsumeError {
    /// Whether the consumer goes on by itself. What is not retriable needs somebody: a right, a topic, a place to start.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        self.reason.is_retriable()
    }

    pub(super) fn general(reason: Failure) -> Self {
        Self { partition: None, offset: None, broker: reason.broker(), reason }
    }
}

fn where_of(partition: Option<&TopicPartition>, offset: Option<Offset>, broker: Option<i32>) -> String {
    let mut text = String::new();
    if let Some(partition) = partition {
        text += &format!(" {partition}");
    }
    if let Some(offset) = offset {
        text += &format!(" at offset {offset}");
    }
    if let Some(broker) = broker {
        text += &format!(" from broker {broker}");
    }
    text
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use forebay_kafka_wire::{BatchBuilder, Compression};
    use forebay_model::{PartitionId, Timestamp};

    use super::*;

    /// Three batches of ten records each, in the memory of one answer.
    fn fetched() -> Fetched {
        let mut answer = Vec::new();
        let mut ends = Vec::new();
        for base in [0, 10, 20] {
            let mut builder = BatchBuilder::new(Offset::new(base).unwrap(), Compression::None);
            for _ in 0..10 {
                let value = vec![b'x'; usize::try_from(base).unwrap() + 1];
                builder.push(Timestamp::from_millis(0), None, Some(&value), &[]).unwrap();
            }
            let start = answer.len();
            answer.extend_from_slice(builder.build().unwrap().bytes());
            ends.push(start..answer.len());
        }
        let answer = Bytes::from(answer);
        let batches = ends.into_iter().map(|range| RecordBatch::parse(answer.slice(range)).unwrap());
        let partition = TopicPartition::new("t".parse().unwrap(), PartitionId::new(0).unwrap());
        Fetched::new(partition, Offset::ZERO, batches.collect())
    }

    fn places(fetched: &Fetched) -> Vec<*const u8> {
        fetched.batches().iter().map(|batch| batch.bytes().as_ptr()).collect()
    }

    fn sum(fetched: &Fetched) -> usize {
        fetched.batches().iter().map(|batch| batch.bytes().len()).sum()
    }

    #[test]
    fn what_is_detached_twice_is_copied_once() {
        let fetched = fetched();
        let [first, second] = [3, 12].map(|offset| Offset::new(offset).unwrap());
        let once = fetched.detached(0, first);
        let shared = places(&fetched);
        assert!(places(&once).iter().all(|place| !shared.contains(place)));
        let twice = once.detached(1, second);
        assert_eq!(places(&twice), places(&once)[1..]);
        assert_eq!([&fetched, &once, &twice].map(Fetched::bytes), [&fetched, &once, &twice].map(sum));
        assert!(twice.bytes() < once.bytes());
        let offsets: Vec<_> = twice.records(1 << 20).map(|record| record.unwrap().offset.get()).collect();
        assert_eq!(offsets, (12..30).collect::<Vec<_>>());
        assert_eq!((twice.first, twice.next), (second, fetched.next));
    }
}
