//! What compaction leaves of a batch.

use bytes::Bytes;
use forebay_model::{LeaderEpoch, Offset, RecordCount, Timestamp};

use super::header::ProducerBits;
use super::{
    Attributes, BatchBuilder, BatchHeader, BuildError, HEADER_BYTES, Record, RecordBatch, RecordError,
};
use crate::compression::Compression;

/// What is left of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filtered {
    /// All of it, as it was.
    Unchanged,
    /// Some of its records, at their offsets, or all of them under another header.
    Some(RecordBatch),
    /// No record.
    Nothing,
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Kept,
    /// It is kept as long as those who read from the start may need it: until the batch's delete horizon.
    KeptForNow,
    Dropped,
}

/// A batch whose records can't be chosen from.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl RecordBatch {
    /// The batch with those of its records that `fate` wants, compressed as it was. It takes the offsets that it took, and
    /// is of the same producer with the same sequence. Where a record is kept for now and the batch does not say yet
    /// until when, it says `horizon` from then on, as Kafka has it: in place of the base timestamp.
    ///
    /// # Errors
    /// When the records can't be read within `limit` bytes, or not be written.
    pub fn filtered(
        &self,
        limit: usize,
        horizon: Timestamp,
        mut fate: impl FnMut(&Record) -> Fate,
    ) -> Result<Filtered, FilterError> {
        let mut kept = Vec::new();
        let mut is_for_now = false;
        for record in self.records(limit)? {
            let record = record?;
            match fate(&record) {
                Fate::Kept => kept.push(record),
                Fate::KeptForNow => {
                    is_for_now = true;
                    kept.push(record);
                }
                Fate::Dropped => {}
            }
        }
        let header = self.header();
        let is_new_horizon = is_for_now && header.delete_horizon().is_none();
        if kept.is_empty() {
            return Ok(Filtered::Nothing);
        }
        if kept.len() == header.record_count.get() as usize && !is_new_horizon {
            return Ok(Filtered::Unchanged);
        }
        let compression = header.attributes.compression().map_err(RecordError::from)?;
        let mut builder = BatchBuilder::new(header.base_offset, compression);
        builder.base_timestamp = Some(if is_new_horizon { horizon } else { header.base_timestamp });
        for record in kept {
            let fields = (record.key.as_deref(), record.value.as_deref());
            builder.push_at(record.offset, record.timestamp, fields, &record.headers)?;
        }
        let attributes =
            if is_new_horizon { header.attributes.with_delete_horizon() } else { header.attributes };
        let built = builder.build()?;
        let mut new = BatchHeader {
            leader_epoch: header.leader_epoch,
            attributes,
            last_offset_delta: header.last_offset_delta,
            producer: header.producer,
            ..built.header().clone()
        };
        if attributes.is_log_append_time() {
            new.max_timestamp = header.max_timestamp;
        }
        new.crc = new.crc_with(built.records_bytes());
        Ok(Filtered::Some(built.with_header(new)))
    }

    /// A batch without records, which stands for offsets whose records are gone: from `base_offset` on, `last_offset_delta`
    /// and one more. Those who read go on behind it, as behind those that Kafka's compaction leaves.
    #[must_use]
    pub fn empty(base_offset: Offset, last_offset_delta: u32) -> Self {
        let mut header = BatchHeader {
            base_offset,
            batch_length: 0,
            leader_epoch: Some(LeaderEpoch::ZERO),
            crc: 0,
            attributes: Attributes::default().with_compression(Compression::None),
            last_offset_delta,
            base_timestamp: Timestamp::NONE,
            max_timestamp: Timestamp::NONE,
            record_count: RecordCount::new(0),
            producer: ProducerBits::NONE,
        };
        header.batch_length = u32::try_from(HEADER_BYTES).unwrap_or_default() - 12;
        header.crc = header.crc_with(&[]);
        Self { bytes: Bytes::copy_from_slice(&header.to_bytes()), header }
    }
}

