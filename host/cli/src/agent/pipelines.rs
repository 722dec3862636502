//! The pipelines that an agent manages, on threads of their own: what serves Kafka's clients has nothing to do with
//! what they compute.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use forebay_kafka_client::Connection;
use forebay_lifecycle::{Priority, Shutdown, Threads};
use forebay_metrics::Metrics;
use forebay_model::{ByteCount, TopicName, VirtualClusterId};
use forebay_node::PipelineAccess;
use forebay_pipeline_managed::{Agents, Managed, Parts, Settings};
use forebay_pipeline_operations::{Endpoints, Registration};
use forebay_plugins_api::{Environment, Rights, VirtualClusterName};
use forebay_plugins_runtime::Clusters;

use crate::args::ManagedPipelines;
use crate::run::{LAST_FILES, look_after_plugins};
use crate::templates::{Lints, with_templates};
use crate::variables::ProcessVariables;
use crate::{args, plugins};

/// What stands before the names of all metrics of pipelines and plugins.
const METRICS: &str = "warpstream_bento_";
/// What the agent's own cluster is called: `forebay://agent`.
const CLUSTER: &str = "agent";
/// Bytes that pipelines may take in for each CPU in a second: beside other roles, and alone.
const RATES: [u64; 2] = [5_000_000, 50_000_000];
/// How many partitions a topic gets.
const AS_THE_CLUSTER_SAYS: i32 = -1;

/// What pipelines are run with.
pub(crate) struct Wanted {
    folder: PathBuf,
    group: Option<String>,
    rate: ByteCount,
    plugins: args::Plugins,
    templates: args::Templates,
    rights: Rights,
    /// Variables beside those of the process.
    environment: Environment,
    /// What is made before they start, so that none has to wait for another's topic.
    topics: Vec<TopicName>,
}

impl Wanted {
    /// What the flags want; nothing where they do not want pipelines. `is_alone`: the agent has no other role.
    pub(crate) fn of(flags: ManagedPipelines, cores: usize, is_alone: bool) -> anyhow::Result<Option<Self>> {
        let ManagedPipelines { enabled, folder, group, templates, obey_acls: _, rate_per_cpu, plugins } =
            flags;
        if !enabled {
            return Ok(None);
        }
        let folder =
            folder.context("-enableManagedPipelines needs -pipelinesDir, the folder of the pipelines")?;
        let rate = rate_per_cpu.map_or(RATES[usize::from(is_alone)], std::num::NonZeroU64::get);
        let rate = rate.saturating_mul(u64::try_from(cores).unwrap_or(u64::MAX));
        let (group, rights) = (group.filter(|group| !group.is_empty()), Rights::Granted);
        let (rate, environment, topics) = (ByteCount::new(rate), Environment::default(), Vec::new());
        let templates = args::Templates { templates };
        Ok(Some(Self { folder, group, rate, plugins, templates, rights, environment, topics }))
    }

    /// The pipelines of a folder, with nothing beside them that would need the machine.
    pub(crate) fn alone(folder: PathBuf, plugins: args::Plugins, cores: usize) -> Self {
        let rate = RATES[1].saturating_mul(u64::try_from(cores).unwrap_or(u64::MAX));
        let (group, rate, rights) = (None, ByteCount::new(rate), Rights::Granted);
        let (environment, topics, templates) =
            (Environment::default(), Vec::new(), args::Templates::default());
        Self { folder, group, rate, plugins, templates, rights, environment, topics }
    }

    /// The same with other rights, and with variables beside those of the process.
    pub(crate) fn with(self, rights: Rights, environment: Environment) -> Self {
        Self { rights, environment, ..self }
    }

    /// The same with topics that are there before they start.
    pub(crate) fn after_topics(self, topics: Vec<TopicName>) -> Self {
        Self { topics, ..self }
    }

    /// Makes the topics, on the agent that listens there.
    pub(crate) async fn make_topics(&self, kafka: Option<SocketAddr>) -> anyhow::Result<()> {
        let Some(address) = kafka.filter(|_| !self.topics.is_empty()) else { return Ok(()) };
        let mut connection = Connection::open(&address.ip().to_string(), address.port(), "forebay").await?;
        for topic in &self.topics {
            let made = connection.create_topic(topic, AS_THE_CLUSTER_SAYS).await;
            made.with_context(|| format!("make the topic {topic}"))?;
        }
        Ok(())
    }

    /// The group of the agent.
    pub(crate) fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }
}

/// The agent around the pipelines.
pub(crate) struct Around {
    pub(crate) cluster: VirtualClusterId,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) endpoints: Option<Endpoints>,
    pub(crate) agents: Arc<dyn Agents>,
    /// Its cluster, in this process.
    pub(crate) access: Option<PipelineAccess>,
    pub(crate) cores: usize,
}

/// Pipelines that run.
pub(crate) struct Pipelines {
    managed: Managed,
    threads: Arc<Threads>,
    keeper: Arc<Threads>,
    /// Set when a thread was lost, which comes back only with another process.
    stuck: Shutdown,
    _paths: Vec<Registration>,
}

