use forebay_model::{Offset, Timestamp};

use crate::Run;

/// Where a log starts and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogBounds {
    /// The first offset that can be read.
    pub log_start: Offset,
    /// The offset that the next record gets.
    pub high_watermark: Offset,
}

/// Which offset is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetQuery {
    /// The first that can be read.
    Earliest,
    /// The one that the next record gets.
    Latest,
    /// The first record with the latest timestamp of all.
    MaxTimestamp,
    /// The first record at `from` or later with this timestamp or a later one.
    At {
        /// The timestamp.
        timestamp: Timestamp,
        /// Where to begin: 0, or behind a run that did not have one ([`OffsetsFound::Within`]).
        from: Offset,
    },
}

/// Which offset it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OffsetsFound {
    /// This one.
    Offset {
        /// The offset.
        offset: Offset,
        /// The timestamp of its record, where the query was about timestamps.
        timestamp: Option<Timestamp>,
    },
    /// The first record from `from` on, in this run, whose timestamp is `at_least` or later: only its batches say
    /// which. There may be none, when the head of the run is deleted and it was there. Then who asked with
    /// [`OffsetQuery::At`] asks again from the end of the run, and who asked for the latest timestamp takes the latest
    /// that the run has left.
    Within {
        /// Where to look.
        run: Run,
        /// The first offset that may be told, since what is before it is deleted.
        from: Offset,
        /// The timestamp to look for.
        at_least: Timestamp,
    },
    /// No record is that late, or there is none at all.
    None,
}

/// There is no such partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such partition")]
pub struct LogMissing;

/// Before which offset records are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteBefore {
    /// This one.
    Offset(Offset),
    /// The end of the log: all of them.
    End,
}

/// Why no record was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordsKept {
    /// There is no such partition.
    #[error("there is no such partition")]
    NoPartition,
    /// The offset is past the end of the log.
    #[error("the offset is past the end of the log, {high_watermark}")]
    OutOfRange {
        /// The end.
        high_watermark: Offset,
    },
}
