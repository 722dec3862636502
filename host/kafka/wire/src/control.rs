//! Control batches: one record each, by which brokers mark the end of a transaction within a partition.

use forebay_model::{Offset, ProducerEpoch, ProducerId, Timestamp};

use crate::batch::{BatchBuilder, BuildError, Record, RecordBatch};
use crate::compression::Compression;
use crate::cursor::{Cursor, Ended};

/// How a transaction ended.
#[repr(i16)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    Abort = 0,
    Commit = 1,
}

/// A control record that is no marker of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MarkerError {
    #[error("a control record has no key")]
    NoKey,
    #[error(transparent)]
    Ended(#[from] Ended),
    #[error("a control record of the unknown type {0}")]
    Type(i16),
}

impl Marker {
    /// What a record of a control batch says.
    ///
    /// # Errors
    /// When it is of another type, or cut off.
    pub fn of(record: &Record) -> Result<Self, MarkerError> {
        let mut key = Cursor::new(record.key.as_deref().ok_or(MarkerError::NoKey)?);
        // The version: all have the type behind it.
        key.i16()?;
        match key.i16()? {
            0 => Ok(Self::Abort),
            1 => Ok(Self::Commit),
            other => Err(MarkerError::Type(other)),
        }
    }

    /// The control batch that consumers find at `offset`.
    ///
    /// # Errors
    /// Never: a marker always fits.
    pub fn batch(
        self,
        offset: Offset,
        time: Timestamp,
        (id, epoch): (ProducerId, ProducerEpoch),
        coordinator_epoch: i32,
    ) -> Result<RecordBatch, BuildError> {
        let mut key = [0; 4];
        key[2..].copy_from_slice(&(self as i16).to_be_bytes());
        let mut value = [0; 6];
        value[2..].copy_from_slice(&coordinator_epoch.to_be_bytes());
        let mut builder =
            BatchBuilder::new(offset, Compression::None).producer(id, epoch, None).transactional().control();
        builder.push(time, Some(&key), Some(&value), &[])?;
        builder.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_says_what_it_was_made_for() {
        for marker in [Marker::Abort, Marker::Commit] {
            let producer = (ProducerId::new(5).unwrap(), ProducerEpoch::new(1).unwrap());
            let batch =
                marker.batch(Offset::new(9).unwrap(), Timestamp::from_millis(1), producer, 3).unwrap();
            assert!(batch.header().attributes.is_control() && batch.header().attributes.is_transactional());
            let record = batch.records(100).unwrap().next().unwrap().unwrap();
            assert_eq!((Marker::of(&record), record.offset), (Ok(marker), Offset::new(9).unwrap()));
        }
    }
}
