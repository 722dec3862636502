//! The folder of pipelines: what is in it runs, and what changes in it takes effect.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Tasks, Threads};
use forebay_metrics::{MetricError, Metrics};
use forebay_model::ByteCount;
use forebay_pipeline_config::{AGENT_CLUSTER, Catalog, Problem, Variables};
use forebay_pipeline_operations::{Endpoints, RegisterError, Registration};
use forebay_plugins_api::{Components, Environment, Rights, VirtualClusterName};
use tokio::sync::watch;

use crate::agents::Agents;
use crate::design::{self, Design, Text};
use crate::fair_limit::FairLimit;
use crate::file_watch::FileWatch;
use crate::files;
use crate::instance::Pauses;
use crate::pipeline::{Pipeline, Wanted};
use crate::shared::{Shared, check_metrics};
use crate::status::{PATH, Page, Status};

/// What an agent is told of its pipelines.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the files are.
    pub folder: PathBuf,
    /// The group of this agent: it runs the pipelines of that group alone, or those that are in none.
    pub group: Option<String>,
    pub virtual_cluster: Option<VirtualClusterName>,
    /// What default plugins may do in pipelines.
    pub rights: Rights,
    /// Variables that components see beside those of the process.
    pub environment: Environment,
    /// Where `kafka_franz_warpstream` goes.
    pub cluster: String,
    /// What all pipelines together may take in, in a second.
    pub rate: ByteCount,
    /// Between two looks at the folder. A change counts when the file is the same at two looks.
    pub pause: Duration,
    /// Between two questions for the number of agents.
    pub agents_pause: Duration,
    pub pauses: Pauses,
}

impl Settings {
    /// Those of an agent without a group, with the usual pauses.
    #[must_use]
    pub fn new(folder: PathBuf, rate: ByteCount) -> Self {
        Self {
            folder,
            group: None,
            virtual_cluster: None,
            rights: Rights::Granted,
            environment: Environment::default(),
            cluster: AGENT_CLUSTER.to_owned(),
            rate,
            pause: Duration::from_millis(200),
            agents_pause: Duration::from_secs(1),
            pauses: Pauses::default(),
        }
    }
}

/// What pipelines work with.
pub struct Parts {
    pub components: Arc<dyn Components>,
    /// Of the agent.
    pub metrics: Arc<Metrics>,
    /// Where components work.
    pub threads: Arc<Threads>,
    /// Where what looks after pipelines runs: a thread will do.
    pub keeper: Arc<Threads>,
    /// What `${VAR}` may stand for.
    pub variables: Arc<dyn Variables + Send + Sync>,
    pub agents: Arc<dyn Agents>,
    /// Where components add paths to the HTTP server of the process.
    pub endpoints: Option<Endpoints>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// Why no pipelines are run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("read the folder of pipelines {folder}: -pipelinesDir names one that there is")]
    Folder { folder: String, source: io::Error },
    #[error(transparent)]
    Metric(#[from] MetricError),
}

/// The pipelines of an agent. Cheap to clone; they run until [`Managed::stop`].
#[derive(Clone)]
pub struct Managed {
    shared: Arc<Shared>,
    /// What looks at the folder and at the agents.
    watching: Tasks,
    /// What looks after each pipeline.
    keeping: Tasks,
}

impl Managed {
    /// Starts the pipelines that are in the folder, and goes on looking at it.
    ///
    /// # Errors
    /// The folder can't be read.
    pub async fn start(settings: Settings, parts: Parts) -> Result<Self, StartError> {
        let Settings {
            folder,
            group,
            virtual_cluster,
            rights,
            environment,
            cluster,
            rate,
            pause,
            agents_pause,
            pauses,
        } = settings;
        let Parts { components, metrics, threads, keeper, variables, agents, endpoints } = parts;
        let found = files::find(&folder)
            .map_err(|source| StartError::Folder { folder: folder.display().to_string(), source })?;
        check_metrics(&metrics)?;
        let counted = agents.count().await.unwrap_or_else(|error| {
            tracing::warn!(error, "the agents can't be counted, this one is taken for the only one");
            NonZeroU32::MIN
        });
        let shared = Arc::new(Shared {
            components,
            metrics,
            threads,
            keeper: Arc::clone(&keeper),
            variables,
            endpoints,
            virtual_cluster,
            rights,
            environment,
            group,
            cluster,
            limit: FairLimit::new(rate),
            pauses,
            agents: watch::Sender::new(counted),
            pipelines: Mutex::default(),
            has_lost: AtomicBool::new(false),
        });
        let tasks = || Tasks::new(keeper.spawner(0), Shutdown::new());
        let managed = Self { shared, watching: tasks(), keeping: tasks() };
        let mut folder = Folder::new(folder, managed.clone());
        folder.begin(found, pause).await;
        let stop = managed.watching.shutdown().clone();
        managed.watching.spawn(until(stop.clone(), async move { folder.watch(pause).await }));
        let counting = managed.clone();
        managed.watching.spawn(until(stop, async move { counting.count(agents, agents_pause).await }));
        Ok(managed)
    }

