//! Cleaning, as time goes by: records past what their topics keep, segments without records, objects that were never
//! committed, consumer groups that nobody is left of, records that lie scattered or are superseded. In all virtual clusters
//! of the store, whichever of them this agent serves.
//!
//! Of many agents one does each piece, at its time: whoever gets its lease from the store, which also knows when it was
//! done last. A lease that is not renewed is over; whoever has lost one goes on with nothing: what depends on what it
//! has read is refused by the store (trimming by limits, exchanging runs), and everything else is safe whenever it is done
//! (nothing is condemned in which there is a record, groups change only in the version that was seen).

mod job;
mod measures;
mod settings;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_kafka_broker::configs::{ClusterConfig, TopicConfig};
use forebay_kafka_broker::{Forget, GroupKeeper, GroupSettings};
use forebay_lifecycle::{Shutdown, chance, clock};
use forebay_metrics::{Gauge, MetricError};
use forebay_model::{TopicIdPartition, VirtualClusterId};
use forebay_storage_log::{
    Cleaned, Cleaner, CleanerError, Compacted, Compactor, CompactorError, HeldLease, KeyedPolicy,
    OrphanSearch,
};
use forebay_storage_metadata::{
    ConfigError, InvalidJobName, JobError, JobHolder, JobName, JobOutcome, JobTerms, MetadataStore,
    RetentionLimits, SegmentLevel, StoreFailure, TopicDescription, TopicSelection,
};

use crate::group_gauges::GroupGauges;
use crate::group_lags::{GroupLags, GroupMetrics};
use crate::stores::Stores;
use job::{JOBS, Job};
use measures::JobMeasures;
pub use settings::CleaningSettings;

/// Between two calls of the same round: clients come first.
const PAUSE: Duration = Duration::from_millis(100);
/// Calls of one round, so that one kind of work never holds up the others for good.
const CALLS: usize = 100;

/// Agents look a little more often than things are due, by clocks that do not go alike.
const EARLY: f64 = 0.9;

