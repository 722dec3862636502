//! What is known of the metadata store's index: the runs that somebody has asked for, and those that were committed
//! behind them here.
//!
//! Where a log starts and ends is asked each time, so what a store has told of, by a watch too, is never missed, and
//! what was deleted is refused as the store would. A run never changes; when its segment is gone, because records were
//! moved, its log is forgotten and asked for again. So what is remembered costs memory, but can't be wrong.

mod flights;
mod known;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_metrics::{Counter, MetricError, Metrics};
use forebay_model::{ByteCount, Offset, SegmentName, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{
    BatchCommit, BatchCommitted, CommitOutcome, FindFrom, FindRefusal, Found, LogBounds, MetadataStore,
    ProduceCommit, ProduceOutcome, Run, SegmentCommit,
};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::reader::FetchError;
use flights::Flights;
use known::Known;

/// The index of the metadata store, some of it in memory.
pub struct Index {
    metadata: Arc<dyn MetadataStore>,
    logs: Cache<TopicIdPartition, Weighed, ByBytes>,
    flights: Flights,
    hits: Counter,
    misses: Counter,
}

/// What the index says about a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// What was asked for.
    pub wanted: FindFrom,
    /// Where it lies, or why nowhere.
    pub found: Result<Found, FindRefusal>,
}

/// What is known of a log, and what it weighs: a cache must not see that change.
#[derive(Clone)]
struct Weighed {
    known: Arc<Mutex<Known>>,
    bytes: u64,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<TopicIdPartition, Weighed> for ByBytes {
    fn weight(&self, _: &TopicIdPartition, log: &Weighed) -> u64 {
        log.bytes
    }
}

/// What the cache needs for a log, roughly.
const LOG_BYTES: u64 = 512;
/// A run, the name of its segment, and room that a growing list has.
const RUN_BYTES: u64 = 256;
/// A log is weighed anew whenever it has grown by so many runs.
const WEIGHED_RUNS: usize = 16;
/// Who reads one partition from end to end is told of so many times what it wants, so that it asks less often,
const AHEAD: u64 = 4;
/// up to this.
const MOST_AHEAD: u64 = 16 << 20;

/// A partition on the way to its answer.
enum Looked {
    Refused(FindRefusal),
    Known { found: Found, is_whole: bool },
}

impl Index {
    /// The index of `metadata`, of which up to `capacity` is kept.
    #[must_use]
    pub fn new(metadata: Arc<dyn MetadataStore>, capacity: ByteCount) -> Self {
        let logs = usize::try_from(capacity.get() / (LOG_BYTES + 16 * RUN_BYTES)).unwrap_or(usize::MAX);
        Self {
            metadata,
            logs: Cache::with_weighter(logs.clamp(16, 1 << 20), capacity.get(), ByBytes),
            flights: Flights::default(),
            hits: Counter::default(),
            misses: Counter::default(),
        }
    }

    /// Counts in `metrics`, as `warpstream_agent_index_cache_lookups{outcome}`.
    ///
    /// # Errors
    /// When the name is taken by a metric of another kind.
    pub fn measured(self, metrics: &Metrics) -> Result<Self, MetricError> {
        let counter = |outcome| {
            let help = "Partitions with records to fetch, and whether it was in memory where they lie";
            metrics.counter("warpstream_agent_index_cache_lookups", help, &[("outcome", outcome)])
        };
        Ok(Self { hits: counter("hit")?, misses: counter("miss")?, ..self })
    }

    /// How often it was known where records lie, and how often it was not.
    #[must_use]
    pub fn counts(&self) -> (Counter, Counter) {
        (self.hits.clone(), self.misses.clone())
    }

    /// The same as `find` of the metadata store, which is asked for what is not known. However many want the same, it
    /// is asked once.
    ///
    /// # Errors
    /// When the store can't be asked.
    pub async fn find(
        &self,
        cluster: &VirtualClusterId,
        from: Vec<FindFrom>,
        max_bytes: ByteCount,
    ) -> Result<Vec<Indexed>, FetchError> {
        let logs = from.iter().map(|from| from.log).collect();
        let bounds = self.metadata.bounds(cluster, logs).await?;
        if bounds.len() != from.len() {
            return Err(FetchError::Answers { asked: from.len(), got: bounds.len() });
        }
        let mut looked: Vec<_> =
            from.iter().zip(bounds).map(|(from, bounds)| self.look(*from, bounds, max_bytes)).collect();
        let missing = missing(&looked);
        if missing.is_empty() {
            self.hits.inc_by(with_records(&looked));
        } else {
            // Whoever asks the same at this moment waits here, and then finds it known.
            let keys = missing.iter().filter_map(|index| next(&from, &looked, *index));
            let _flight = self.flights.enter(keys.collect()).await;
            for index in missing {
                if let Looked::Known { found, .. } = &looked[index] {
                    looked[index] = self.look(from[index], Some(found.bounds), max_bytes);
                }
            }
            self.ask(cluster, &from, &mut looked, max_bytes).await?;
        }
        Ok(within(from, looked, max_bytes))
    }

