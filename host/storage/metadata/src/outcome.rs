//! The outcome of a commit in a row, as every store keeps it. Little-endian: the version (1 byte, 1), the number of
//! requests (4), and for each of them 0 for committed or 1 for refused (1), the number of its batches (4), and for each
//! of those:
//!
//! - committed: flags (1; bit 0 duplicate, bit 1 log append time), and then what the store has of it. What it can't tell
//!   from elsewhere is base offset (8), log start (8), and with bit 1 the log append time (8): [`put_batch`].
//! - refused: 0 could have been committed, 1 no such partition, 2 fenced by an epoch (2), 3 out of order: the expected
//!   sequence and the one it has (4 each), 4 no offsets left.

use forebay_model::{Offset, ProducerEpoch, Sequence, Timestamp};

use crate::{BatchCommitted, BatchRefusal, CommitOutcome, ProduceOutcome};

const VERSION: u8 = 1;
const DUPLICATE: u8 = 1;
const APPEND_TIME: u8 = 2;

/// Bytes that no commit writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no outcome of a commit")]
pub struct NoOutcome;

/// What comes first of a batch that is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchFlags {
    /// Whether it had been committed before.
    pub is_duplicate: bool,
    /// Whether its records have the time of the commit.
    pub has_append_time: bool,
}

/// The outcome in bytes. `put` writes a batch, from its flags on.
pub fn encode<B>(requests: &[ProduceOutcome<B>], mut put: impl FnMut(&mut Vec<u8>, &B)) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    put_count(&mut bytes, requests.len());
    for request in requests {
        match request {
            ProduceOutcome::Committed(batches) => {
                bytes.push(0);
                put_count(&mut bytes, batches.len());
                for batch in batches {
                    put(&mut bytes, batch);
                }
            }
            ProduceOutcome::Refused(refusals) => {
                bytes.push(1);
                put_count(&mut bytes, refusals.len());
                for refusal in refusals {
                    put_refusal(&mut bytes, *refusal);
                }
            }
        }
    }
    bytes
}

/// Writes a batch with everything that there is to say of it.
pub fn put_batch(bytes: &mut Vec<u8>, batch: &BatchCommitted) {
    let BatchCommitted { base_offset, log_append_time, log_start, is_duplicate } = batch;
    let flags = BatchFlags { is_duplicate: *is_duplicate, has_append_time: log_append_time.is_some() };
    put_flags(bytes, flags);
    bytes.extend(base_offset.get().to_le_bytes());
    bytes.extend(log_start.get().to_le_bytes());
    if let Some(time) = log_append_time {
        bytes.extend(time.millis().to_le_bytes());
    }
}

/// Writes the flags of a batch.
pub fn put_flags(bytes: &mut Vec<u8>, flags: BatchFlags) {
    let BatchFlags { is_duplicate, has_append_time } = flags;
    let duplicate = if is_duplicate { DUPLICATE } else { 0 };
    bytes.push(duplicate | if has_append_time { APPEND_TIME } else { 0 });
}

/// Writes a number of things, 4 bytes.
pub fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_refusal(bytes: &mut Vec<u8>, refusal: Option<BatchRefusal>) {
    match refusal {
        None => bytes.push(0),
        Some(BatchRefusal::NoPartition) => bytes.push(1),
        Some(BatchRefusal::Fenced { current }) => {
            bytes.push(2);
            bytes.extend(current.get().to_le_bytes());
        }
        Some(BatchRefusal::OutOfOrder { expected, got }) => {
            bytes.push(3);
            bytes.extend(expected.get().to_le_bytes());
            bytes.extend(got.get().to_le_bytes());
        }
        Some(BatchRefusal::Full) => bytes.push(4),
    }
}

/// Reads an outcome. `batch` reads what is behind the flags of a batch: [`Rest::batch`], if [`put_batch`] wrote it.
///
/// # Errors
/// When it is none, or ends too early or too late.
pub fn decode(
    bytes: &[u8],
    committed_at: Timestamp,
    mut batch: impl FnMut(&mut Rest<'_>, BatchFlags) -> Result<BatchCommitted, NoOutcome>,
) -> Result<CommitOutcome, NoOutcome> {
    let mut rest = Rest(bytes);
    if rest.byte()? != VERSION {
        return Err(NoOutcome);
    }
    let requests = (0..rest.count()?).map(|_| request(&mut rest, &mut batch)).collect::<Result<_, _>>()?;
    if !rest.0.is_empty() {
        return Err(NoOutcome);
    }
    Ok(CommitOutcome { committed_at, requests })
}

/// What is still to be read of an outcome.
#[derive(Debug)]
pub struct Rest<'b>(&'b [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], NoOutcome> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(NoOutcome)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, NoOutcome> {
        self.take::<1>().map(|[byte]| byte)
    }

    /// What [`put_count`] wrote.
    ///
    /// # Errors
    /// When it ends before that.
    pub fn count(&mut self) -> Result<u32, NoOutcome> {
        self.take().map(u32::from_le_bytes)
    }

    /// A number of 8 bytes.
    ///
    /// # Errors
    /// When it ends before that.
    pub fn number(&mut self) -> Result<i64, NoOutcome> {
        self.take().map(i64::from_le_bytes)
    }

    /// What [`put_batch`] wrote behind the flags.
    ///
    /// # Errors
    /// When it ends before that, or an offset is none.
    pub fn batch(&mut self, flags: BatchFlags) -> Result<BatchCommitted, NoOutcome> {
        let (base_offset, log_start) = (self.offset()?, self.offset()?);
        let log_append_time = match flags.has_append_time {
            false => None,
            true => Some(Timestamp::from_millis(self.number()?)),
        };
        Ok(BatchCommitted { base_offset, log_append_time, log_start, is_duplicate: flags.is_duplicate })
    }

    fn flags(&mut self) -> Result<BatchFlags, NoOutcome> {
        let flags = self.byte()?;
        let (is_duplicate, has_append_time) = (flags & DUPLICATE != 0, flags & APPEND_TIME != 0);
        Ok(BatchFlags { is_duplicate, has_append_time })
    }

    fn offset(&mut self) -> Result<Offset, NoOutcome> {
        Offset::new(self.number()?).map_err(|_| NoOutcome)
    }

    fn sequence(&mut self) -> Result<Sequence, NoOutcome> {
        Sequence::new(i32::from_le_bytes(self.take()?)).map_err(|_| NoOutcome)
    }
}

