//! The outcome of a commit as a row holds it, little-endian: the version (1 byte, 1), the number of requests (4), and
//! for each of them 0 for committed or 1 for refused (1), the number of its batches (4), and for each of those:
//!
//! - committed: flags (1; bit 0 duplicate, bit 1 log append time), base offset (8), log start (8), and with bit 1 the
//!   log append time (8);
//! - refused: 0 could have been committed, 1 no such partition, 2 fenced by an epoch (2), 3 out of order: the expected
//!   sequence and the one it has (4 each), 4 no offsets left.

use forebay_model::{Offset, ProducerEpoch, Sequence, Timestamp};
use forebay_storage_metadata::{BatchCommitted, BatchRefusal, CommitOutcome, ProduceOutcome};

use crate::trouble::Trouble;

const VERSION: u8 = 1;
const DUPLICATE: u8 = 1;
const APPEND_TIME: u8 = 2;

pub(crate) fn encode(outcome: &CommitOutcome) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    put_count(&mut bytes, outcome.requests.len());
    for request in &outcome.requests {
        match request {
            ProduceOutcome::Committed(batches) => {
                bytes.push(0);
                put_count(&mut bytes, batches.len());
                for batch in batches {
                    put_committed(&mut bytes, batch);
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

pub(crate) fn decode(bytes: &[u8], committed_at: Timestamp) -> Result<CommitOutcome, Trouble> {
    let mut rest = Rest(bytes);
    if rest.byte()? != VERSION {
        return Err(corrupt());
    }
    let requests = (0..rest.count()?).map(|_| request(&mut rest)).collect::<Result<_, _>>()?;
    if !rest.0.is_empty() {
        return Err(corrupt());
    }
    Ok(CommitOutcome { committed_at, requests })
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_committed(bytes: &mut Vec<u8>, batch: &BatchCommitted) {
    let BatchCommitted { base_offset, log_append_time, log_start, is_duplicate } = batch;
    let duplicate = if *is_duplicate { DUPLICATE } else { 0 };
    let append_time = if log_append_time.is_some() { APPEND_TIME } else { 0 };
    bytes.push(duplicate | append_time);
    bytes.extend(base_offset.get().to_le_bytes());
    bytes.extend(log_start.get().to_le_bytes());
    if let Some(time) = log_append_time {
        bytes.extend(time.millis().to_le_bytes());
    }
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

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Trouble> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(corrupt)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, Trouble> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn count(&mut self) -> Result<u32, Trouble> {
        self.take().map(u32::from_le_bytes)
    }

    fn offset(&mut self) -> Result<Offset, Trouble> {
        Offset::new(i64::from_le_bytes(self.take()?)).map_err(|_| corrupt())
    }

    fn sequence(&mut self) -> Result<Sequence, Trouble> {
        Sequence::new(i32::from_le_bytes(self.take()?)).map_err(|_| corrupt())
    }
}

fn request(rest: &mut Rest<'_>) -> Result<ProduceOutcome, Trouble> {
    let kind = rest.byte()?;
    let batches = 0..rest.count()?;
    match kind {
        0 => batches.map(|_| committed(rest)).collect::<Result<_, _>>().map(ProduceOutcome::Committed),
        1 => batches.map(|_| refusal(rest)).collect::<Result<_, _>>().map(ProduceOutcome::Refused),
        _ => Err(corrupt()),
    }
}

fn committed(rest: &mut Rest<'_>) -> Result<BatchCommitted, Trouble> {
    let flags = rest.byte()?;
    let (base_offset, log_start) = (rest.offset()?, rest.offset()?);
    let log_append_time = match flags & APPEND_TIME {
        0 => None,
        _ => Some(Timestamp::from_millis(i64::from_le_bytes(rest.take()?))),
    };
    Ok(BatchCommitted { base_offset, log_append_time, log_start, is_duplicate: flags & DUPLICATE != 0 })
}

fn refusal(rest: &mut Rest<'_>) -> Result<Option<BatchRefusal>, Trouble> {
    Ok(Some(match rest.byte()? {
        0 => return Ok(None),
        1 => BatchRefusal::NoPartition,
        2 => {
            let current = ProducerEpoch::new(i16::from_le_bytes(rest.take()?)).map_err(|_| corrupt())?;
            BatchRefusal::Fenced { current }
        }
        3 => BatchRefusal::OutOfOrder { expected: rest.sequence()?, got: rest.sequence()? },
        4 => BatchRefusal::Full,
        _ => return Err(corrupt()),
    }))
}

fn corrupt() -> Trouble {
    Trouble::Corrupt("outcomes.outcome is no outcome".to_owned())
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
        let bytes = encode(&outcome);
        assert_eq!(decode(&bytes, outcome.committed_at).unwrap(), outcome);
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end], outcome.committed_at).is_err(), "{end}");
        }
        assert!(decode(&[VERSION, 0xff, 0xff, 0xff, 0xff], outcome.committed_at).is_err());
    }
}
