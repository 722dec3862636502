//! Cleaning, as time goes by: records past what their topics keep, segments without records, objects that were never
//! committed, consumer groups that nobody is left of. In all virtual clusters of the store, whichever of them this agent serves.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_broker::configs::{ClusterConfig, TopicConfig};
use forebay_kafka_broker::{Forget, GroupKeeper, GroupSettings};
use forebay_lifecycle::{Shutdown, chance, clock};
use forebay_metrics::{Gauge, MetricError, Metrics, Timing};
use forebay_model::{TopicIdPartition, VirtualClusterId};
use forebay_storage_log::{Cleaned, Cleaner, CleanerError, CleanerSettings, OrphanSearch};
use forebay_storage_metadata::{ConfigError, MetadataStore, RetentionLimits, TopicSelection};

use crate::group_gauges::GroupGauges;
use crate::group_lags::{GroupLags, GroupMetrics};
use crate::stores::Stores;

/// How often what is cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleaningSettings {
    /// From one look at what topics keep to the next.
    pub trim_every: Duration,
    /// From one look for segments without records to the next.
    pub clean_every: Duration,
    /// From one page of objects that may be orphans to the next.
    pub orphans_every: Duration,
    /// From one look at consumer groups to the next.
    pub groups_every: Duration,
    /// From one look at which offsets of theirs are too old to the next.
    pub offsets_every: Duration,
    /// From one look at how far consumer groups are behind to the next.
    pub lags_every: Duration,
    /// Which series there are of consumer groups.
    pub group_metrics: GroupMetrics,
    pub cleaner: CleanerSettings,
}

impl Default for CleaningSettings {
    fn default() -> Self {
        Self {
            // As Kafka's log.retention.check.interval.ms.
            trim_every: Duration::from_mins(5),
            clean_every: Duration::from_mins(1),
            orphans_every: Duration::from_mins(10),
            groups_every: Duration::from_mins(1),
            // As Kafka's offsets.retention.check.interval.ms.
            offsets_every: Duration::from_mins(10),
            lags_every: Duration::from_mins(1),
            group_metrics: GroupMetrics::default(),
            cleaner: CleanerSettings::default(),
        }
    }
}

/// Between two calls of the same round: clients come first.
const PAUSE: Duration = Duration::from_millis(100);
/// Calls of one round, so that one kind of work never holds up the others for good.
const CALLS: usize = 100;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    Trim,
    Clean,
    Orphans,
    Groups,
    Offsets,
    Lags,
}

const JOBS: [Job; 6] = [Job::Trim, Job::Clean, Job::Orphans, Job::Groups, Job::Offsets, Job::Lags];

impl Job {
    fn name(self) -> &'static str {
        match self {
            Self::Trim => "retention",
            Self::Clean => "segment_deletion",
            Self::Orphans => "deadscanner",
            Self::Groups => "consumer_groups",
            Self::Offsets => "offset_retention",
            Self::Lags => "consumer_group_lag",
        }
    }
}

/// Cleans until it is told to stop.
pub(crate) struct Cleaning {
    cleaner: Cleaner,
    metadata: Arc<dyn MetadataStore>,
    settings: CleaningSettings,
    searches: HashMap<VirtualClusterId, OrphanSearch>,
    measures: [JobMeasures; JOBS.len()],
    topics: Gauge,
    partitions: Gauge,
    groups: GroupKeeper,
    group_gauges: GroupGauges,
}

/// `warpstream_agent_run_and_ack_job_latency{job,outcome}` and what jobs removed.
struct JobMeasures {
    success: Timing,
    error: Timing,
    runs: forebay_metrics::Counter,
    deleted: forebay_metrics::Counter,
    failed: forebay_metrics::Counter,
}

