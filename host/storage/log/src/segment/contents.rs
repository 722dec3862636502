use bytes::Bytes;
use forebay_model::ByteCount;
use forebay_storage_metadata::{BatchCommit, ProduceCommit};
use forebay_storage_objects::Payload;

use super::HEADER;
use super::entry::SegmentEntry;
use super::footer::SegmentFooter;
use crate::writer::NewBatch;

/// A segment to be: its bytes, and what is to be committed of it.
#[derive(Debug, Clone)]
pub struct SegmentContents {
    /// The bytes. Those of batches are not copied.
    pub payload: Payload,
    /// The requests, in the order in which they came.
    pub requests: Vec<ProduceCommit>,
}

impl SegmentContents {
    /// Lays out the batches of `requests`: by topic and partition, so that what one reader wants lies side by side, and
    /// in each partition in the order in which they came.
    #[must_use]
    pub fn lay_out(requests: &[Vec<NewBatch>]) -> Self {
        let mut order: Vec<(usize, usize)> = Vec::new();
        for (request, batches) in requests.iter().enumerate() {
            order.extend((0..batches.len()).map(|batch| (request, batch)));
        }
        order.sort_by_key(|&(request, batch)| (requests[request][batch].log, request, batch));

        let mut positions: Vec<Vec<u64>> = requests.iter().map(|batches| vec![0; batches.len()]).collect();
        let mut pieces = Vec::with_capacity(order.len() + 2);
        pieces.push(Bytes::from_static(&HEADER));
        let mut end = HEADER.len() as u64;
        let mut footer = SegmentFooter { entries: Vec::with_capacity(order.len()) };
        for (request, batch) in order {
            let new = &requests[request][batch];
            let length = ByteCount::of(new.bytes.len());
            positions[request][batch] = end;
            pieces.push(new.bytes.clone());
            footer.entries.push(SegmentEntry {
                log: new.log,
                records: new.records,
                position: ByteCount::new(end),
                length,
                max_timestamp: new.max_timestamp,
                timestamps: new.timestamps,
                producer: new.producer,
                crc: new.crc,
                request: u32::try_from(request).unwrap_or(u32::MAX),
            });
            end += length.get();
        }
        pieces.push(footer.encode(end).into());
        let commits = requests.iter().zip(&positions).map(|(batches, positions)| ProduceCommit {
            batches: batches.iter().zip(positions).map(|(new, at)| new.commit(ByteCount::new(*at))).collect(),
        });
        Self { payload: pieces.into(), requests: commits.collect() }
    }
}

impl NewBatch {
    fn commit(&self, position: ByteCount) -> BatchCommit {
        BatchCommit {
            log: self.log,
            position,
            length: ByteCount::of(self.bytes.len()),
            records: self.records,
            max_timestamp: self.max_timestamp,
            timestamps: self.timestamps,
            producer: self.producer,
        }
    }
}
