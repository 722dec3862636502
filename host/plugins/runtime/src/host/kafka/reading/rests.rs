//! What was fetched and is not given yet: at most one piece of a partition at a time, since the client hands out more
//! only when that is given.

use std::collections::{BTreeSet, VecDeque};

use forebay_kafka_client::{Fetched, TopicPartition};
use forebay_kafka_wire::{Record, RecordError, Records};
use forebay_model::{Offset, RecordCount};

/// All that is left, in its order.
#[derive(Debug)]
pub(super) struct Rests {
    waiting: VecDeque<Rest>,
    paused: BTreeSet<TopicPartition>,
    /// Bytes that paused partitions may keep.
    most: usize,
}

/// What is left of what was fetched.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) fetched: Fetched,
    /// How many batches were begun.
    begun: usize,
    records: Option<Records>,
    /// Taken, and not given.
    ahead: Option<Result<Record, RecordError>>,
    /// Behind what was given.
    pub(super) at: Offset,
    /// Whether it keeps nothing of other partitions in memory.
    is_detached: bool,
}

/// The bytes of a piece, apart from one record that is larger.
const PIECE: usize = 1 << 20;

impl Rests {
    pub(super) fn new(most: usize) -> Self {
        Self { waiting: VecDeque::new(), paused: BTreeSet::new(), most }
    }

    pub(super) fn push(&mut self, fetched: Fetched) {
        self.waiting.push_back(Rest::of(fetched));
    }

    /// What can be given next, and its place.
    pub(super) fn take(&mut self) -> Option<(usize, Rest)> {
        let at = self.waiting.iter().position(|rest| !self.paused.contains(&rest.fetched.partition))?;
        Some((at, self.waiting.remove(at)?))
    }

    /// Puts back what is left of it.
    pub(super) fn put_back(&mut self, at: usize, rest: Rest) {
        self.waiting.insert(at, rest);
    }

    /// Nothing of these is given any more: those of which too much would be kept, and where to go on with them. They are
    /// to be fetched again.
    pub(super) fn pause(&mut self, partitions: &[TopicPartition]) -> Vec<(TopicPartition, Offset)> {
        self.paused.extend(partitions.iter().cloned());
        for rest in self.waiting.iter_mut().filter(|rest| partitions.contains(&rest.fetched.partition)) {
            rest.detach();
        }
        let mut dropped = Vec::new();
        // Whoever was paused last is resumed last.
        while self.kept() > self.most {
            let paused = |rest: &Rest| self.paused.contains(&rest.fetched.partition);
            // To unpack a batch again takes less than to fetch it again.
            let unpacked = self.waiting.iter().rposition(|rest| paused(rest) && rest.unpacked() > 0);
            if let Some(rest) = unpacked.and_then(|unpacked| self.waiting.get_mut(unpacked)) {
                rest.pack();
                continue;
            }
            let Some(last) = self.waiting.iter().rposition(paused) else { break };
            let Some(rest) = self.waiting.remove(last) else { break };
            dropped.push((rest.fetched.partition, rest.at));
        }
        dropped
    }

    pub(super) fn resume(&mut self, partitions: &[TopicPartition]) {
        self.paused.retain(|paused| !partitions.contains(paused));
    }

    /// Nothing that is left of this partition is wanted.
    pub(super) fn drop_of(&mut self, partition: &TopicPartition) {
        self.waiting.retain(|rest| rest.fetched.partition != *partition);
    }

    /// Nothing is known of these any more.
    pub(super) fn forget(&mut self, partitions: &[TopicPartition]) {
        self.waiting.retain(|rest| !partitions.contains(&rest.fetched.partition));
        self.resume(partitions);
    }

    /// Bytes that are kept for paused partitions.
    fn kept(&self) -> usize {
        let paused = self.waiting.iter().filter(|rest| self.paused.contains(&rest.fetched.partition));
        paused.map(Rest::bytes).sum()
    }
}

impl Rest {
    fn of(fetched: Fetched) -> Self {
        let at = fetched.first;
        Self { fetched, begun: 0, records: None, ahead: None, at, is_detached: false }
    }

    /// Copies what is left, once: as it comes, it shares memory with all that came with it. A batch that was unpacked
    /// has memory of its own, and stays as it is.
    fn detach(&mut self) {
        if self.is_detached {
            return;
        }
        let is_unpacked = self.unpacked() > 0;
        if !is_unpacked {
            self.pack();
        }
        // One that is unpacked is kept packed too: there may be too little room for it.
        let kept = usize::from(is_unpacked);
        self.fetched = self.fetched.detached(self.begun.saturating_sub(kept), self.at);
        (self.begun, self.is_detached) = (kept, true);
    }

    /// Has the batch that was begun read anew, from behind what was given.
    fn pack(&mut self) {
        if self.records.take().is_some() | self.ahead.take().is_some() {
            self.begun = self.begun.saturating_sub(1);
            self.fetched.first = self.at;
        }
    }

    /// The bytes that it keeps in memory.
    fn bytes(&self) -> usize {
        self.fetched.bytes() + self.unpacked()
    }

    /// The bytes of a batch that is unpacked.
    fn unpacked(&self) -> usize {
        self.records.as_ref().map_or(0, Records::unpacked)
    }

