use std::collections::BTreeSet;

use forebay_kafka_wire::RecordBatch;
use forebay_kafka_wire::control::Marker;
use forebay_model::ProducerId;
use kafka_protocol::messages::fetch_response::AbortedTransaction;

/// Which batches of a fetch belong to transactions that were aborted.
pub(super) struct Transactions {
    /// Those that begin later on, the last one first.
    later: Vec<(i64, ProducerId)>,
    /// Producers whose records are none until their marker comes.
    aborted: BTreeSet<ProducerId>,
}

/// A marker is a few bytes.
const MARKER_BYTES: usize = 4_096;

impl Transactions {
    /// From what a broker tells beside the records.
    pub(super) fn new(aborted: Vec<AbortedTransaction>) -> Self {
        let known = aborted.into_iter().filter_map(|transaction| {
            ProducerId::new(transaction.producer_id.0).ok().map(|id| (transaction.first_offset, id))
        });
        let mut later: Vec<_> = known.collect();
        later.sort_by(|one, other| other.cmp(one));
        Self { later, aborted: BTreeSet::new() }
    }

    /// Whether the next batch is to be seen.
    pub(super) fn shows(&mut self, batch: &RecordBatch) -> bool {
        let header = batch.header();
        let last = header.last_offset().map_or(i64::MAX, |last| last.get());
        while let Some((_, id)) = self.later.pop_if(|(first, _)| *first <= last) {
            self.aborted.insert(id);
        }
        let is_marker = header.attributes.is_control();
        if is_marker {
            let record = batch.records(MARKER_BYTES).ok().and_then(|mut records| records.next());
            let marker = record.and_then(Result::ok).and_then(|record| Marker::of(&record).ok());
            if marker == Some(Marker::Abort)
                && let Some(id) = header.producer_id()
            {
                self.aborted.remove(&id);
            }
            return false;
        }
        let is_aborted = header.producer_id().is_some_and(|id| self.aborted.contains(&id));
        !(header.attributes.is_transactional() && is_aborted)
    }
}

#[cfg(test)]
mod tests {
    use forebay_kafka_wire::{BatchBuilder, Compression};
    use forebay_model::{Offset, ProducerEpoch, Sequence, Timestamp};

    use super::*;

    fn id(number: i64) -> ProducerId {
        ProducerId::new(number).unwrap()
    }

    fn batch(offset: i64, producer: i64) -> RecordBatch {
        let at = Offset::new(offset).unwrap();
        let mut builder = BatchBuilder::new(at, Compression::None)
            .producer(id(producer), ProducerEpoch::ZERO, Some(Sequence::ZERO))
            .transactional();
        builder.push(Timestamp::from_millis(1), None, Some(b"value"), &[]).unwrap();
        builder.build().unwrap()
    }

    fn marker(offset: i64, producer: i64, marker: Marker) -> RecordBatch {
        let at = Offset::new(offset).unwrap();
        marker.batch(at, Timestamp::from_millis(1), (id(producer), ProducerEpoch::ZERO), 0).unwrap()
    }

    #[test]
    fn what_was_aborted_is_left_out_until_its_marker() {
        let told = |first, producer: i64| {
            AbortedTransaction::default().with_first_offset(first).with_producer_id(producer.into())
        };
        let mut transactions = Transactions::new(vec![told(3, 7), told(0, 7)]);
        let batches = [
            batch(0, 7),
            batch(1, 8),
            marker(2, 7, Marker::Abort),
            batch(3, 7),
            marker(4, 7, Marker::Abort),
            batch(5, 7),
            marker(6, 7, Marker::Commit),
        ];
        let shown: Vec<_> = batches.iter().map(|batch| transactions.shows(batch)).collect();
        assert_eq!(shown, [false, true, false, false, false, true, false]);
    }
}
