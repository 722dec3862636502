use std::time::Duration;

use forebay_model::ByteCount;

/// When a writer flushes, and how much it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterSettings {
    /// How long a batch waits for others. Never less than 25 ms.
    pub batch_timeout: Duration,
    /// How many bytes of batches are flushed without waiting.
    pub flush_size: ByteCount,
    /// How many bytes may be taken and not written. One request alone may be larger.
    pub most_unflushed_bytes: ByteCount,
    /// How many segments may be flushed and not committed.
    pub most_unflushed_files: usize,
    /// After how long a put is made again under a second name; `None` is never.
    pub hedge_after: Option<Duration>,
    /// How long the metadata store has for one answer to a commit.
    pub commit_timeout: Duration,
    /// How long a commit is asked for before it counts as failed, although it may have happened.
    pub settle_timeout: Duration,
}

/// More segments per second cost more than they are worth.
const LEAST_BATCH_TIMEOUT: Duration = Duration::from_millis(25);

impl Default for WriterSettings {
    fn default() -> Self {
        Self {
            batch_timeout: Duration::from_millis(250),
            flush_size: ByteCount::new(8 << 20),
            most_unflushed_bytes: ByteCount::new(128 << 20),
            most_unflushed_files: 16,
            hedge_after: Some(Duration::from_secs(1)),
            commit_timeout: Duration::from_secs(5),
            settle_timeout: Duration::from_secs(60),
        }
    }
}

impl WriterSettings {
    /// Limits for a machine: an eighth of its memory, and no more than its cores get written in about a second.
    #[must_use]
    pub fn for_machine(cores: usize, memory: ByteCount) -> Self {
        let cores = cores.max(1);
        let by_cores = (64_u64 << 20).saturating_mul(cores as u64);
        let bytes = (memory.get() / 8).min(by_cores).max(16 << 20);
        Self {
            most_unflushed_bytes: ByteCount::new(bytes),
            most_unflushed_files: cores.saturating_mul(8).clamp(16, 256),
            ..Self::default()
        }
    }

    /// The same with nothing below what it may be.
    pub(super) fn bounded(self) -> Self {
        Self {
            batch_timeout: self.batch_timeout.max(LEAST_BATCH_TIMEOUT),
            most_unflushed_files: self.most_unflushed_files.max(1),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_follow_the_machine() {
        let small = WriterSettings::for_machine(1, ByteCount::new(256 << 20));
        assert_eq!(small.most_unflushed_bytes.get(), 32 << 20);
        let large = WriterSettings::for_machine(64, ByteCount::new(256 << 30));
        assert_eq!((large.most_unflushed_bytes.get(), large.most_unflushed_files), (4 << 30, 256));
    }
}
