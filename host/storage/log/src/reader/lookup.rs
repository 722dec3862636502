//! Offsets by time: the index says in which run, the records say which.

use forebay_kafka_wire::{BatchHeader, PiecesBuilder, RecordBatch};
use forebay_model::{LeaderEpoch, Offset, Timestamp, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{LogMissing, OffsetQuery, OffsetsFound, Run};

use super::error::LookupError;
use super::walk::{RunWalker, Taking, WalkedBatch};
use super::{FetchRefusal, Reader};
use crate::blocks::BlockError;

/// An offset, and the timestamp of its record where the question was about timestamps.
pub type OffsetAndTime = (Offset, Option<Timestamp>);

/// What the records of a batch may decompress to. What is larger was refused where it came in.
const MOST_UNCOMPRESSED: usize = 256 << 20;
/// How many runs are looked at for one question, also those that have changed meanwhile.
const MOST_RUNS: usize = 100;

impl Reader {
    /// Offsets by what clients ask for, in the order of `queries`; `None` where no record is that late.
    ///
    /// # Errors
    /// When the index can't be asked, or the records of a run can't be read.
    pub async fn list_offsets(
        &self,
        cluster: &VirtualClusterId,
        queries: Vec<(TopicIdPartition, OffsetQuery)>,
    ) -> Result<Vec<Result<Option<OffsetAndTime>, LogMissing>>, LookupError> {
        let found = self.metadata.list_offsets(cluster, queries.clone()).await?;
        let mut answers = Vec::with_capacity(found.len());
        for ((log, query), found) in queries.into_iter().zip(found) {
            let answer = match found {
                Err(missing) => Err(missing),
                Ok(found) => self.resolve(cluster, log, query, found).await?,
            };
            answers.push(answer);
        }
        Ok(answers)
    }

    async fn resolve(
        &self,
        cluster: &VirtualClusterId,
        log: TopicIdPartition,
        mut query: OffsetQuery,
        mut found: OffsetsFound,
    ) -> Result<Result<Option<OffsetAndTime>, LogMissing>, LookupError> {
        for _ in 0..MOST_RUNS {
            let (run, from, at_least) = match found {
                OffsetsFound::Offset { offset, timestamp } => return Ok(Ok(Some((offset, timestamp)))),
                OffsetsFound::None => return Ok(Ok(None)),
                OffsetsFound::Within { run, from, at_least } => (run, from, at_least),
            };
            match (self.search(&run, from, at_least).await, query) {
                (Ok(Sought { at_least: Some(record), .. }), _) => return Ok(Ok(Some(record))),
                // The latest of all is deleted by now; this is the latest of those that are left there.
                (Ok(Sought { latest: Some(record), .. }), OffsetQuery::MaxTimestamp) => {
                    return Ok(Ok(Some(record)));
                }
                (Ok(_), OffsetQuery::At { timestamp, .. }) => {
                    query = OffsetQuery::At { timestamp, from: run.end_offset };
                }
                (Ok(_), _) => return Ok(Ok(None)),
                // The index has changed.
                (Err(LookupError::Read(FetchRefusal::Block(BlockError::NotFound { .. }))), _) => {}
                (Err(error), _) => return Err(error),
            }
            let again = self.metadata.list_offsets(cluster, vec![(log, query)]).await?;
            match again.into_iter().next() {
                Some(Ok(again)) => found = again,
                Some(Err(missing)) => return Ok(Err(missing)),
                None => return Ok(Err(LogMissing)),
            }
        }
        Err(LookupError::Changing)
    }

    /// The first record of a run at `from` or later with the timestamp `at_least` or a later one.
    async fn search(&self, run: &Run, from: Offset, at_least: Timestamp) -> Result<Sought, LookupError> {
        let mut sought = Sought::default();
        let mut walker = RunWalker::new(&*self.blocks, run);
        while let Some(batch) = walker.next().await? {
            if batch.end_offset() <= from {
                continue;
            }
            if let Some(time) = run.log_append_time {
                // All records have it.
                sought.see(batch.base_offset.max(from), time, at_least);
            } else if may_matter(&batch.header, &sought, at_least) {
                let whole = whole(&mut walker, &batch).await?;
                for record in whole.records(MOST_UNCOMPRESSED)? {
                    let record = record?;
                    if record.offset >= from {
                        sought.see(record.offset, record.timestamp, at_least);
                    }
                }
            }
            if sought.at_least.is_some() {
                break;
            }
        }
        Ok(sought)
    }
}

/// What a search has seen.
#[derive(Debug, Default)]
struct Sought {
    /// The first that is late enough.
    at_least: Option<OffsetAndTime>,
    /// The first with the latest timestamp.
    latest: Option<OffsetAndTime>,
}

impl Sought {
    fn see(&mut self, offset: Offset, time: Timestamp, at_least: Timestamp) {
        if self.at_least.is_none() && time >= at_least {
            self.at_least = Some((offset, Some(time)));
        }
        if self.latest.is_none_or(|(_, latest)| latest < Some(time)) {
            self.latest = Some((offset, Some(time)));
        }
    }
}

/// Whether a batch has to be taken apart.
fn may_matter(header: &BatchHeader, sought: &Sought, at_least: Timestamp) -> bool {
    header.max_timestamp >= at_least
        || sought.latest.is_none_or(|(_, latest)| latest < Some(header.max_timestamp))
}

async fn whole(walker: &mut RunWalker<'_>, batch: &WalkedBatch) -> Result<RecordBatch, LookupError> {
    let header = batch.header.stamped(batch.base_offset, LeaderEpoch::ZERO, None);
    let mut whole = PiecesBuilder::with_capacity(batch.header.total_bytes());
    whole.copy(&header.to_bytes());
    walker.body(batch, &mut whole, Taking::Copy).await?;
    Ok(RecordBatch::parse(whole.build().join())?)
}
