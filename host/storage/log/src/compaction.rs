//! Segments are written anew.
//!
//! Two kinds of work, which write the same kind of segment and exchange runs in the same way: segments are *put together*
//! ([`Compactor::compact`]), so that the records of a partition that were scattered in many lie in one place; and topics
//! are *compacted by key* ([`Compactor::compact_keys`]), so that of each key the last record is kept.
//!
//! A segment is written and durable before it is committed, and committed before a run is exchanged for one in it. Runs
//! are exchanged only if they are still as they were read: whatever somebody else has done meanwhile holds, and what was
//! written for nothing is found by the search for orphans, or goes as a segment without records. So a process may end
//! between any two steps, and two may do the same at once: the lease only keeps them from working in vain.

mod dirt;
mod error;
mod keyed;
mod keys;
mod output;
mod plan;
mod policy;
mod portions;
mod sieve;

use std::sync::Arc;
use std::time::Duration;

use forebay_model::{SegmentName, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{CompactedSegment, Kind, MetadataStore, Replaced, Replacement, SegmentLevel};
use forebay_storage_objects::Objects;

use crate::blocks::BlockCache;
use crate::held_lease::HeldLease;
pub use error::CompactorError;
pub use keyed::KeyedPolicy;
pub use output::UnreadableRun;
use output::{Output, Written};
pub use policy::{CompactorSettings, LevelPolicy};

/// Writes segments anew.
#[derive(Debug, Clone)]
pub struct Compactor {
    metadata: Arc<dyn MetadataStore>,
    objects: Arc<dyn Objects>,
    settings: CompactorSettings,
    /// What is known of logs since the last look.
    counts: Arc<dirt::Counts>,
}

/// What one call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compacted {
    /// Segments that were read.
    pub segments: usize,
    /// Runs that were exchanged for fewer.
    pub runs: usize,
    /// The bytes of batches that were written.
    pub bytes: u64,
    /// Records that are gone, since they were superseded.
    pub records: u64,
    /// Replacements that came to nothing, because the log had changed.
    pub in_vain: usize,
    /// Whether there is more to do at once.
    pub is_more: bool,
}

impl Compactor {
    /// Compacts what `metadata` knows of and `objects` has.
    #[must_use]
    pub fn new(
        metadata: Arc<dyn MetadataStore>,
        objects: Arc<dyn Objects>,
        settings: CompactorSettings,
    ) -> Self {
        Self { metadata, objects, settings, counts: Arc::default() }
    }

    /// Puts segments of a level together, if there are enough: in one of the next level, in which the records of each
    /// partition lie side by side. Reads and writes no more than the policy of the level says.
    ///
    /// # Errors
    /// When a store can't be asked, or the lease was lost. Then the index is as it was, or as far as it was exchanged.
    pub async fn compact(
        &self,
        cluster: &VirtualClusterId,
        held: &mut HeldLease,
        level: SegmentLevel,
    ) -> Result<Compacted, CompactorError> {
        let policy = self.settings.level(level);
        let now = self.metadata.now().await?;
        let found =
            self.metadata.compactable(cluster, level, self.settings.age, policy.most_segments).await?;
        let plan = plan::choose(&found, now, policy, &self.settings);
        if !plan.passed_over.is_empty() {
            self.metadata.set_level(cluster, plan.passed_over, SegmentLevel::LAST).await?;
        }
        let mut done =
            Compacted { segments: plan.inputs.len(), is_more: plan.is_more, ..Compacted::default() };
        if plan.inputs.is_empty() {
            return Ok(done);
        }
        let runs = self.metadata.runs_in(cluster, plan.inputs).await?;
        let blocks = self.blocks();
        let mut output = Output::begin(&self.objects, cluster, now, level.next(), self.settings.writing)?;
        for (log, runs) in plan::adjacent(runs) {
            output.meanwhile(held.keep()).await??;
            for runs in runs.chunks(self.settings.runs_at_once.max(1)) {
                output.copy(&blocks, log, runs).await?;
            }
        }
        self.exchange(cluster, held, output, &mut done).await?;
        Ok(done)
    }

    /// Finishes a segment, commits it and exchanges runs for those in it.
    async fn exchange(
        &self,
        cluster: &VirtualClusterId,
        held: &mut HeldLease,
        output: Output,
        done: &mut Compacted,
    ) -> Result<Vec<TopicIdPartition>, CompactorError> {
        let Some(Written { segment, replacements }) = output.finish().await? else { return Ok(Vec::new()) };
        held.keep().await?;
        done.bytes += segment.size.get();
        let name = segment.segment.clone();
        self.commit(cluster, segment).await?;
        let mut changed = Vec::new();
        for chunk in plan::chunks(replacements, self.settings.runs_at_once) {
            held.keep().await?;
            // Where something of a log came to nothing, what lies behind must stay as well: see `keyed`.
            let chunk: Vec<_> =
                chunk.into_iter().filter(|replacement| !changed.contains(&replacement.log)).collect();
            if chunk.is_empty() {
                continue;
            }
            let sizes: Vec<_> = chunk
                .iter()
                .map(|replacement| {
                    (replacement.log, replacement.old.len().saturating_sub(replacement.new.len()))
                })
                .collect();
            let answers = self.replace(cluster, held, &name, chunk).await?;
            for ((log, fewer), answer) in sizes.into_iter().zip(answers) {
                match answer {
                    Replaced::Done => done.runs += fewer,
                    Replaced::Changed => {
                        done.in_vain += 1;
                        changed.push(log);
                    }
                }
            }
        }
        Ok(changed)
    }

    /// Commits a segment. What nobody has answered is asked again.
    async fn commit(
        &self,
        cluster: &VirtualClusterId,
        segment: CompactedSegment,
    ) -> Result<(), CompactorError> {
        let mut tries = 0;
        loop {
            match self.metadata.commit_compacted(cluster, segment.clone()).await {
                Err(error) if error.kind() == Kind::Retry && tries < SETTLING => {
                    tries += 1;
                    tokio::time::sleep(SETTLING_PAUSE * tries).await;
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// Exchanges runs. Where nobody knows whether it was done, what was done is found out by asking again: that says
    /// that the log has changed, which does no harm.
    async fn replace(
        &self,
        cluster: &VirtualClusterId,
        held: &HeldLease,
        name: &SegmentName,
        chunk: Vec<Replacement>,
    ) -> Result<Vec<Replaced>, CompactorError> {
        let mut tries = 0;
        loop {
            match self.metadata.replace_runs(cluster, Some(held.lease()), name, chunk.clone()).await {
                Err(error) if error.kind() == Kind::Retry && tries < SETTLING => {
                    tries += 1;
                    tokio::time::sleep(SETTLING_PAUSE * tries).await;
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// Blocks for one piece of work: several segments are read from their starts to their ends at the same time.
    fn blocks(&self) -> BlockCache {
        BlockCache::new(Arc::clone(&self.objects), self.settings.memory)
    }
}

/// How often a call is made again that nobody has answered.
const SETTLING: u32 = 5;
const SETTLING_PAUSE: Duration = Duration::from_millis(200);