    /// What is known behind `from`, without asking anybody.
    pub(crate) fn peek(&self, log: TopicIdPartition, from: Offset, bytes: u64) -> Vec<Run> {
        self.known(log).map_or_else(Vec::new, |known| lock(&known).find(from, bytes, None).0)
    }

    /// Remembers that a batch with `offset` begins at `position` of a run in `segment`.
    pub(crate) fn divide(
        &self,
        log: TopicIdPartition,
        segment: &SegmentName,
        offset: Offset,
        position: ByteCount,
    ) {
        if self.logs.contains_key(&log) {
            self.change(log, |known| known.divide(segment, offset, position));
        }
    }

    /// Forgets a log, because a segment that it lies in is gone.
    pub fn forget(&self, log: TopicIdPartition) {
        self.logs.remove(&log);
    }

    /// Takes in what was committed, where it lies right behind what is known.
    pub fn committed(&self, commit: &SegmentCommit, outcome: &CommitOutcome) {
        let mut runs: HashMap<TopicIdPartition, Vec<Run>> = HashMap::new();
        for (request, outcome) in commit.requests.iter().zip(&outcome.requests) {
            let ProduceOutcome::Committed(committed) = outcome else { continue };
            for (batch, committed) in request.batches.iter().zip(committed) {
                if committed.is_duplicate {
                    continue;
                }
                let runs = match runs.entry(batch.log) {
                    Entry::Occupied(runs) => runs.into_mut(),
                    // Most logs are not read at the moment.
                    Entry::Vacant(runs) if self.logs.contains_key(&batch.log) => runs.insert(Vec::new()),
                    Entry::Vacant(_) => continue,
                };
                let Some(run) = run(commit, batch, committed) else { continue };
                if !runs.last_mut().is_some_and(|last| joined(last, &run)) {
                    runs.push(run);
                }
            }
        }
        for (log, runs) in runs {
            self.change(log, |known| known.extend(runs));
        }
    }

    /// Whether somebody will read what these requests bring as soon as it is committed.
    pub(crate) fn is_awaited(&self, requests: &[ProduceCommit]) -> bool {
        let mut batches = requests.iter().flat_map(|request| &request.batches);
        batches.any(|batch| self.logs.peek(&batch.log).is_some_and(|log| lock(&log.known).is_awaited()))
    }

    fn look(&self, from: FindFrom, bounds: Option<LogBounds>, max_bytes: ByteCount) -> Looked {
        let Some(bounds) = bounds else {
            self.forget(from.log);
            return Looked::Refused(FindRefusal::NoPartition);
        };
        if from.offset < bounds.log_start || from.offset > bounds.high_watermark {
            return Looked::Refused(FindRefusal::OutOfRange(bounds));
        }
        let mut found = Found { bounds, runs: Vec::new() };
        if from.offset == bounds.high_watermark {
            self.change(from.log, Known::await_more);
            return Looked::Known { found, is_whole: true };
        }
        let wanted = from.max_bytes.get().min(max_bytes.get());
        let Some(known) = self.known(from.log) else { return Looked::Known { found, is_whole: false } };
        let (runs, is_whole) = lock(&known).find(from.offset, wanted, Some(bounds.high_watermark));
        found.runs = runs;
        Looked::Known { found, is_whole }
    }

    /// Asks the store for what is still missing.
    async fn ask(
        &self,
        cluster: &VirtualClusterId,
        from: &[FindFrom],
        looked: &mut [Looked],
        max_bytes: ByteCount,
    ) -> Result<(), FetchError> {
        let missing = missing(looked);
        self.misses.inc_by(missing.len() as u64);
        self.hits.inc_by(with_records(looked).saturating_sub(missing.len() as u64));
        let times = if missing.len() == 1 { AHEAD } else { 1 };
        let ahead = |bytes: ByteCount| {
            let ahead = bytes.get().saturating_mul(times).min(MOST_AHEAD);
            ByteCount::new(ahead.max(bytes.get()))
        };
        let asked: Vec<_> = missing
            .iter()
            .filter_map(|index| {
                let (log, offset) = next(from, looked, *index)?;
                Some(FindFrom { log, offset, max_bytes: ahead(from[*index].max_bytes) })
            })
            .collect();
        if asked.is_empty() {
            return Ok(());
        }
        let answers = self.metadata.find(cluster, asked.clone(), ahead(max_bytes)).await?;
        if answers.len() != asked.len() {
            return Err(FetchError::Answers { asked: asked.len(), got: answers.len() });
        }
        for ((index, asked), answer) in missing.into_iter().zip(asked).zip(answers) {
            match answer {
                Err(refusal) => {
                    self.forget(asked.log);
                    looked[index] = Looked::Refused(refusal);
                }
                Ok(answer) => {
                    if let Looked::Known { found, .. } = &mut looked[index] {
                        found.bounds = answer.bounds;
                        found.runs.extend_from_slice(&answer.runs);
                    }
                    if !answer.runs.is_empty() {
                        self.change(asked.log, |known| known.add(answer.runs));
                    }
                }
            }
        }
        Ok(())
    }

