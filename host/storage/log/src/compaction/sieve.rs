use std::sync::Arc;

use forebay_kafka_wire::{Fate, FilterError, Filtered, Record, RecordBatch};
use forebay_model::{Offset, Timestamp};

use super::keys::LastOffsets;
use super::portions::Behind;

/// What the records of a batch may decompress to. What is larger was refused where it came in.
const MOST_UNCOMPRESSED: usize = 256 << 20;

/// Says which records stay. It is asked on threads that serve nobody.
#[derive(Debug, Clone)]
pub(super) struct Sieve {
    pub(super) last: Arc<LastOffsets>,
    pub(super) log_start: Offset,
    /// Where the notes end.
    pub(super) end: Offset,
    pub(super) now: Timestamp,
    pub(super) horizon: Timestamp,
}

/// What is left of batches.
#[derive(Debug, Default)]
pub(super) struct Sifted {
    pub(super) batches: Vec<Left>,
    /// How many records are gone.
    pub(super) dropped: u64,
}

/// What is left of a batch.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) base: Offset,
    pub(super) behind: Offset,
    pub(super) batch: Option<RecordBatch>,
}

/// What became of batches whose keys were to be noted.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) last: LastOffsets,
    /// The offset behind the last batch whose keys were.
    pub(super) end: Offset,
    /// There was no room for those of the next one.
    pub(super) is_full: bool,
}

impl Noted {
    /// Notes the last offset of each key of batches that are not clean yet, as long as there is room.
    pub(super) fn take(mut self, portion: &[Behind], cleaned_to: Offset) -> Result<Self, FilterError> {
        for (batch, behind) in portion.iter().filter(|(_, behind)| *behind > cleaned_to) {
            if !self.last.has_room(batch.header().record_count.get() as usize) {
                self.is_full = true;
                break;
            }
            for record in batch.records(MOST_UNCOMPRESSED)? {
                let record = record?;
                if let Some(key) = &record.key {
                    self.last.put(key, record.offset);
                }
            }
            self.end = *behind;
        }
        Ok(self)
    }
}

impl Sieve {
    /// What is left of batches, in their order.
    pub(super) fn sift(&self, portion: Vec<Behind>) -> Result<Sifted, FilterError> {
        let mut sifted = Sifted::default();
        for (batch, behind) in portion {
            let base = batch.header().base_offset;
            let (batch, dropped) = self.left_of(batch)?;
            sifted.dropped += dropped;
            sifted.batches.push(Left { base, behind, batch });
        }
        Ok(sifted)
    }

    /// What is left of a batch, if anything is, and how many records are gone.
    fn left_of(&self, batch: RecordBatch) -> Result<(Option<RecordBatch>, u64), FilterError> {
        let header = batch.header();
        if header.base_offset >= self.end {
            return Ok((Some(batch), 0));
        }
        let may_drop_tombstones = header.delete_horizon().is_some_and(|horizon| horizon <= self.now);
        let fate = |record: &Record| self.fate(record, may_drop_tombstones);
        let filtered = batch.filtered(MOST_UNCOMPRESSED, self.horizon, fate)?;
        let before = u64::from(header.record_count.get());
        let left = match filtered {
            Filtered::Unchanged => Some(batch),
            Filtered::Some(left) => Some(left),
            Filtered::Nothing => None,
        };
        let after = left.as_ref().map_or(0, |left| u64::from(left.header().record_count.get()));
        Ok((left, before.saturating_sub(after)))
    }

    fn fate(&self, record: &Record, may_drop_tombstones: bool) -> Fate {
        // Records without a key are refused where they come in; a topic may have some from before it was compacted.
        let Some(key) = &record.key else { return Fate::Dropped };
        if record.offset < self.log_start || !self.last.is_last(key, record.offset) {
            return Fate::Dropped;
        }
        match &record.value {
            Some(_) => Fate::Kept,
            None if may_drop_tombstones => Fate::Dropped,
            None => Fate::KeptForNow,
        }
    }
}
