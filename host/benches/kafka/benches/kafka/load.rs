use std::fmt::Write as _;

use forebay_kafka_wire::{BatchBuilder, Compression, RecordBatch};
use forebay_model::{Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

/// Requests per second of a steady pace, on all connections together.
pub(crate) const PACE: u32 = 160;

/// Records of a batch whose compression is tried.
const TRIED: usize = 256;

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) partitions: i32,
    pub(crate) compression: Compression,
    /// Bytes of a record's value.
    pub(crate) record: usize,
    /// About how many bytes of batches a request has.
    pub(crate) request: usize,
    pub(crate) connections: usize,
    /// Requests under way on a connection: as many as idempotent producers may have.
    pub(crate) in_flight: usize,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            partitions: 1,
            compression: Compression::None,
            record: 1024,
            request: 512 << 10,
            connections: 8,
            in_flight: 5,
        }
    }
}

impl Load {
    /// Small requests of many producers.
    pub(crate) fn paced() -> Self {
        Self { request: 64 << 10, connections: 16, ..Self::default() }
    }

    /// What its compression leaves of the bytes of records.
    pub(crate) fn ratio(self) -> f64 {
        let batch = self.batch(TRIED, 1, None);
        batch.map_or(f64::NAN, |batch| batch.bytes().len() as f64 / (TRIED * self.record) as f64)
    }

    /// How many records a batch has, if a request has so many batches.
    pub(crate) fn records(self, batches: usize) -> usize {
        let bytes = self.record as f64 * self.ratio() * batches as f64;
        ((self.request as f64 / bytes) as usize).max(1)
    }

    /// The name of its compression in figures.
    pub(crate) fn compression(self) -> &'static str {
        if self.compression == Compression::None { "none" } else { self.compression.name() }
    }

    /// A batch of so many records, others for each `seed`.
    pub(crate) fn batch(
        self,
        records: usize,
        seed: u64,
        producer: Option<(ProducerId, ProducerEpoch)>,
    ) -> anyhow::Result<RecordBatch> {
        let mut builder = BatchBuilder::new(Offset::ZERO, self.compression);
        if let Some((id, epoch)) = producer {
            builder = builder.producer(id, epoch, Some(Sequence::ZERO));
        }
        let now = Timestamp::from(forebay_lifecycle::clock::wall());
        let mut lines = Lines(seed);
        for _ in 0..records {
            builder.push(now, None, Some(lines.record(self.record).as_bytes()), &[])?;
        }
        Ok(builder.build()?)
    }
}

/// Lines of a log: what is the same in all of them, words, and ids that no compression knows.
struct Lines(u64);

const WORDS: [&str; 8] = ["accepted", "timeout", "retry", "upstream", "cache", "miss", "user", "checkout"];

impl Lines {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ (self.0 >> 29)
    }

    fn word(&mut self) -> &'static str {
        usize::try_from(self.next() >> 61).map_or(WORDS[0], |index| WORDS[index])
    }

    /// Some lines that have so many bytes.
    fn record(&mut self, bytes: usize) -> String {
        let mut record = String::with_capacity(bytes + 200);
        while record.len() < bytes {
            let (trace, took, status) = (self.next(), self.next() % 5_000, 200 + self.next() % 4 * 100);
            let (first, second) = (self.word(), self.word());
            // A String takes everything.
            let _ = writeln!(
                record,
                r#"{{"ts":"2026-01-01T00:00:{:02}.{:03}Z","level":"info","trace":"{trace:016x}","status":{status},"took_us":{took},"msg":"{first} {second}"}}"#,
                took % 60,
                took % 1000,
            );
        }
        record.truncate(bytes);
        record
    }
}
