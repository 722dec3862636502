//! What was fetched and is not given yet: of each partition at most what came in one answer, since no more of it is taken
//! from the client until that is given. Partitions have their turns piece by piece.

use std::collections::{BTreeSet, VecDeque};

use forebay_kafka_client::{Fetched, TopicPartition};
use forebay_kafka_wire::{Record, RecordError, Records};
use forebay_model::{Offset, RecordCount};

/// All that is left, in the order of the turns.
#[derive(Debug)]
pub(super) struct Rests {
    waiting: VecDeque<Rest>,
    paused: BTreeSet<TopicPartition>,
    /// Bytes that paused partitions may keep. With as many in the others nothing more is taken.
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
/// Partitions that have their turns at once.
const RING: usize = 64;

impl Rests {
    pub(super) fn new(most: usize) -> Self {
        Self { waiting: VecDeque::new(), paused: BTreeSet::new(), most }
    }

    pub(super) fn push(&mut self, fetched: Fetched) {
        self.waiting.push_back(Rest::of(fetched));
    }

    /// Of which partitions more is taken: those of which nothing waits to be given, while there is room.
    pub(super) fn wants(&self) -> impl Fn(&TopicPartition) -> bool {
        let here: BTreeSet<_> = self.given().map(|rest| &rest.fetched.partition).collect();
        let is_full = here.len() >= RING || self.given().map(Rest::bytes).sum::<usize>() >= self.most;
        move |partition| !is_full && !here.contains(partition)
    }

    /// What can be given next, and its place.
    pub(super) fn take(&mut self) -> Option<(usize, Rest)> {
        let at = self.waiting.iter().position(|rest| !self.is_paused(rest))?;
        Some((at, self.waiting.remove(at)?))
    }

    /// Puts back what is left of it: behind the others, whose turn it is.
    pub(super) fn put_back(&mut self, at: usize, mut rest: Rest) {
        if !self.goes_behind(&rest) {
            self.waiting.insert(at, rest);
            return;
        }
        // What came with it is given while it waits.
        rest.detach();
        self.waiting.push_back(rest);
    }

    /// Nothing of these is given any more: those of which too much would be kept, and where to go on with them. They are
    /// to be fetched again.
    pub(super) fn pause(&mut self, partitions: &[TopicPartition]) -> Vec<(TopicPartition, Offset)> {
        let is_meant = |rest: &Rest| {
            partitions.contains(&rest.fetched.partition) && !self.paused.contains(&rest.fetched.partition)
        };
        // Whoever is paused last stands last.
        let (paused, others): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(is_meant);
        self.waiting = others;
        for mut rest in paused {
            rest.detach();
            self.waiting.push_back(rest);
        }
        self.paused.extend(partitions.iter().cloned());
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

    /// Whether others have their turn before the rest of it.
    fn goes_behind(&self, rest: &Rest) -> bool {
        let mut others = self.given().peekable();
        // Never behind more of its own.
        let is_last = |other: &Rest| other.fetched.partition != rest.fetched.partition;
        // One that is unpacked waits only where there is room: otherwise it is given to its end first, so that no more than
        // one at a time is beyond that.
        let has_room = || self.given().chain([rest]).map(Rest::bytes).sum::<usize>() <= self.most;
        others.peek().is_some() && others.all(is_last) && (rest.unpacked() == 0 || has_room())
    }

    fn is_paused(&self, rest: &Rest) -> bool {
        self.paused.contains(&rest.fetched.partition)
    }

    /// What can be given.
    fn given(&self) -> impl Iterator<Item = &Rest> {
        self.waiting.iter().filter(|rest| !self.is_paused(rest))
    }

    /// Bytes that are kept for paused partitions.
    fn kept(&self) -> usize {
        self.waiting.iter().filter(|rest| self.is_paused(rest)).map(Rest::bytes).sum()
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

    /// Gives so many records of whose turn it is: its partition, and their offsets.
    fn turn(rests: &mut Rests, most: usize) -> (i32, Vec<i64>) {
        let (at, mut rest) = rests.take().unwrap();
        let given = (rest.fetched.partition.partition.get(), offsets(&mut rest, most));
        if rest.has_more() {
            rests.put_back(at, rest);
        }
        given
    }

    #[test]
    fn partitions_are_given_in_turns() {
        for compression in [Compression::None, Compression::Lz4] {
            let mut rests = Rests::new(1 << 20);
            for number in [0, 1, 2] {
                assert!(rests.wants()(&partition(number)));
                rests.push(fetched(number, compression));
                assert!(!rests.wants()(&partition(number)), "it has something");
            }
            assert_eq!(turn(&mut rests, 8), (0, (0..8).collect()));
            assert_eq!(turn(&mut rests, 20), (1, (0..20).collect()));
            assert!(rests.wants()(&partition(1)));
            rests.push(fetched(1, compression));
            assert_eq!(turn(&mut rests, 8), (2, (0..8).collect()));
            assert_eq!(turn(&mut rests, 8), (0, (8..16).collect()));
            assert!(rests.pause(&[partition(1)]).is_empty());
            assert_eq!(turn(&mut rests, 8), (2, (8..16).collect()));
            assert_eq!(turn(&mut rests, 8), (0, (16..20).collect()));
            assert_eq!(turn(&mut rests, 8), (2, (16..20).collect()));
            assert!(rests.take().is_none());
            rests.resume(&[partition(1)]);
            assert_eq!(turn(&mut rests, 20), (1, (0..20).collect()));
            assert!(rests.take().is_none());
        }
    }

    #[test]
    fn no_more_is_taken_or_unpacked_at_once_than_there_is_room_for() {
        let mut rests = Rests::new(fetched(0, Compression::None).bytes() + 1);
        for number in [0, 1] {
            assert!(rests.wants()(&partition(5)));
            rests.push(fetched(number, Compression::None));
        }
        assert!(!rests.wants()(&partition(5)));
        assert!(rests.pause(&[partition(0)]).is_empty());
        assert!(rests.wants()(&partition(5)), "what is paused has room of its own");
        // A batch unpacks to more than there is room for: it is given to its end.
        let mut rests = Rests::new(1 << 10);
        for number in [0, 1] {
            rests.push(fetched(number, Compression::Lz4));
        }
        for given in [0, 5, 10, 15] {
            assert_eq!(turn(&mut rests, 5), (0, (given..given + 5).collect()));
        }
        assert_eq!(turn(&mut rests, 5), (1, (0..5).collect()));
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
        assert_eq!(rests.take().unwrap().1.fetched.partition, partition(1));
        let (_, mut rest) = rests.take().unwrap();
        assert_eq!(offsets(&mut rest, 2), [12, 13]);
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
