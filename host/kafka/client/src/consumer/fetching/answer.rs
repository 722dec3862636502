use bytes::Bytes;
use forebay_kafka_wire::{BatchError, HEADER_BYTES, RecordBatch};
use forebay_model::Offset;
use kafka_protocol::messages::fetch_response::PartitionData;

use super::super::Isolation;
use super::super::event::Fetched;
use super::behind;
use super::plan::Wanted;
use super::transactions::Transactions;
use crate::failure::Failure;

/// Where to go on, and what was fetched, if there is something to be seen.
type Read = Option<(Offset, Option<Fetched>)>;

/// Behind the last offset that a reader of that isolation is given at the moment.
pub(super) fn end(data: &PartitionData, isolation: Isolation) -> i64 {
    match isolation {
        // Brokers that say nothing of it have no transactions.
        Isolation::ReadCommitted if data.last_stable_offset >= 0 => data.last_stable_offset,
        Isolation::ReadCommitted | Isolation::ReadUncommitted => data.high_watermark,
    }
}

/// Reads what an answer has of one partition: nothing where it has nothing.
pub(super) fn read(
    wanted: &Wanted,
    data: PartitionData,
    isolation: Isolation,
    max_bytes: u32,
) -> Result<Read, Failure> {
    let records = data.records.unwrap_or_default();
    let is_empty = records.is_empty();
    let aborted = match isolation {
        Isolation::ReadUncommitted => None,
        Isolation::ReadCommitted => data.aborted_transactions,
    };
    let mut transactions = Transactions::new(aborted.unwrap_or_default());
    let mut batches = Vec::new();
    let (mut bytes, mut next) = (0, None);
    for batch in split(records)? {
        let Some(last) = batch.header().last_offset().filter(|last| *last >= wanted.offset) else { continue };
        next = Some(behind(last));
        if transactions.shows(&batch) {
            bytes += batch.bytes().len();
            batches.push(batch);
        }
    }
    let Some(next) = next else {
        // Something came, and no batch is whole.
        return if is_empty { Ok(None) } else { Err(Failure::LargeBatch { limit: max_bytes }) };
    };
    if batches.is_empty() {
        return Ok(Some((next, None)));
    }
    let offset = |number| Offset::new(number).unwrap_or(Offset::ZERO);
    let fetched = Fetched {
        partition: wanted.partition.clone(),
        first: wanted.offset,
        next,
        high_watermark: offset(data.high_watermark),
        log_start: offset(data.log_start_offset),
        batches,
        bytes,
        topic: wanted.leader.topic,
        is_detached: false,
    };
    Ok(Some((next, Some(fetched))))
}

/// The batches, with checksums that are right. The last one may be cut off, as Kafka's is.
fn split(mut bytes: Bytes) -> Result<Vec<RecordBatch>, Failure> {
    let failed = |error| Failure::Batch(std::sync::Arc::new(error));
    let mut batches = Vec::new();
    while bytes.len() >= HEADER_BYTES {
        let batch = match RecordBatch::split_from(&mut bytes) {
            Ok(batch) => batch,
            Err(BatchError::Truncated { .. }) => break,
            Err(error) if batches.is_empty() => return Err(failed(error)),
            Err(_) => break,
        };
        match batch.check_crc() {
            Ok(()) => batches.push(batch),
            // What is good comes first; the next fetch begins with what is not.
            Err(error) if batches.is_empty() => return Err(failed(error)),
            Err(_) => break,
        }
    }
    Ok(batches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_transactions_hold_back_is_behind_the_end_of_who_reads_what_is_committed() {
        let data = PartitionData::default().with_high_watermark(10).with_last_stable_offset(5);
        assert_eq!(end(&data, Isolation::ReadCommitted), 5);
        assert_eq!(end(&data, Isolation::ReadUncommitted), 10);
        assert_eq!(end(&data.with_last_stable_offset(-1), Isolation::ReadCommitted), 10);
    }
}
