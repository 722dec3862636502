use uuid::Uuid;

use crate::rows::{LogKey, Vc};
use tokio_postgres::types::ToSql;

/// Keys of partitions in their order, as ranges of neighbours of one topic, column by column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    topics: Vec<Uuid>,
    firsts: Vec<i64>,
    /// Right behind the last of each.
    afters: Vec<i64>,
    /// The place of the first of each among all keys, counted from 1.
    places: Vec<i64>,
}

impl Ranges {
    /// Of keys that are sorted, each there once.
    pub(super) fn of(keys: impl IntoIterator<Item = LogKey>) -> Self {
        let mut ranges = Self::default();
        for (place, LogKey { topic, partition }) in (1_i64..).zip(keys) {
            let partition = i64::from(partition);
            if let (Some(last), Some(after)) = (ranges.topics.last(), ranges.afters.last_mut())
                && *last == topic
                && *after == partition
            {
                *after += 1;
                continue;
            }
            ranges.topics.push(topic);
            ranges.firsts.push(partition);
            ranges.afters.push(partition + 1);
            ranges.places.push(place);
        }
        ranges
    }

    /// The first key alone.
    ///
    /// It is locked by a statement of its own, where whoever writes to the same partitions waits. The rows that they
    /// have written meanwhile are no news to the statement that locks the others: one that had waited itself would have
    /// to look for the newest version of each of them.
    pub(super) fn first(&self) -> Self {
        let key = self.topics.first().zip(self.firsts.first());
        key.map(|(topic, first)| Self {
            topics: vec![*topic],
            firsts: vec![*first],
            afters: vec![*first + 1],
            places: vec![1],
        })
        .unwrap_or_default()
    }

    /// The parameters of [`super::statements::LOCK`].
    pub(super) fn lock<'p>(&'p self, vc: &'p Vc) -> [&'p (dyn ToSql + Sync); 4] {
        [&vc.0, &self.topics, &self.firsts, &self.afters]
    }

    /// Topic, first partition, the one behind the last, and the place of the first.
    pub(super) fn columns(&self) -> [&(dyn ToSql + Sync); 4] {
        [&self.topics, &self.firsts, &self.afters, &self.places]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_one_topic_are_one_range() {
        let key = |topic, partition| LogKey { topic: Uuid::from_u128(topic), partition };
        let keys = [key(1, 0), key(1, 1), key(1, 3), key(2, 4), key(2, 5), key(2, 6)];
        let ranges = Ranges::of(keys);
        assert_eq!(ranges.topics, [1, 1, 2].map(Uuid::from_u128));
        assert_eq!(ranges.firsts, [0, 3, 4]);
        assert_eq!(ranges.afters, [2, 4, 7]);
        assert_eq!(ranges.places, [1, 3, 4]);
        assert_eq!(ranges.first(), Ranges::of([key(1, 0)]));
        assert_eq!(Ranges::of([]).first(), Ranges::default());
        let last = Ranges::of([key(1, i32::MAX)]);
        assert_eq!(last.afters, [i64::from(i32::MAX) + 1]);
    }
}
