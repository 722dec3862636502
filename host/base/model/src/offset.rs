use crate::number::number;

number!(
    /// The place of a record in its partition; also the place after the last one, which the next record gets.
    Offset(i64),
    "offset"
);
number!(
    /// The epoch of a partition's leader. Always 0: any agent leads any partition.
    LeaderEpoch(i32),
    "leader epoch"
);

/// How many offsets a batch, or a run of batches, takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordCount(u32);

impl Offset {
    /// The offset `count` records later; `None` past the last offset there is.
    #[must_use]
    pub fn advanced(self, count: RecordCount) -> Option<Self> {
        self.0.checked_add(count.0.into()).map(Self)
    }

    /// How many offsets lie from `earlier` up to before this one; 0 when `earlier` is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0).max(0).unsigned_abs()
    }
}

impl RecordCount {
    /// So many records.
    #[must_use]
    pub const fn new(records: u32) -> Self {
        Self(records)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Negative;

    #[test]
    fn a_negative_offset_is_refused() {
        assert_eq!(Offset::new(-1), Err(Negative { what: "offset", value: -1 }));
        assert_eq!(Offset::new(7).map(Offset::get), Ok(7));
    }

    #[test]
    fn offsets_end_at_the_last_one() {
        let last = Offset::new(i64::MAX).unwrap();
        assert_eq!(last.advanced(RecordCount::new(0)), Some(last));
        assert_eq!(last.advanced(RecordCount::new(1)), None);
        assert_eq!(last.since(Offset::ZERO), i64::MAX.unsigned_abs());
        assert_eq!(Offset::ZERO.since(last), 0);
    }
}
