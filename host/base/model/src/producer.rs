use crate::RecordCount;
use crate::number::number;

number!(
    /// An idempotent producer, numbered by its virtual cluster.
    ProducerId(i64),
    "producer id"
);
number!(
    /// The epoch of a producer: whoever has an older one is fenced.
    ProducerEpoch(i16),
    "producer epoch"
);
number!(
    /// The number of a record among those that a producer sends to a partition. After the largest comes 0.
    Sequence(i32),
    "sequence"
);

impl Sequence {
    /// The largest.
    pub const LAST: Self = Self(i32::MAX);

    /// The sequence `count` records later, which starts over at 0 after the largest.
    #[must_use]
    pub fn advanced(self, count: RecordCount) -> Self {
        let wrapped = (i64::from(self.get()) + i64::from(count.get())) % (i64::from(i32::MAX) + 1);
        Self(i32::try_from(wrapped).unwrap_or_default())
    }

    /// The sequence of the last record of a batch that starts here. A batch has at least one record.
    #[must_use]
    pub fn last_of(self, count: RecordCount) -> Self {
        self.advanced(RecordCount::new(count.get().saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_starts_over_after_the_largest() {
        let two_before = Sequence::new(i32::MAX - 1).unwrap();
        assert_eq!(two_before.advanced(RecordCount::new(1)), Sequence::LAST);
        assert_eq!(two_before.advanced(RecordCount::new(2)), Sequence::ZERO);
        assert_eq!(two_before.last_of(RecordCount::new(4)).get(), 1);
        assert_eq!(Sequence::ZERO.last_of(RecordCount::new(1)), Sequence::ZERO);
    }
}
