use std::ops::Range;
use std::sync::Arc;

use crate::Columns;

/// Some messages of shared columns.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub(crate) columns: Arc<Columns>,
    pick: Pick,
}

#[derive(Debug, Clone)]
enum Pick {
    Range(Range<u32>),
    /// A window of indexes into the columns.
    Each(Arc<[u32]>, Range<u32>),
}

impl Rows {
    pub(crate) fn all(columns: Arc<Columns>) -> Self {
        let pick = Pick::Range(0..columns.messages());
        Self { columns, pick }
    }

    pub(crate) fn len(&self) -> u32 {
        match &self.pick {
            Pick::Range(range) | Pick::Each(_, range) => range.end - range.start,
        }
    }

    /// Whether these are all messages of the columns, in their order.
    pub(crate) fn is_all(&self) -> bool {
        matches!(&self.pick, Pick::Range(range) if *range == (0..self.columns.messages()))
    }

    /// The message of the columns that stands at `index` here.
    pub(crate) fn row(&self, index: u32) -> u32 {
        match &self.pick {
            Pick::Range(range) => range.start + index,
            Pick::Each(rows, range) => rows[(range.start + index) as usize],
        }
    }

    /// The messages of the columns in their order, as many at once as follow one another.
    pub(crate) fn runs(&self) -> impl Iterator<Item = Range<usize>> + Clone {
        let mut next = 0;
        std::iter::from_fn(move || {
            let length = self.len();
            if next == length {
                return None;
            }
            let (first, count) = match &self.pick {
                Pick::Range(range) => (range.start, length),
                Pick::Each(rows, window) => {
                    let rest = &rows[(window.start + next) as usize..window.end as usize];
                    let follow = rest.windows(2).take_while(|pair| pair[0] + 1 == pair[1]).count();
                    (rest[0], u32::try_from(follow + 1).expect("indexes are 32 bits"))
                }
            };
            next += count;
            Some(first as usize..(first + count) as usize)
        })
    }

    /// The same rows, of columns that have them as well.
    pub(crate) fn with_columns(&self, columns: Arc<Columns>) -> Self {
        Self { columns, pick: self.pick.clone() }
    }

    /// The rows from `start` up to `end`, which are in range.
    pub(crate) fn slice(&self, start: u32, end: u32) -> Self {
        let pick = match &self.pick {
            Pick::Range(range) => Pick::Range(range.start + start..range.start + end),
            Pick::Each(rows, range) => Pick::Each(Arc::clone(rows), range.start + start..range.start + end),
        };
        Self { columns: Arc::clone(&self.columns), pick }
    }

    /// The rows with these indexes, which are in range.
    pub(crate) fn select(&self, indexes: impl Iterator<Item = u32>) -> Self {
        let rows: Arc<[u32]> = indexes.map(|index| self.row(index)).collect();
        let consecutive = rows.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        let pick = match (rows.first(), rows.last()) {
            (Some(first), Some(last)) if consecutive => Pick::Range(*first..last + 1),
            _ => Pick::Each(Arc::clone(&rows), 0..u32::try_from(rows.len()).expect("indexes are 32 bits")),
        };
        Self { columns: Arc::clone(&self.columns), pick }
    }
}