    /// The next records. When there are no more, `at` is behind all that was fetched.
    pub(super) fn take(&mut self, most: usize, decompressed: usize) -> Result<Vec<Record>, RecordError> {
        let mut records = Vec::new();
        let mut bytes = 0;
        while let Some(next) = self.ahead.take().or_else(|| self.next(decompressed)) {
            if records.len() >= most || bytes >= PIECE || (next.is_err() && !records.is_empty()) {
                self.ahead = Some(next);
                return Ok(records);
            }
            let record = next?;
            bytes += size(&record);
            self.at = record.offset.advanced(RecordCount::new(1)).unwrap_or(record.offset);
            records.push(record);
        }
        self.at = self.fetched.next;
        Ok(records)
    }

    /// Whether something is left.
    pub(super) fn has_more(&self) -> bool {
        self.at < self.fetched.next
    }

    fn next(&mut self, decompressed: usize) -> Option<Result<Record, RecordError>> {
        loop {
            let Some(records) = &mut self.records else {
                let batch = self.fetched.batches().get(self.begun)?;
                self.begun += 1;
                match batch.records(decompressed) {
                    Ok(records) => self.records = Some(records),
                    Err(error) => return Some(Err(error)),
                }
                continue;
            };
            match records.next() {
                None => self.records = None,
                // A batch may begin before the place that was asked for.
                Some(Ok(record)) if record.offset < self.fetched.first => {}
                Some(record) => return Some(record),
            }
        }
    }
}

fn size(record: &Record) -> usize {
    let length = |bytes: &Option<bytes::Bytes>| bytes.as_ref().map_or(0, bytes::Bytes::len);
    let headers = record.headers.iter().map(|header| header.key.len() + length(&header.value));
    length(&record.key) + length(&record.value) + headers.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use forebay_kafka_wire::{BatchBuilder, Compression, RecordBatch};
    use forebay_model::{PartitionId, Timestamp};

    use super::*;

    fn partition(number: i32) -> TopicPartition {
        TopicPartition::new("t".parse().unwrap(), PartitionId::new(number).unwrap())
    }

    /// Two batches of ten records each, with offsets from 0 to 19.
    fn fetched(number: i32, compression: Compression) -> Fetched {
        let batch = |base: i64| {
            let mut builder = BatchBuilder::new(Offset::new(base).unwrap(), compression);
            for _ in 0..10 {
                builder.push(Timestamp::from_millis(0), None, Some(&[b'x'; 100][..]), &[]).unwrap();
            }
            builder.build().unwrap()
        };
        let batches: Vec<RecordBatch> = vec![batch(0), batch(10)];
        Fetched::new(partition(number), Offset::ZERO, batches)
    }

    fn offsets(rest: &mut Rest, most: usize) -> Vec<i64> {
        rest.take(most, 1 << 20).unwrap().iter().map(|record| record.offset.get()).collect()
    }

    #[test]
    fn what_is_paused_in_the_middle_of_a_batch_goes_on_there() {
        for compression in [Compression::None, Compression::Lz4] {
            let mut rests = Rests::new(1 << 20);
            rests.push(fetched(0, compression));
            let mut given = Vec::new();
            for most in [3, 7, 4, 20] {
                let (at, mut rest) = rests.take().unwrap();
                given.extend(offsets(&mut rest, most));
                if rest.has_more() {
                    rests.put_back(at, rest);
                }
                assert!(rests.pause(&[partition(0)]).is_empty());
                assert!(rests.take().is_none());
                rests.resume(&[partition(0)]);
            }
            assert_eq!(given, (0..20).collect::<Vec<_>>());
            assert!(rests.take().is_none());
        }
    }

    #[test]
    fn what_would_keep_too_much_is_fetched_again() {
        let one = fetched(0, Compression::None).bytes();
        let mut rests = Rests::new(one * 2);
        for number in 0..3 {
            rests.push(fetched(number, Compression::None));
        }
        let (at, mut rest) = rests.take().unwrap();
        offsets(&mut rest, 12);
        rests.put_back(at, rest);
        assert!(rests.pause(&[partition(1)]).is_empty());
        // The first batch of it is given: that is not kept.
        assert!(rests.pause(&[partition(0)]).is_empty());
        assert_eq!(rests.pause(&[partition(2)]), [(partition(2), Offset::ZERO)]);
        rests.resume(&[0, 1, 2].map(partition));
        let (_, mut rest) = rests.take().unwrap();
        assert_eq!(offsets(&mut rest, 2), [12, 13]);
        assert_eq!(rests.take().unwrap().1.fetched.partition, partition(1));
        assert!(rests.take().is_none());
    }

    #[test]
    fn a_batch_that_is_unpacked_stays_so_while_there_is_room() {
        for (room, stays) in [(1 << 10, false), (1 << 11, true)] {
            let mut rests = Rests::new(room);
            rests.push(fetched(0, Compression::Lz4));
            for given in [0, 5, 10] {
                let (at, mut rest) = rests.take().unwrap();
                assert_eq!(offsets(&mut rest, 5), (given..given + 5).collect::<Vec<_>>());
                rests.put_back(at, rest);
                assert!(rests.pause(&[partition(0)]).is_empty(), "packed it is small");
                assert_eq!(rests.waiting[0].unpacked() > 0, stays);
                assert!(rests.kept() <= room);
                rests.resume(&[partition(0)]);
            }
        }
    }

    #[test]
    fn what_is_too_much_packed_too_is_fetched_again() {
        let mut rests = Rests::new(10);
        rests.push(fetched(0, Compression::Lz4));
        let (at, mut rest) = rests.take().unwrap();
        offsets(&mut rest, 5);
        rests.put_back(at, rest);
        assert_eq!(rests.pause(&[partition(0)]), [(partition(0), Offset::new(5).unwrap())]);
    }
}