    fn known(&self, log: TopicIdPartition) -> Option<Arc<Mutex<Known>>> {
        self.logs.get(&log).map(|log| log.known)
    }

    fn change(&self, log: TopicIdPartition, change: impl FnOnce(&mut Known)) {
        let (known, before) = match self.logs.get(&log) {
            Some(Weighed { known, bytes }) => (known, bytes),
            None => (Arc::default(), 0),
        };
        let mut changing = lock(&known);
        change(&mut changing);
        let runs = changing.runs().next_multiple_of(WEIGHED_RUNS);
        drop(changing);
        let bytes = LOG_BYTES + runs as u64 * RUN_BYTES;
        if bytes != before {
            self.logs.insert(log, Weighed { known, bytes });
        }
    }
}

/// Which partitions lack runs.
fn missing(looked: &[Looked]) -> Vec<usize> {
    let is_missing = |looked: &Looked| matches!(looked, Looked::Known { is_whole: false, .. });
    looked.iter().enumerate().filter(|(_, looked)| is_missing(looked)).map(|(index, _)| index).collect()
}

fn with_records(looked: &[Looked]) -> u64 {
    let has_runs = |looked: &&Looked| match looked {
        Looked::Known { found, is_whole } => !is_whole || !found.runs.is_empty(),
        Looked::Refused(_) => false,
    };
    looked.iter().filter(has_runs).count() as u64
}

/// From where on runs of a partition are missing.
fn next(from: &[FindFrom], looked: &[Looked], index: usize) -> Option<(TopicIdPartition, Offset)> {
    let Looked::Known { found, .. } = looked.get(index)? else { return None };
    let from = from.get(index)?;
    Some((from.log, found.runs.last().map_or(from.offset, |run| run.end_offset)))
}

/// Takes away what is more than a store would tell.
fn within(from: Vec<FindFrom>, looked: Vec<Looked>, max_bytes: ByteCount) -> Vec<Indexed> {
    let mut left = max_bytes.get();
    let mut has_run = false;
    let one = |(wanted, looked): (FindFrom, Looked)| {
        let mut found = match looked {
            Looked::Refused(refusal) => return Indexed { wanted, found: Err(refusal) },
            Looked::Known { found, .. } => found,
        };
        let most = left.min(wanted.max_bytes.get());
        let mut bytes = 0;
        let mut kept = 0;
        while kept < found.runs.len() && (bytes < most || !has_run) {
            bytes += found.runs[kept].length.get();
            kept += 1;
            has_run = true;
        }
        found.runs.truncate(kept);
        if let Some(last) = found.runs.last() {
            // Committed since the bounds were read.
            found.bounds.high_watermark = found.bounds.high_watermark.max(last.end_offset);
        }
        left = left.saturating_sub(bytes);
        Indexed { wanted, found: Ok(found) }
    };
    from.into_iter().zip(looked).map(one).collect()
}

fn run(commit: &SegmentCommit, batch: &BatchCommit, committed: &BatchCommitted) -> Option<Run> {
    Some(Run {
        segment: commit.segment.clone(),
        position: batch.position,
        length: batch.length,
        base_offset: committed.base_offset,
        end_offset: committed.base_offset.advanced(batch.records)?,
        max_timestamp: committed.log_append_time.unwrap_or(batch.max_timestamp),
        log_append_time: committed.log_append_time,
    })
}

/// Makes a run of the same segment longer by one that lies right behind it.
fn joined(run: &mut Run, next: &Run) -> bool {
    let follows = run.end_offset == next.base_offset
        && run.position.get() + run.length.get() == next.position.get()
        && run.log_append_time == next.log_append_time;
    if follows {
        run.end_offset = next.end_offset;
        run.length = ByteCount::new(run.length.get() + next.length.get());
        run.max_timestamp = run.max_timestamp.max(next.max_timestamp);
    }
    follows
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    // Nothing under the lock panics half way.
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("bytes", &self.logs.weight()).finish_non_exhaustive()
    }
}