#[cfg(test)]
mod tests {
    use forebay_model::{ProducerEpoch, ProducerId, Sequence};

    use super::*;

    const LIMIT: usize = 1 << 20;

    fn offset(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    fn batch(compression: Compression) -> RecordBatch {
        let producer = (ProducerId::new(7).unwrap(), ProducerEpoch::ZERO, Some(Sequence::new(5).unwrap()));
        let mut builder =
            BatchBuilder::new(offset(10), compression).producer(producer.0, producer.1, producer.2);
        for (key, time) in [("a", 100), ("b", 300), ("c", 200)] {
            let value = (key != "c").then_some(b"value".as_slice());
            builder.push(Timestamp::from_millis(time), Some(key.as_bytes()), value, &[]).unwrap();
        }
        builder.build().unwrap()
    }

    fn records(batch: &RecordBatch) -> Vec<(i64, i64, Vec<u8>)> {
        let records = batch.records(LIMIT).unwrap().map(Result::unwrap);
        records
            .map(|record| (record.offset.get(), record.timestamp.millis(), record.key.unwrap().to_vec()))
            .collect()
    }

    #[test]
    fn records_that_stay_keep_their_offsets_times_and_compression() {
        for compression in
            [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd]
        {
            let batch = batch(compression);
            let drop_first =
                |record: &Record| if record.offset == offset(10) { Fate::Dropped } else { Fate::Kept };
            let Filtered::Some(left) = batch.filtered(LIMIT, Timestamp::NONE, drop_first).unwrap() else {
                panic!("one is gone")
            };
            left.check_crc().unwrap();
            assert_eq!(records(&left), [(11, 300, b"b".to_vec()), (12, 200, b"c".to_vec())]);
            let header = left.header();
            assert_eq!(header.attributes.compression(), Ok(compression));
            assert_eq!((header.base_offset, header.offset_count().get()), (offset(10), 3));
            assert_eq!(header.base_sequence(), batch.header().base_sequence());
            assert_eq!(header.max_timestamp.millis(), 300);
        }
    }

    #[test]
    fn nothing_is_written_anew_without_need() {
        let batch = batch(Compression::None);
        let all = |fate: Fate| batch.filtered(LIMIT, Timestamp::NONE, |_| fate).unwrap();
        assert_eq!(all(Fate::Kept), Filtered::Unchanged);
        assert_eq!(all(Fate::Dropped), Filtered::Nothing);
    }

    #[test]
    fn a_delete_horizon_is_set_once_and_changes_no_time() {
        let horizon = Timestamp::from_millis(9_000);
        let fate = |record: &Record| if record.value.is_none() { Fate::KeptForNow } else { Fate::Kept };
        let batch = batch(Compression::None);
        assert_eq!(batch.header().delete_horizon(), None);
        let Filtered::Some(marked) = batch.filtered(LIMIT, horizon, fate).unwrap() else {
            panic!("it is marked")
        };
        marked.check_crc().unwrap();
        assert_eq!(marked.header().delete_horizon(), Some(horizon));
        assert_eq!(records(&marked), records(&batch));
        let later = Timestamp::from_millis(10_000);
        assert_eq!(marked.filtered(LIMIT, later, fate).unwrap(), Filtered::Unchanged);
        let drop_first =
            |record: &Record| if record.offset == offset(10) { Fate::Dropped } else { fate(record) };
        let Filtered::Some(less) = marked.filtered(LIMIT, later, drop_first).unwrap() else { panic!("less") };
        assert_eq!(less.header().delete_horizon(), Some(horizon));
        assert_eq!(records(&less), records(&batch)[1..]);
    }

    #[test]
    fn an_empty_batch_takes_offsets_and_has_no_records() {
        let empty = RecordBatch::parse(RecordBatch::empty(offset(5), 9).into_bytes()).unwrap();
        empty.check_crc().unwrap();
        assert_eq!((empty.header().base_offset, empty.header().last_offset()), (offset(5), Some(offset(14))));
        assert_eq!(records(&empty), []);
    }
}