impl Pipelines {
    /// Loads the plugins and starts the pipelines.
    pub(crate) async fn start(wanted: Wanted, around: Around) -> anyhow::Result<Self> {
        let keeper = Threads::start("pipelines", 1).context("start the thread that looks after pipelines")?;
        let keeper = Arc::new(keeper);
        // Compiling a plugin keeps a thread busy, which must be none of those that serve.
        let starting =
            keeper.spawn(0, "the start of the pipelines", open(wanted, around, Arc::clone(&keeper)));
        starting.await.context("start the pipelines")?
    }

    /// Waits until the pipelines can't go on.
    pub(crate) async fn stuck(&self) {
        self.stuck.cancelled().await;
    }

    /// What runs.
    pub(crate) fn managed(&self) -> &Managed {
        &self.managed
    }

    /// Stops all pipelines within a time; whether everything that they had read was delivered.
    pub(crate) async fn stop(self, patience: Duration) -> bool {
        let Self { managed, threads, keeper, stuck, _paths: paths } = self;
        let is_well = tokio::time::timeout(patience, managed.stop()).await.unwrap_or(false);
        drop((paths, managed));
        // It may run what is stopping, and threads are not waited for by one of them.
        std::mem::forget(keeper);
        match Arc::try_unwrap(threads) {
            Ok(threads) if is_well && !stuck.is_cancelled() => {
                // Joining threads blocks.
                tokio::task::block_in_place(move || {
                    drop(threads);
                    forebay_plugins_runtime::wait_until_files_are_closed(LAST_FILES);
                });
            }
            Ok(threads) => std::mem::forget(threads),
            Err(threads) => std::mem::forget(threads),
        }
        is_well && !stuck.is_cancelled()
    }
}

async fn open(wanted: Wanted, around: Around, keeper: Arc<Threads>) -> anyhow::Result<Pipelines> {
    let Wanted { folder, group, rate, plugins: flags, templates, rights, environment, topics: _ } = wanted;
    let Around { cluster, metrics, endpoints, agents, access, cores } = around;
    let stuck = Shutdown::new();
    let prefixed = Arc::new(metrics.with_prefix(METRICS));
    let clusters = Clusters::default();
    if let Some(access) = access {
        clusters.add_for_each(CLUSTER, move |pipeline| access.transport(pipeline.as_str()));
    }
    let process = (endpoints.clone(), clusters);
    let loaded = plugins::load_with(&flags, &prefixed, None, process).await?;
    let watch = flags.plugin_dir.map(|folder| loaded.watch(folder));
    look_after_plugins(watch, loaded.watchdog(stuck.clone()))?;
    // Not by a guest, when it first asks: the broker does there what pipelines want, with locks that its clients wait for.
    loaded.start_connections().map_err(anyhow::Error::msg)?;
    let components = with_templates(Arc::new(loaded), &templates, Lints::Refuse).await?;
    // What serves Kafka's clients goes first.
    let threads = Threads::start_with("guest", cores, Priority::Background);
    let threads = Arc::new(threads.context("start the threads of the pipelines")?);
    tracing::info!(
        folder = %folder.display(),
        group = group.as_deref().unwrap_or_default(),
        bytes_per_second = rate.get(),
        "running the pipelines of a folder"
    );
    let settings = Settings {
        group,
        virtual_cluster: Some(VirtualClusterName::new(cluster.as_str())),
        rights,
        environment: environment.clone(),
        ..Settings::new(folder, rate)
    };
    let parts = Parts {
        components,
        metrics,
        threads: Arc::clone(&threads),
        keeper: Arc::clone(&keeper),
        variables: Arc::new(ProcessVariables(environment)),
        agents,
        endpoints: endpoints.clone(),
    };
    let managed = Managed::start(settings, parts).await?;
    let paths = endpoints.map(|endpoints| managed.register(&endpoints)).transpose()?;
    Ok(Pipelines { managed, threads, keeper, stuck, _paths: paths.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    fn flags(rate_per_cpu: Option<u64>) -> ManagedPipelines {
        ManagedPipelines {
            enabled: true,
            folder: Some("p".into()),
            group: Some(String::new()),
            templates: Vec::new(),
            obey_acls: false,
            rate_per_cpu: rate_per_cpu.and_then(NonZeroU64::new),
            plugins: args::Plugins { plugin_dir: None, plugin_grants: None, plugin_cache: None },
        }
    }

    #[test]
    fn the_rate_is_that_of_all_cpus() {
        let rate = |own: Option<u64>, cores, is_alone| {
            Wanted::of(flags(own), cores, is_alone).unwrap().map(|wanted| wanted.rate.get())
        };
        assert_eq!(rate(None, 4, false), Some(20_000_000));
        assert_eq!(rate(None, 4, true), Some(200_000_000));
        assert_eq!(rate(Some(7), 4, true), Some(28));
    }

    #[test]
    fn pipelines_need_a_folder_and_are_off_by_themselves() {
        let off = ManagedPipelines { enabled: false, ..flags(None) };
        assert!(Wanted::of(off, 1, true).unwrap().is_none());
        let without = ManagedPipelines { folder: None, ..flags(None) };
        let refused = Wanted::of(without, 1, true).err().unwrap().to_string();
        assert_eq!(refused, "-enableManagedPipelines needs -pipelinesDir, the folder of the pipelines");
        assert_eq!(Wanted::of(flags(None), 1, true).unwrap().unwrap().group(), None);
    }
}