fn request(
    rest: &mut Rest<'_>,
    batch: &mut impl FnMut(&mut Rest<'_>, BatchFlags) -> Result<BatchCommitted, NoOutcome>,
) -> Result<ProduceOutcome, NoOutcome> {
    let kind = rest.byte()?;
    let batches = 0..rest.count()?;
    match kind {
        0 => {
            let mut committed = || {
                let flags = rest.flags()?;
                batch(rest, flags)
            };
            batches.map(|_| committed()).collect::<Result<_, _>>().map(ProduceOutcome::Committed)
        }
        1 => batches.map(|_| refusal(rest)).collect::<Result<_, _>>().map(ProduceOutcome::Refused),
        _ => Err(NoOutcome),
    }
}

fn refusal(rest: &mut Rest<'_>) -> Result<Option<BatchRefusal>, NoOutcome> {
    Ok(Some(match rest.byte()? {
        0 => return Ok(None),
        1 => BatchRefusal::NoPartition,
        2 => {
            let current = ProducerEpoch::new(i16::from_le_bytes(rest.take()?)).map_err(|_| NoOutcome)?;
            BatchRefusal::Fenced { current }
        }
        3 => BatchRefusal::OutOfOrder { expected: rest.sequence()?, got: rest.sequence()? },
        4 => BatchRefusal::Full,
        _ => return Err(NoOutcome),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_read_as_it_was_written() {
        let batch = |offset, time: Option<i64>, is_duplicate| BatchCommitted {
            base_offset: Offset::new(offset).unwrap(),
            log_append_time: time.map(Timestamp::from_millis),
            log_start: Offset::ZERO,
            is_duplicate,
        };
        let outcome = CommitOutcome {
            committed_at: Timestamp::from_millis(7),
            requests: vec![
                ProduceOutcome::Committed(vec![batch(0, None, false), batch(i64::MAX, Some(-5), true)]),
                ProduceOutcome::Committed(Vec::new()),
                ProduceOutcome::Refused(vec![
                    None,
                    Some(BatchRefusal::NoPartition),
                    Some(BatchRefusal::Fenced { current: ProducerEpoch::new(9).unwrap() }),
                    Some(BatchRefusal::OutOfOrder { expected: Sequence::LAST, got: Sequence::ZERO }),
                    Some(BatchRefusal::Full),
                ]),
            ],
        };
        let bytes = encode(&outcome.requests, put_batch);
        let decode = |bytes| decode(bytes, outcome.committed_at, |rest, flags| rest.batch(flags));
        assert_eq!(decode(&bytes).unwrap(), outcome);
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end]).is_err(), "{end}");
        }
        assert!(decode(&[VERSION, 0xff, 0xff, 0xff, 0xff]).is_err());
    }

    /// Rows of earlier versions of the program are read.
    #[test]
    fn the_bytes_stay_as_they_are() {
        let committed = |offset, start, time: Option<i64>, is_duplicate| BatchCommitted {
            base_offset: Offset::new(offset).unwrap(),
            log_append_time: time.map(Timestamp::from_millis),
            log_start: Offset::new(start).unwrap(),
            is_duplicate,
        };
        let out_of_order = BatchRefusal::OutOfOrder {
            expected: Sequence::new(0x0102_0304).unwrap(),
            got: Sequence::new(5).unwrap(),
        };
        let requests = vec![
            ProduceOutcome::Committed(vec![
                committed(3, 2, Some(5), true),
                committed(0x0102, 1, None, false),
            ]),
            ProduceOutcome::Refused(vec![
                None,
                Some(BatchRefusal::NoPartition),
                Some(BatchRefusal::Fenced { current: ProducerEpoch::new(9).unwrap() }),
                Some(out_of_order),
                Some(BatchRefusal::Full),
            ]),
        ];
        let mut bytes = vec![1, 2, 0, 0, 0];
        bytes.extend([0, 2, 0, 0, 0]);
        bytes.extend([3, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([0, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([1, 5, 0, 0, 0]);
        bytes.extend([0, 1, 2, 9, 0, 3, 4, 3, 2, 1, 5, 0, 0, 0, 4]);
        assert_eq!(encode(&requests, put_batch), bytes);
        let committed_at = Timestamp::from_millis(7);
        let decoded = decode(&bytes, committed_at, |rest, flags| rest.batch(flags)).unwrap();
        assert_eq!(decoded, CommitOutcome { committed_at, requests });
    }
}
