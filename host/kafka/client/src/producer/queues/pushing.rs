//! Where records go when they come: into the open batches of their partitions.

use std::collections::BTreeMap;

use forebay_kafka_wire::HEADER_BYTES;
use forebay_lifecycle::chance;
use forebay_model::PartitionId;

use super::{Batch, Entry, Queue, State};
use crate::failure::Failure;
use crate::metadata::TopicMetadata;
use crate::producer::ProducerSettings;
use crate::producer::partitioner::Choice;
use crate::topic_partition::TopicPartition;

/// What became of records that were put into batches.
#[derive(Debug, Default)]
pub(in crate::producer) struct Pushed {
    /// Whether there is something to do at once, as where a batch is full now.
    pub has_work: bool,
    pub refused: Vec<Unfit>,
}

/// A record that is refused, with the partition that it said.
pub(in crate::producer) type Unfit = (Option<PartitionId>, Entry, Failure);

impl State {
    /// Puts records of a topic into batches, those of a partition in their order: whether one is full now, and what is
    /// refused.
    pub(in crate::producer) fn push(
        &mut self,
        settings: &ProducerSettings,
        topic: &TopicMetadata,
        entries: impl IntoIterator<Item = (Option<PartitionId>, Entry)>,
    ) -> Pushed {
        let mut pushed = Pushed::default();
        // Records that say where they go are put there together: a partition is looked up once for all of them.
        let mut said: BTreeMap<usize, Vec<Entry>> = BTreeMap::new();
        let partitions = topic.partitions.len();
        for (partition, entry) in entries {
            let index = match partition {
                _ if self.is_closed => Err(Failure::Closed),
                Some(partition) => {
                    let index = usize::try_from(partition.get()).ok().filter(|index| *index < partitions);
                    index.map(Some).ok_or(Failure::NoPartition { partitions })
                }
                None => Ok(settings.partitioner.by_key(entry.key.as_deref(), partitions)),
            };
            match index {
                Ok(Some(index)) => said.entry(index).or_default().push(entry),
                // What is chosen for this one depends on those before it.
                Ok(None) => {
                    for (index, entries) in std::mem::take(&mut said) {
                        self.put(settings, topic, index, entries, &mut pushed);
                    }
                    match self.pick(settings, topic, &entry) {
                        Some(index) => self.put(settings, topic, index, [entry], &mut pushed),
                        None => pushed.refused.push((partition, entry, Failure::Unchosen)),
                    }
                }
                Err(reason) => pushed.refused.push((partition, entry, reason)),
            }
        }
        for (index, entries) in said {
            self.put(settings, topic, index, entries, &mut pushed);
        }
        pushed
    }

    /// Puts records of one partition into batches.
    fn put(
        &mut self,
        settings: &ProducerSettings,
        topic: &TopicMetadata,
        index: usize,
        entries: impl IntoIterator<Item = Entry>,
        pushed: &mut Pushed,
    ) {
        let partitions = topic.partitions.len();
        let Some(known) = topic.partitions.get(index) else {
            let refused = |entry| (None, entry, Failure::NoPartition { partitions });
            pushed.refused.extend(entries.into_iter().map(refused));
            return;
        };
        let key = TopicPartition::new(topic.name.clone(), known.partition);
        let queue = self.queues.entry(key).or_insert_with(Queue::new);
        for entry in entries {
            let open = queue.batches.back_mut().filter(|open| !open.is_closed && !open.is_in_flight);
            if let Some(open) = open {
                if HEADER_BYTES + open.bytes + entry.bytes <= settings.max_message_bytes {
                    open.bytes += entry.bytes;
                    open.entries.push(entry);
                    continue;
                }
                (open.is_closed, pushed.has_work) = (true, true);
                if let Some(chosen) = self.chosen.get_mut(&topic.name) {
                    chosen.batch_ended(index, &settings.partitioner);
                }
            }
            self.numbers += 1;
            queue.newest = self.numbers;
            queue.batches.push_back(Batch::new(self.numbers, entry));
        }
    }

    fn pick(&mut self, settings: &ProducerSettings, topic: &TopicMetadata, entry: &Entry) -> Option<usize> {
        let Self { queues, chosen, .. } = self;
        let waiting = |index: usize| {
            let partition = topic.partitions.get(index).map(|known| known.partition);
            let key = partition.map(|partition| TopicPartition::new(topic.name.clone(), partition));
            key.and_then(|key| queues.get(&key)).map_or(0, Queue::waiting)
        };
        let choice = Choice {
            key: entry.key.as_deref(),
            bytes: entry.bytes,
            waiting: &waiting,
            partitions: topic.partitions.len(),
            random: &chance::number,
        };
        settings.partitioner.pick(chosen.entry(topic.name.clone()).or_default(), &choice)
    }
}
