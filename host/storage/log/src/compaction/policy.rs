use std::time::Duration;

use forebay_model::ByteCount;
use forebay_storage_metadata::SegmentLevel;
use forebay_storage_objects::WritePolicy;

/// When segments are put together, and how much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactorSettings {
    /// Younger segments are left alone: who reads along has them in memory as they are.
    pub age: Duration,
    /// Of segments as they were ingested.
    pub ingested: LevelPolicy,
    /// Of those that were put together once. What is made of them is left as it is, so no record is written more than
    /// twice by this.
    pub first: LevelPolicy,
    /// A segment whose runs have so many bytes on the average gains nothing.
    pub run: ByteCount,
    /// What one piece of work keeps of the segments that it reads.
    pub memory: ByteCount,
    /// What compaction by key keeps of keys: some 40 bytes for each that was written since the last time. Where they
    /// are more, it takes several rounds.
    pub key_memory: ByteCount,
    /// So much of a log, or one run, is exchanged at once by compaction by key.
    pub piece: ByteCount,
    /// The segments that compaction by key writes are about as long as this at most.
    pub keyed_segment: ByteCount,
    /// So many runs are exchanged in one transaction, and those of one replacement: commits to these partitions wait
    /// that long.
    pub runs_at_once: usize,
    /// How objects are written.
    pub writing: WritePolicy,
}

/// When segments of a level are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelPolicy {
    /// So many bytes are enough,
    pub least_bytes: ByteCount,
    /// or so many segments,
    pub least_segments: usize,
    /// or two, when the oldest has waited so long.
    pub patience: Duration,
    /// No more bytes at once,
    pub most_bytes: ByteCount,
    /// segments,
    pub most_segments: usize,
    /// or runs.
    pub most_runs: usize,
}

impl Default for CompactorSettings {
    fn default() -> Self {
        Self {
            age: Duration::from_mins(1),
            ingested: LevelPolicy {
                least_bytes: ByteCount::new(64 << 20),
                least_segments: 64,
                patience: Duration::from_mins(10),
                most_bytes: ByteCount::new(256 << 20),
                most_segments: 512,
                most_runs: 50_000,
            },
            first: LevelPolicy {
                least_bytes: ByteCount::new(1 << 30),
                least_segments: 16,
                patience: Duration::from_hours(6),
                most_bytes: ByteCount::new(4 << 30),
                most_segments: 64,
                most_runs: 50_000,
            },
            run: ByteCount::new(4 << 20),
            memory: ByteCount::new(192 << 20),
            key_memory: ByteCount::new(64 << 20),
            piece: ByteCount::new(64 << 20),
            keyed_segment: ByteCount::new(256 << 20),
            runs_at_once: 1_000,
            writing: WritePolicy { parallel: 2, ..WritePolicy::default() },
        }
    }
}

impl CompactorSettings {
    /// With limits that suit a machine: a sixteenth of its memory for what is read, and a half of that for keys.
    #[must_use]
    pub fn for_memory(memory: ByteCount) -> Self {
        let reading = (memory.get() / 16).clamp(32 << 20, 256 << 20);
        Self { memory: ByteCount::new(reading), key_memory: ByteCount::new(reading / 2), ..Self::default() }
    }

    pub(super) const fn level(&self, level: SegmentLevel) -> &LevelPolicy {
        if level.get() == SegmentLevel::INGESTED.get() { &self.ingested } else { &self.first }
    }
}
