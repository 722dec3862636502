//! The outcome of a commit as a row holds it, relative to where the logs of the commit ended and started, which stands
//! beside it. A batch is, behind its flags:
//!
//! - of a duplicate: base offset (8), log start (8), and the log append time (8), if it has one;
//! - else: the place of the log (4), the base offset relative to its end (8). The log append time is that of the commit.

use forebay_model::{Offset, Timestamp};
use forebay_storage_metadata::outcome::{self, BatchFlags, NoOutcome, Rest};
use forebay_storage_metadata::{BatchCommitted, CommitOutcome};

use super::plan::{Judged, Placed};
use crate::rows::LogKey;
use crate::trouble::Trouble;

/// `place` is where a log stands among those that are written.
pub(crate) fn encode(requests: &[Judged], place: impl Fn(&LogKey) -> Option<usize>) -> Vec<u8> {
    outcome::encode(requests, |bytes, batch| match *batch {
        Placed::New { log, base, is_append } => {
            let flags = BatchFlags { is_duplicate: false, has_append_time: is_append };
            outcome::put_flags(bytes, flags);
            outcome::put_count(bytes, place(&log).unwrap_or(usize::MAX));
            bytes.extend(base.to_le_bytes());
        }
        Placed::Duplicate { base_offset, log_start, log_append_time } => {
            let batch = BatchCommitted { base_offset, log_append_time, log_start, is_duplicate: true };
            outcome::put_batch(bytes, &batch);
        }
    })
}

/// `ends` and `starts` are those of the logs of the commit, in its order.
pub(crate) fn decode(
    bytes: &[u8],
    committed_at: Timestamp,
    ends: &[i64],
    starts: &[i64],
) -> Result<CommitOutcome, Trouble> {
    let batch = |rest: &mut Rest<'_>, flags: BatchFlags| {
        if flags.is_duplicate {
            return rest.batch(flags);
        }
        let place = usize::try_from(rest.count()?).map_err(|_| NoOutcome)?;
        let base = rest.number()?;
        let (Some(end), Some(start)) = (ends.get(place), starts.get(place)) else { return Err(NoOutcome) };
        let base_offset = end.checked_add(base).and_then(|base| Offset::new(base).ok());
        Ok(BatchCommitted {
            base_offset: base_offset.ok_or(NoOutcome)?,
            log_append_time: flags.has_append_time.then_some(committed_at),
            log_start: Offset::new(*start).map_err(|_| NoOutcome)?,
            is_duplicate: false,
        })
    };
    Ok(outcome::decode(bytes, committed_at, batch)?)
}

#[cfg(test)]
mod tests {
    use forebay_model::{ProducerEpoch, Sequence};
    use forebay_storage_metadata::{BatchRefusal, ProduceOutcome};

    use super::*;

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
    }

    /// Rows of earlier versions of the program are read.
    #[test]
    fn the_bytes_stay_as_they_are() {
        let logs = [7, 8].map(|topic| LogKey { topic: uuid::Uuid::from_u128(topic), partition: 0 });
        let offset = |offset| Offset::new(offset).unwrap();
        let [first, second] = logs;
        let duplicate = |log_append_time| Placed::Duplicate {
            base_offset: offset(6),
            log_start: offset(4),
            log_append_time,
        };
        let requests = [
            Judged::Committed(vec![
                Placed::New { log: second, base: -3, is_append: true },
                Placed::New { log: first, base: 2, is_append: false },
                duplicate(Some(Timestamp::from_millis(5))),
                duplicate(None),
            ]),
            Judged::Refused(vec![None, Some(BatchRefusal::Full)]),
        ];
        let mut bytes = vec![1, 2, 0, 0, 0];
        bytes.extend([0, 4, 0, 0, 0]);
        bytes.extend([2, 1, 0, 0, 0, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        bytes.extend([0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([3, 6, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([1, 6, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([1, 2, 0, 0, 0, 0, 4]);
        assert_eq!(encode(&requests, |log| logs.iter().position(|known| known == log)), bytes);
        let at = Timestamp::from_millis(9);
        let batch = |base, start, log_append_time, is_duplicate| BatchCommitted {
            base_offset: offset(base),
            log_append_time,
            log_start: offset(start),
            is_duplicate,
        };
        let expected = vec![
            ProduceOutcome::Committed(vec![
                batch(47, 10, Some(at), false),
                batch(3, 0, None, false),
                batch(6, 4, Some(Timestamp::from_millis(5)), true),
                batch(6, 4, None, true),
            ]),
            ProduceOutcome::Refused(vec![None, Some(BatchRefusal::Full)]),
        ];
        let decoded = decode(&bytes, at, &[1, 50], &[0, 10]).unwrap();
        assert_eq!(decoded, CommitOutcome { committed_at: at, requests: expected });
    }
}