    /// What is told of all pipelines.
    #[must_use]
    pub fn status(&self) -> Status {
        let connections = self.shared.components.metrics().connections().states();
        let pipelines = self.shared.pipelines();
        Status {
            group: self.shared.group.clone(),
            agents: *self.shared.agents.borrow(),
            pipelines: pipelines.values().map(|pipeline| pipeline.status(&connections)).collect(),
        }
    }

    /// Adds the paths that show the status.
    ///
    /// # Errors
    /// One of them is taken.
    pub fn register(&self, endpoints: &Endpoints) -> Result<Vec<Registration>, RegisterError> {
        let paths = [
            (PATH.to_owned(), "The managed pipelines of this agent."),
            (format!("{PATH}/{{name}}"), "One of the managed pipelines."),
        ];
        let add =
            |(path, description): (String, &str)| endpoints.register(&path, description, Page(self.clone()));
        paths.into_iter().map(add).collect()
    }

    /// Stops all pipelines, each within its `shutdown_timeout`; whether all have delivered what they had read.
    pub async fn stop(&self) -> bool {
        self.watching.shutdown().cancel();
        self.watching.finished().await;
        for pipeline in self.shared.pipelines().values() {
            pipeline.want(Wanted::Gone);
        }
        self.keeping.finished().await;
        !self.shared.has_lost.load(Ordering::Relaxed)
    }

    /// Says what a pipeline is to be; one that there is not is looked after from now on.
    fn with<T>(&self, name: &str, say: impl FnOnce(&Pipeline) -> T) -> T {
        let mut pipelines = self.shared.pipelines();
        let pipeline = pipelines.entry(name.to_owned()).or_insert_with(|| {
            let (pipeline, work) = Pipeline::new(name, Arc::clone(&self.shared));
            self.keeping.spawn(work);
            pipeline
        });
        say(pipeline)
    }

    /// Asks for the number of agents, for ever.
    async fn count(&self, agents: Arc<dyn Agents>, pause: Duration) {
        loop {
            tokio::time::sleep(pause).await;
            match agents.count().await {
                Ok(count) => {
                    let is_new = self.shared.agents.send_if_modified(|known| {
                        let is_new = *known != count;
                        *known = count;
                        is_new
                    });
                    if is_new {
                        tracing::info!(agents = count, "so many agents share the pipelines now");
                    }
                }
                Err(error) => tracing::debug!(error, "the agents can't be counted"),
            }
        }
    }
}

/// Works until it is told to stop.
async fn until(stop: Shutdown, work: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = work => {}
    }
}

/// The folder, as it was at the last look.
struct Folder {
    path: PathBuf,
    managed: Managed,
    watch: FileWatch,
    texts: BTreeMap<String, Content>,
    /// What is wrong with the files that are refused.
    refused: BTreeMap<String, Vec<String>>,
    /// With which components they were refused.
    catalog: Arc<Catalog>,
    versions: AtomicU64,
    /// Whether it could not be read the last time.
    is_lost: bool,
}

/// A file as it was seen at rest; none where it can't be read.
type Content = (PathBuf, Option<Vec<u8>>);

/// Why a file is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occasion {
    /// It is new, or holds something else than before.
    Written,
    /// It was refused, and there are other components now.
    Retried,
}

impl Folder {
    fn new(path: PathBuf, managed: Managed) -> Self {
        let catalog = managed.shared.components.catalog();
        Self {
            path,
            managed,
            watch: FileWatch::default(),
            texts: BTreeMap::new(),
            refused: BTreeMap::new(),
            catalog,
            versions: AtomicU64::new(0),
            is_lost: false,
        }
    }

