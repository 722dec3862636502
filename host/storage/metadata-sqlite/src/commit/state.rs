use forebay_model::{Offset, Timestamp};

use crate::rows::LogRow;

/// A partition as it is in the middle of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) row: LogRow,
    pub(crate) log_start: Offset,
    pub(crate) high_watermark: Offset,
    pub(crate) bytes: i64,
    pub(crate) running_max: Option<i64>,
    /// The minute of the last commit, since 1970, and the high watermark before its first commit.
    pub(crate) minute: Option<i64>,
    pub(crate) minute_base: Offset,
}

/// A run that is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewRun {
    pub(crate) log: LogRow,
    pub(crate) base_offset: Offset,
    pub(crate) end_offset: Offset,
    pub(crate) position: u64,
    pub(crate) length: u64,
    pub(crate) max_timestamp: i64,
    pub(crate) running_max: i64,
    pub(crate) log_append_time: Option<Timestamp>,
}

impl NewRun {
    /// Takes in a batch that lies right behind, if it does.
    pub(crate) fn extend(&mut self, next: &Self) -> bool {
        let follows = self.log == next.log
            && self.end_offset == next.base_offset
            && self.position + self.length == next.position
            && self.log_append_time == next.log_append_time;
        if follows {
            self.end_offset = next.end_offset;
            self.length += next.length;
            self.max_timestamp = self.max_timestamp.max(next.max_timestamp);
            self.running_max = next.running_max;
        }
        follows
    }
}