/// Why a job was not done.
#[derive(Debug, thiserror::Error)]
enum JobTrouble {
    #[error(transparent)]
    Store(#[from] StoreFailure),
    #[error(transparent)]
    Lease(#[from] JobError),
    #[error(transparent)]
    Cleaner(#[from] CleanerError),
    #[error(transparent)]
    Compactor(#[from] CompactorError),
    #[error(transparent)]
    Name(#[from] InvalidJobName),
}

/// Cleans until it is told to stop.
pub(crate) struct Cleaning {
    holder: JobHolder,
    cleaner: Cleaner,
    compactor: Compactor,
    metadata: Arc<dyn MetadataStore>,
    settings: CleaningSettings,
    searches: HashMap<VirtualClusterId, OrphanSearch>,
    /// When this agent had a job last.
    begun: HashMap<(Job, VirtualClusterId), Instant>,
    measures: [JobMeasures; JOBS.len()],
    topics: Gauge,
    partitions: Gauge,
    groups: GroupKeeper,
    group_gauges: GroupGauges,
}

/// The topics of a virtual cluster, with what holds for them.
type Configured = Vec<(TopicDescription, TopicConfig)>;

impl Cleaning {
    pub(crate) fn new(
        stores: &Stores,
        settings: CleaningSettings,
        groups: GroupSettings,
    ) -> Result<Self, MetricError> {
        let metadata = Arc::clone(&stores.metadata);
        let cleaner = Cleaner::new(Arc::clone(&metadata), Arc::clone(&stores.background), settings.cleaner);
        let compactor =
            Compactor::new(Arc::clone(&metadata), Arc::clone(&stores.background), settings.compactor);
        let [a, b, c, d, e, f, g, h] = JOBS.map(|job| JobMeasures::new(&stores.metrics, job.name()));
        let gauge = |name: &str, help: &str| stores.metrics.gauge(name, help, &[]);
        let groups = GroupKeeper::new(Arc::clone(&metadata), groups);
        Ok(Self {
            holder: JobHolder::from_random(chance::bits()),
            cleaner,
            compactor,
            metadata,
            settings,
            searches: HashMap::new(),
            begun: HashMap::new(),
            measures: [a?, b?, c?, d?, e?, f?, g?, h?],
            topics: gauge("warpstream_topics_count", "Topics of all virtual clusters")?,
            partitions: gauge("warpstream_partitions_count", "Partitions of all virtual clusters")?,
            groups,
            group_gauges: GroupGauges::new(Arc::clone(&stores.metrics)),
        })
    }

    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let every = JOBS.map(|job| job.every(&self.settings));
        // Many agents that were started together spread out.
        let mut due = every.map(|every| clock::now() + every.mul_f64(chance::part()));
        loop {
            let Some((next, at)) = due.iter().copied().enumerate().min_by_key(|(_, at)| *at) else { return };
            let waited = shutdown.run_until_cancelled(tokio::time::sleep_until(at.into())).await;
            if waited.is_none() {
                return;
            }
            // A round that is cut off goes on where it was the next time.
            if shutdown.run_until_cancelled(Box::pin(self.round(JOBS[next]))).await.is_none() {
                return;
            }
            due[next] = clock::now() + every[next];
        }
    }

    async fn round(&mut self, job: Job) {
        let clusters = match self.metadata.virtual_clusters().await {
            Ok(clusters) => clusters,
            Err(failure) => return stopped(job, None, &failure.into()),
        };
        let mut sizes = None;
        for cluster in &clusters {
            for shard in 0..job.shards().get() {
                match Box::pin(self.piece(job, cluster, shard, &mut sizes)).await {
                    Ok(()) => {}
                    Err(trouble) => stopped(job, Some(cluster), &trouble),
                }
            }
        }
        if let Some((topics, partitions)) = sizes {
            self.topics.set(f64::from(topics));
            self.partitions.set(f64::from(partitions));
        }
        self.searches.retain(|cluster, _| clusters.contains(cluster));
        self.begun.retain(|(_, cluster), _| clusters.contains(cluster));
        self.group_gauges.retain(&clusters);
    }

    /// Does a piece of work, if it is due and nobody else does it.
    async fn piece(
        &mut self,
        job: Job,
        cluster: &VirtualClusterId,
        shard: u32,
        sizes: &mut Option<(u32, u32)>,
    ) -> Result<(), JobTrouble> {
        let name: JobName = match job.shards().get() {
            1 => job.name().parse()?,
            _ => format!("{}/{shard}", job.name()).parse()?,
        };
        let terms = JobTerms { lease: self.settings.lease, every: job.every(&self.settings).mul_f64(EARLY) };
        let acquired = HeldLease::acquire(&self.metadata, cluster, &name, self.holder, terms).await?;
        let started = clock::now();
        let Some(mut held) = acquired else {
            self.hide(job, cluster, started);
            return Ok(());
        };
        self.begun.insert((job, cluster.clone()), started);
        let done = Box::pin(self.work(job, (cluster, shard), &mut held, sizes)).await;
        let took = clock::now().saturating_duration_since(started);
        self.measures[job as usize].took(took, done.is_ok());
        let outcome = if done.is_ok() { JobOutcome::Done } else { JobOutcome::Unfinished };
        let released = held.release(outcome).await;
        done?;
        Ok(released?)
    }

    /// Shows no longer what is old, because another agent has had the job since.
    fn hide(&mut self, job: Job, cluster: &VirtualClusterId, now: Instant) {
        let key = (job, cluster.clone());
        let old = job.every(&self.settings) * 2;
        let is_old = self.begun.get(&key).is_some_and(|begun| now.saturating_duration_since(*begun) > old);
        if is_old {
            self.begun.remove(&key);
            match job {
                Job::Groups => self.group_gauges.show(cluster, Vec::new()),
                Job::Lags => self.group_gauges.show_lags(cluster, GroupLags::default()),
                Job::Trim | Job::Clean | Job::Orphans | Job::Offsets | Job::Compact | Job::CompactKeys => {}
            }
        }
    }

    async fn work(
        &mut self,
        job: Job,
        (cluster, shard): (&VirtualClusterId, u32),
        held: &mut HeldLease,
        sizes: &mut Option<(u32, u32)>,
    ) -> Result<(), JobTrouble> {
        match job {
            Job::Groups | Job::Offsets => return self.look_after_groups(cluster, job).await,
            Job::Lags => return self.look_at_lags(cluster).await,
            Job::Compact => return self.compact(cluster, held).await,
            Job::CompactKeys => return self.compact_keys(cluster, shard, held).await,
            Job::Trim | Job::Clean | Job::Orphans => {}
        }
        let kept = match job {
            Job::Trim => kept(&self.configured(cluster).await?, sizes),
            _ => Vec::new(),
        };
        for _ in 0..CALLS {
            held.keep().await?;
            let cleaned = self.call(job, cluster, &kept, held).await?;
            self.measures[job as usize].cleaned(job.name(), cleaned);
            // One page of objects at a time: there are many, and seldom an orphan among them.
            if !cleaned.is_more || job == Job::Orphans {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn call(
        &mut self,
        job: Job,
        cluster: &VirtualClusterId,
        kept: &[(TopicIdPartition, RetentionLimits)],
        held: &HeldLease,
    ) -> Result<Cleaned, CleanerError> {
        match job {
            Job::Trim => self.cleaner.trim(cluster, kept.iter().copied(), Some(held.lease())).await,
            Job::Clean => self.cleaner.clean(cluster).await,
            Job::Orphans => {
                let search = self.searches.entry(cluster.clone()).or_default();
                self.cleaner.find_orphans(cluster, search).await
            }
            Job::Groups | Job::Offsets | Job::Lags | Job::Compact | Job::CompactKeys => {
                Ok(Cleaned::default())
            }
        }
    }

    /// Puts segments together, those of the lowest level first.
    async fn compact(&mut self, cluster: &VirtualClusterId, held: &mut HeldLease) -> Result<(), JobTrouble> {
        let mut level = SegmentLevel::INGESTED;
        for _ in 0..CALLS {
            let compacted = Box::pin(self.compactor.compact(cluster, held, level)).await?;
            self.compacted(Job::Compact, compacted);
            if !compacted.is_more {
                level = level.next();
            }
            if level == SegmentLevel::LAST {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Compacts the topics by key that want it, as far as their partitions are of the shard.
    async fn compact_keys(
        &mut self,
        cluster: &VirtualClusterId,
        shard: u32,
        held: &mut HeldLease,
    ) -> Result<(), JobTrouble> {
        let logs = keyed(&self.configured(cluster).await?, shard);
        if logs.is_empty() {
            return Ok(());
        }
        for _ in 0..CALLS {
            let compacted = Box::pin(self.compactor.compact_keys(cluster, held, &logs)).await?;
            self.compacted(Job::CompactKeys, compacted);
            if !compacted.is_more {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    fn compacted(&self, job: Job, compacted: Compacted) {
        self.measures[job as usize].compacted(job.name(), compacted);
    }

    async fn look_after_groups(&mut self, cluster: &VirtualClusterId, job: Job) -> Result<(), JobTrouble> {
        let forget = match self.cluster_config(cluster).await? {
            Some(configs) if job == Job::Offsets => Forget::After(configs.offsets_retention),
            Some(_) => Forget::Nothing,
            None => return Ok(()),
        };
        let kept = Box::pin(self.groups.look_after(cluster, forget)).await?;
        if self.settings.group_metrics != GroupMetrics::Off && job == Job::Groups {
            self.group_gauges.show(cluster, kept);
        }
        Ok(())
    }

    async fn look_at_lags(&mut self, cluster: &VirtualClusterId) -> Result<(), JobTrouble> {
        let shown = self.settings.group_metrics;
        if shown != GroupMetrics::Off {
            let lags = Box::pin(GroupLags::read(&self.metadata, cluster, shown)).await?;
            self.group_gauges.show_lags(cluster, lags);
        }
        Ok(())
    }

    /// None where the virtual cluster is gone by now.
    async fn cluster_config(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<Option<ClusterConfig>, StoreFailure> {
        match self.metadata.cluster_configs(cluster).await {
            Ok(configs) => Ok(Some(ClusterConfig::new(&configs))),
            Err(ConfigError::Store(failure)) => Err(failure),
            Err(
                ConfigError::NoVirtualCluster { .. } | ConfigError::NoTopic { .. } | ConfigError::Changed,
            ) => Ok(None),
        }
    }

    async fn configured(&self, cluster: &VirtualClusterId) -> Result<Configured, StoreFailure> {
        let Some(configs) = self.cluster_config(cluster).await? else { return Ok(Vec::new()) };
        let topics = self.metadata.describe_topics(cluster, &TopicSelection::All).await?;
        let configured = topics.into_iter().map(|topic| {
            let config = TopicConfig::new(&topic.configs, &configs);
            (topic, config)
        });
        Ok(configured.collect())
    }
}

/// The partitions that do not keep everything for ever, with what they keep. Counts all.
fn kept(topics: &Configured, sizes: &mut Option<(u32, u32)>) -> Vec<(TopicIdPartition, RetentionLimits)> {
    let (all_topics, all_partitions) = sizes.get_or_insert((0, 0));
    let mut kept = Vec::new();
    for (topic, config) in topics {
        *all_topics += 1;
        *all_partitions += topic.partitions.get().unsigned_abs();
        if config.retention != RetentionLimits::default() {
            let logs = topic.partitions.partitions();
            kept.extend(logs.map(|partition| (TopicIdPartition::new(topic.id, partition), config.retention)));
        }
    }
    kept
}

/// The partitions of a shard that are compacted by key, in their order.
fn keyed(topics: &Configured, shard: u32) -> Vec<(TopicIdPartition, KeyedPolicy)> {
    let mut keyed = Vec::new();
    for (topic, config) in topics {
        let Some(policy) = config.compaction else { continue };
        let logs = topic.partitions.partitions().map(|partition| TopicIdPartition::new(topic.id, partition));
        keyed.extend(logs.filter(|log| shard_of(log) == shard).map(|log| (log, policy)));
    }
    keyed.sort_unstable_by_key(|(log, _)| *log);
    keyed
}

/// All agents must agree on this; where two versions do not, a log has two who compact it, one of them in vain.
fn shard_of(log: &TopicIdPartition) -> u32 {
    let mut hasher = DefaultHasher::new();
    log.hash(&mut hasher);
    u32::try_from(hasher.finish() % u64::from(Job::CompactKeys.shards().get())).unwrap_or(0)
}

fn stopped(job: Job, cluster: Option<&VirtualClusterId>, trouble: &JobTrouble) {
    let error = trouble as &dyn std::error::Error;
    let cluster = cluster.map(tracing::field::display);
    tracing::warn!(job = job.name(), cluster, error, "cleaning stopped, and goes on in the next round");
}

#[cfg(test)]
mod tests {
    use forebay_model::{PartitionCount, TopicId};
    use forebay_storage_metadata::Configs;

    use super::*;

    #[test]
    fn every_partition_of_a_compacted_topic_is_of_one_shard() {
        let topic = |number: u8, policy: &'static str| {
            let configs: Configs = [("cleanup.policy", policy)].into_iter().collect();
            let config = TopicConfig::new(&configs, &ClusterConfig::new(&Configs::default()));
            let description = TopicDescription {
                id: TopicId::from_random(number.into()),
                name: format!("t{number}").parse().unwrap(),
                partitions: PartitionCount::new(40).unwrap(),
                configs,
                created_at: forebay_model::Timestamp::NONE,
            };
            (description, config)
        };
        let topics = vec![topic(1, "compact"), topic(2, "delete"), topic(3, "compact,delete")];
        let shards: Vec<_> =
            (0..Job::CompactKeys.shards().get()).map(|shard| keyed(&topics, shard)).collect();
        assert_eq!(shards.iter().map(Vec::len).sum::<usize>(), 80);
        assert!(shards.iter().all(|shard| shard.len() > 5));
        assert!(shards[0].is_sorted_by_key(|(log, _)| *log));
        let mut sizes = None;
        assert_eq!((kept(&topics, &mut sizes).len(), sizes), (80, Some((3, 120))));
    }
}
