use crate::number::number;
use crate::{Negative, TopicId};

number!(
    /// The number of a partition in its topic, from 0.
    PartitionId(i32),
    "partition"
);

/// One partition of one topic: what a log belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicIdPartition {
    /// The topic.
    pub topic: TopicId,
    /// The partition in it.
    pub partition: PartitionId,
}

/// How many partitions a topic has: 1 or more, numbered from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionCount(i32);

impl TopicIdPartition {
    /// Partition `partition` of `topic`.
    #[must_use]
    pub const fn new(topic: TopicId, partition: PartitionId) -> Self {
        Self { topic, partition }
    }
}

impl PartitionCount {
    /// One partition.
    pub const ONE: Self = Self(1);

    /// # Errors
    /// When `count` is below one.
    pub fn new(count: i32) -> Result<Self, Negative> {
        if count < 1 {
            return Err(Negative { what: "number of partitions less one,", value: i64::from(count) - 1 });
        }
        Ok(Self(count))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }

    /// All partitions, in order.
    pub fn partitions(self) -> impl Iterator<Item = PartitionId> {
        (0..self.0).filter_map(|partition| PartitionId::new(partition).ok())
    }

    /// Whether there is such a partition.
    #[must_use]
    pub fn has(self, partition: PartitionId) -> bool {
        partition.get() < self.0
    }
}

impl std::fmt::Display for TopicIdPartition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_has_a_partition_at_least() {
        assert!(PartitionCount::new(0).is_err());
        let two = PartitionCount::new(2).unwrap();
        assert_eq!(two.partitions().map(PartitionId::get).collect::<Vec<_>>(), [0, 1]);
        assert!(!two.has(PartitionId::new(2).unwrap()));
    }
}
