//! The outcome of a commit as a row holds it, relative to where the logs of the commit ended and started, which stands
//! beside it. Little-endian: the version (1 byte, 1), the number of requests (4), and for each of them 0 for committed
//! or 1 for refused (1), the number of its batches (4), and for each of those:
//!
//! - committed: flags (1; bit 0 duplicate, bit 1 log append time), and then
//!   - of a duplicate: base offset (8), log start (8), and with bit 1 the log append time (8);
//!   - else: the place of the log (4), the base offset relative to its end (8). The log append time is that of the commit.
//! - refused: 0 could have been committed, 1 no such partition, 2 fenced by an epoch (2), 3 out of order: the expected
//!   sequence and the one it has (4 each), 4 no offsets left.

use forebay_model::{Offset, ProducerEpoch, Sequence, Timestamp};
use forebay_storage_metadata::{BatchCommitted, BatchRefusal, CommitOutcome, ProduceOutcome};

use super::plan::{Judged, Placed};
use crate::trouble::Trouble;

const VERSION: u8 = 1;
const DUPLICATE: u8 = 1;
const APPEND_TIME: u8 = 2;

/// `place` is where a log stands among those that are written.
pub(crate) fn encode(requests: &[Judged], place: impl Fn(&crate::rows::LogKey) -> Option<usize>) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    put_count(&mut bytes, requests.len());
    for request in requests {
        match request {
            Judged::Committed(batches) => {
                bytes.push(0);
                put_count(&mut bytes, batches.len());
                for batch in batches {
                    put_placed(&mut bytes, batch, &place);
                }
            }
            Judged::Refused(refusals) => {
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

/// `ends` and `starts` are those of the logs of the commit, in its order.
pub(crate) fn decode(
    bytes: &[u8],
    committed_at: Timestamp,
    ends: &[i64],
    starts: &[i64],
) -> Result<CommitOutcome, Trouble> {
    let mut rest = Rest { bytes, committed_at, ends, starts };
    if rest.byte()? != VERSION {
        return Err(corrupt());
    }
    let requests = (0..rest.count()?).map(|_| request(&mut rest)).collect::<Result<_, _>>()?;
    if !rest.bytes.is_empty() {
        return Err(corrupt());
    }
    Ok(CommitOutcome { committed_at, requests })
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_placed(bytes: &mut Vec<u8>, batch: &Placed, place: &impl Fn(&crate::rows::LogKey) -> Option<usize>) {
    match batch {
        Placed::New { log, base, is_append } => {
            bytes.push(if *is_append { APPEND_TIME } else { 0 });
            put_count(bytes, place(log).unwrap_or(usize::MAX));
            bytes.extend(base.to_le_bytes());
        }
        Placed::Duplicate { base_offset, log_start, log_append_time } => {
            bytes.push(DUPLICATE | if log_append_time.is_some() { APPEND_TIME } else { 0 });
            bytes.extend(base_offset.get().to_le_bytes());
            bytes.extend(log_start.get().to_le_bytes());
            if let Some(time) = log_append_time {
                bytes.extend(time.millis().to_le_bytes());
            }
        }
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

/// What is still to be read, and what it is relative to.
struct Rest<'a> {
    bytes: &'a [u8],
    committed_at: Timestamp,
    ends: &'a [i64],
    starts: &'a [i64],
}

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Trouble> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or_else(corrupt)?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, Trouble> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn count(&mut self) -> Result<u32, Trouble> {
        self.take().map(u32::from_le_bytes)
    }

    fn number(&mut self) -> Result<i64, Trouble> {
        self.take().map(i64::from_le_bytes)
    }

    fn offset(&mut self) -> Result<Offset, Trouble> {
        Offset::new(self.number()?).map_err(|_| corrupt())
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
    let has_append_time = flags & APPEND_TIME != 0;
    if flags & DUPLICATE != 0 {
        let (base_offset, log_start) = (rest.offset()?, rest.offset()?);
        let time = if has_append_time { Some(Timestamp::from_millis(rest.number()?)) } else { None };
        return Ok(BatchCommitted { base_offset, log_append_time: time, log_start, is_duplicate: true });
    }
    let place = usize::try_from(rest.count()?).map_err(|_| corrupt())?;
    let base = rest.number()?;
    let (Some(end), Some(start)) = (rest.ends.get(place), rest.starts.get(place)) else {
        return Err(corrupt());
    };
    let base_offset = end.checked_add(base).and_then(|base| Offset::new(base).ok()).ok_or_else(corrupt)?;
    Ok(BatchCommitted {
        base_offset,
        log_append_time: has_append_time.then_some(rest.committed_at),
        log_start: Offset::new(*start).map_err(|_| corrupt())?,
        is_duplicate: false,
    })
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
    use crate::rows::LogKey;

    #[test]
    fn an_outcome_is_read_as_it_was_written() {
        let log = LogKey { topic: uuid::Uuid::from_u128(7), partition: 3 };
        let offset = |offset| Offset::new(offset).unwrap();
        let refusals = vec![
            None,
            Some(BatchRefusal::NoPartition),
            Some(BatchRefusal::Fenced { current: ProducerEpoch::new(9).unwrap() }),
            Some(BatchRefusal::OutOfOrder { expected: Sequence::LAST, got: Sequence::ZERO }),
            Some(BatchRefusal::Full),
        ];
        let duplicate = Placed::Duplicate {
            base_offset: offset(i64::MAX),
            log_start: offset(4),
            log_append_time: Some(Timestamp::from_millis(-5)),
        };
        let requests = [
            Judged::Committed(vec![Placed::New { log, base: 2, is_append: true }, duplicate]),
            Judged::Committed(Vec::new()),
            Judged::Refused(refusals.clone()),
        ];
        let bytes = encode(&requests, |_| Some(1));
        let at = Timestamp::from_millis(7);
        let new = BatchCommitted {
            base_offset: offset(52),
            log_append_time: Some(at),
            log_start: offset(10),
            is_duplicate: false,
        };
        let same = BatchCommitted {
            base_offset: offset(i64::MAX),
            log_append_time: Some(Timestamp::from_millis(-5)),
            log_start: offset(4),
            is_duplicate: true,
        };
        let expected = vec![
            ProduceOutcome::Committed(vec![new, same]),
            ProduceOutcome::Committed(Vec::new()),
            ProduceOutcome::Refused(refusals),
        ];
        let decoded = decode(&bytes, at, &[1, 50], &[0, 10]).unwrap();
        assert_eq!(decoded, CommitOutcome { committed_at: at, requests: expected });
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end], at, &[1, 50], &[0, 10]).is_err(), "{end}");
        }
        assert!(decode(&bytes, at, &[1], &[0]).is_err());
        assert!(decode(&[VERSION, 0xff, 0xff, 0xff, 0xff], at, &[], &[]).is_err());
    }
}