impl JobMeasures {
    fn new(metrics: &Metrics, job: Job) -> Result<Self, MetricError> {
        let timing = |outcome| {
            let labels = [("job", job.name()), ("outcome", outcome)];
            metrics.timing("warpstream_agent_run_and_ack_job_latency", "How long jobs took", &labels)
        };
        let outcome = |outcome| {
            let labels = [("job", job.name()), ("outcome", outcome)];
            let help = "Objects that jobs deleted or could not delete";
            metrics.counter("warpstream_agent_deadscanner_outcomes", help, &labels)
        };
        Ok(Self {
            success: timing("success")?,
            error: timing("error")?,
            runs: metrics.counter(
                "warpstream_agent_job_removed_runs",
                "Runs of records that jobs removed from the index",
                &[("job", job.name())],
            )?,
            deleted: outcome("deleted")?,
            failed: outcome("failed")?,
        })
    }
}

impl Cleaning {
    pub(crate) fn new(
        stores: &Stores,
        settings: CleaningSettings,
        groups: GroupSettings,
    ) -> Result<Self, MetricError> {
        let metadata = Arc::clone(&stores.metadata);
        let cleaner = Cleaner::new(Arc::clone(&metadata), Arc::clone(&stores.background), settings.cleaner);
        let [trim, clean, orphans, groups_job, offsets, lags] =
            JOBS.map(|job| JobMeasures::new(&stores.metrics, job));
        let gauge = |name: &str, help: &str| stores.metrics.gauge(name, help, &[]);
        let groups = GroupKeeper::new(Arc::clone(&metadata), groups);
        Ok(Self {
            cleaner,
            metadata,
            settings,
            searches: HashMap::new(),
            measures: [trim?, clean?, orphans?, groups_job?, offsets?, lags?],
            topics: gauge("warpstream_topics_count", "Topics of all virtual clusters")?,
            partitions: gauge("warpstream_partitions_count", "Partitions of all virtual clusters")?,
            groups,
            group_gauges: GroupGauges::new(Arc::clone(&stores.metrics)),
        })
    }

    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let CleaningSettings { trim_every, clean_every, orphans_every, groups_every, .. } = self.settings;
        let CleaningSettings { offsets_every, lags_every, .. } = self.settings;
        let every = [trim_every, clean_every, orphans_every, groups_every, offsets_every, lags_every];
        // Many agents that were started together spread out.
        let mut due = every.map(|every| clock::now() + every.mul_f64(chance::part()));
        loop {
            let Some((next, at)) = due.iter().copied().enumerate().min_by_key(|(_, at)| *at) else { return };
            let waited = shutdown.run_until_cancelled(tokio::time::sleep_until(at.into())).await;
            if waited.is_none() {
                return;
            }
            // A round that is cut off goes on where it was the next time.
            if shutdown.run_until_cancelled(self.round(JOBS[next])).await.is_none() {
                return;
            }
            due[next] = clock::now() + every[next];
        }
    }

    async fn round(&mut self, job: Job) {
        let started = clock::now();
        let done = self.all_clusters(job).await;
        let measures = &self.measures[job as usize];
        let timing = if done.is_ok() { &measures.success } else { &measures.error };
        timing.observe(clock::now().saturating_duration_since(started));
        if let Err(error) = done {
            tracing::warn!(
                job = job.name(),
                error = &error as &dyn std::error::Error,
                "cleaning stopped, and goes on in the next round"
            );
        }
    }

    async fn all_clusters(&mut self, job: Job) -> Result<(), CleanerError> {
        let clusters = self.metadata.virtual_clusters().await?;
        let (mut topics, mut partitions) = (0, 0);
        for cluster in &clusters {
            let kept = match job {
                Job::Trim => self.kept(cluster, &mut topics, &mut partitions).await?,
                Job::Clean | Job::Orphans | Job::Groups | Job::Offsets | Job::Lags => Vec::new(),
            };
            if matches!(job, Job::Groups | Job::Offsets) {
                self.look_after_groups(cluster, job).await?;
                continue;
            }
            if job == Job::Lags {
                self.look_at_lags(cluster).await?;
                continue;
            }
            for _ in 0..CALLS {
                let cleaned = self.call(job, cluster, &kept).await?;
                self.count(job, cleaned);
                // One page of objects at a time: there are many, and seldom an orphan among them.
                if !cleaned.is_more || job == Job::Orphans {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        if job == Job::Trim {
            self.topics.set(f64::from(topics));
            self.partitions.set(f64::from(partitions));
        }
        self.searches.retain(|cluster, _| clusters.contains(cluster));
        self.group_gauges.retain(&clusters);
        Ok(())
    }

    async fn call(
        &mut self,
        job: Job,
        cluster: &VirtualClusterId,
        kept: &[(TopicIdPartition, RetentionLimits)],
    ) -> Result<Cleaned, CleanerError> {
        match job {
            Job::Trim => self.cleaner.trim(cluster, kept.iter().copied()).await,
            Job::Clean => self.cleaner.clean(cluster).await,
            Job::Orphans => {
                let search = self.searches.entry(cluster.clone()).or_default();
                self.cleaner.find_orphans(cluster, search).await
            }
            Job::Groups | Job::Offsets | Job::Lags => Ok(Cleaned::default()),
        }
    }

    async fn look_after_groups(&mut self, cluster: &VirtualClusterId, job: Job) -> Result<(), CleanerError> {
        let forget = match self.metadata.cluster_configs(cluster).await {
            Ok(configs) if job == Job::Offsets => {
                Forget::After(ClusterConfig::new(&configs).offsets_retention)
            }
            Ok(_) => Forget::Nothing,
            Err(ConfigError::Store(failure)) => return Err(failure.into()),
            // It is gone by now.
            Err(
                ConfigError::NoVirtualCluster { .. } | ConfigError::NoTopic { .. } | ConfigError::Changed,
            ) => return Ok(()),
        };
        let kept = Box::pin(self.groups.look_after(cluster, forget)).await?;
        if self.settings.group_metrics != GroupMetrics::Off {
            self.group_gauges.show(cluster, kept);
        }
        Ok(())
    }

    async fn look_at_lags(&mut self, cluster: &VirtualClusterId) -> Result<(), CleanerError> {
        let shown = self.settings.group_metrics;
        if shown != GroupMetrics::Off {
            let lags = Box::pin(GroupLags::read(&self.metadata, cluster, shown)).await?;
            self.group_gauges.show_lags(cluster, lags);
        }
        Ok(())
    }

    fn count(&self, job: Job, cleaned: Cleaned) {
        let Cleaned { runs, objects, failed, is_more: _ } = cleaned;
        let measures = &self.measures[job as usize];
        measures.runs.inc_by(runs as u64);
        measures.deleted.inc_by(objects as u64);
        measures.failed.inc_by(failed as u64);
        if runs + objects + failed > 0 {
            tracing::debug!(job = job.name(), runs, objects, failed, "cleaned");
        }
    }

    /// The partitions that do not keep everything for ever, with what they keep.
    async fn kept(
        &self,
        cluster: &VirtualClusterId,
        topics: &mut u32,
        partitions: &mut u32,
    ) -> Result<Vec<(TopicIdPartition, RetentionLimits)>, CleanerError> {
        let configs = match self.metadata.cluster_configs(cluster).await {
            Ok(configs) => ClusterConfig::new(&configs),
            Err(ConfigError::Store(failure)) => return Err(failure.into()),
            // It is gone by now.
            Err(
                ConfigError::NoVirtualCluster { .. } | ConfigError::NoTopic { .. } | ConfigError::Changed,
            ) => return Ok(Vec::new()),
        };
        let mut kept = Vec::new();
        for topic in self.metadata.describe_topics(cluster, &TopicSelection::All).await? {
            *topics += 1;
            *partitions += topic.partitions.get().unsigned_abs();
            let limits = TopicConfig::new(&topic.configs, &configs).retention;
            if limits != RetentionLimits::default() {
                let logs = topic.partitions.partitions();
                kept.extend(logs.map(|partition| (TopicIdPartition::new(topic.id, partition), limits)));
            }
        }
        Ok(kept)
    }
}