    /// Takes what is in the folder at the start. What is written just then is taken later.
    async fn begin(&mut self, found: BTreeMap<String, PathBuf>, pause: Duration) {
        let paths: Vec<_> = found.values().cloned().collect();
        self.watch.look(&paths);
        tokio::time::sleep(pause).await;
        self.watch.look(&paths);
        self.take(found).await;
    }

    /// Takes over what changes, for ever.
    async fn watch(&mut self, pause: Duration) {
        loop {
            tokio::time::sleep(pause).await;
            let found = match files::find(&self.path) {
                Ok(found) => found,
                Err(error) => {
                    if !std::mem::replace(&mut self.is_lost, true) {
                        let folder = self.path.display();
                        tracing::error!(%folder, %error, "the folder of pipelines can't be read, they go on as they are");
                    }
                    continue;
                }
            };
            self.is_lost = false;
            let paths: Vec<_> = found.values().cloned().collect();
            // Before anything is read with them: those that come meanwhile are seen at the next look.
            let catalog = self.managed.shared.components.catalog();
            if self.watch.look(&paths) {
                self.take(found).await;
            }
            if !Arc::ptr_eq(&self.catalog, &catalog) && self.catalog != catalog {
                self.take_refused().await;
            }
            self.catalog = catalog;
        }
    }

    /// Reads the files that were refused once more, since there are other components: perhaps those that were missing.
    async fn take_refused(&mut self) {
        for name in self.refused.keys().cloned().collect::<Vec<_>>() {
            if let Some(content) = self.texts.get(&name).cloned() {
                self.take_file(&name, &content, Occasion::Retried).await;
            }
        }
    }

    /// Has what is in these files run, as they were seen at rest: one that is being written stays what it was before.
    async fn take(&mut self, found: BTreeMap<String, PathBuf>) {
        let now = |(name, path): (String, PathBuf)| {
            let content = match self.watch.content(&path) {
                Some(content) => (path, content.map(<[u8]>::to_vec)),
                None => self.texts.get(&name)?.clone(),
            };
            Some((name, content))
        };
        let now: BTreeMap<String, Content> = found.into_iter().filter_map(now).collect();
        let names: BTreeSet<String> = self.texts.keys().chain(now.keys()).cloned().collect();
        for name in names {
            match (self.texts.get(&name), now.get(&name)) {
                (before, Some(after)) if before != Some(after) => {
                    self.take_file(&name, after, Occasion::Written).await;
                }
                (Some(_), None) => {
                    tracing::info!(pipeline = name, "the file is gone, the pipeline is stopped");
                    self.refused.remove(&name);
                    self.managed.with(&name, |pipeline| pipeline.want(Wanted::Gone));
                }
                _ => {}
            }
        }
        self.texts = now;
    }

    async fn take_file(&mut self, name: &str, (path, content): &Content, occasion: Occasion) {
        let file = path.display().to_string();
        let shared = &self.managed.shared;
        let read = match content.as_deref().map(std::str::from_utf8) {
            Some(Ok(text)) => {
                let text = Text { name, file: &file, text };
                let read = design::read(text, &shared.cluster, &*shared.variables, &*shared.components).await;
                read.map_err(|problems| problems.iter().map(Problem::to_string).collect())
            }
            Some(Err(error)) => Err(vec![format!("{file}: it is no text: {error}")]),
            // It is looked at again when it has changed.
            None => Err(vec![format!("{file}: it can't be read")]),
        };
        match read {
            Ok(config) => {
                let version = self.versions.fetch_add(1, Ordering::Relaxed) + 1;
                let design = Design { version, file, config: Arc::new(config) };
                self.refused.remove(name);
                self.managed.with(name, |pipeline| pipeline.want(Wanted::Version(design)));
            }
            Err(problems) => self.refuse(name, &file, problems, occasion),
        }
    }

    /// Whoever has written a file is told what is wrong with it; that nothing has changed since is not worth telling.
    fn refuse(&mut self, name: &str, file: &str, problems: Vec<String>, occasion: Occasion) {
        let before = self.refused.insert(name.to_owned(), problems.clone());
        if occasion == Occasion::Written || before.as_ref() != Some(&problems) {
            for problem in &problems {
                tracing::error!(pipeline = name, problem, "the file is refused, what ran before goes on");
            }
        }
        self.managed.with(name, |pipeline| pipeline.refuse(file, problems));
    }
}

impl fmt::Debug for Managed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.shared.pipelines().keys().cloned().collect();
        f.debug_struct("Managed").field("pipelines", &names).finish_non_exhaustive()
    }
}
