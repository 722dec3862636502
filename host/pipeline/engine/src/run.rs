//! Opening the parts of a pipeline, running them, and stopping them in order.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, TaskFailed, Threads};
use forebay_pipeline_config::{ComponentConfig, PipelineConfig, Problem};
use forebay_pipeline_message::Transaction;
use forebay_plugins_api::{
    Caches, Components, Environment, OpenError, Output, PipelineName, Resources, Rights, Scanner, Setup,
    Stated, VirtualClusterName, Wakes,
};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use crate::caches::RunningCaches;
use crate::chain::{Chain, Link};
use crate::check;
use crate::codec;
use crate::flight::Sky;
use crate::idle::Idle;
use crate::outputs::{self, Destination, Router};
use crate::replay::replay;
use crate::shadow::{self, Shadow, ShadowFeed};
use crate::sink::{self, Sink};
use crate::source::Source;
use crate::structure::Structured;

/// Batches that wait between two tasks. What is in flight is bounded by bytes elsewhere; this only
/// keeps a fast task from running far ahead of a slow one.
const QUEUE: usize = 16;

/// Who a pipeline is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Absent for a pipeline that is in none.
    pub virtual_cluster: Option<VirtualClusterName>,
    pub name: PipelineName,
    /// The file that it was read from, for messages.
    pub file: String,
    pub rights: Rights,
    /// Variables beside those of the process.
    pub environment: Environment,
}

/// How a pipeline came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its input ended and everything was delivered.
    Finished,
    /// It came to its end, but a part of the input could not be read, or was rejected for good.
    Incomplete,
    /// It was stopped, and everything that had been read was delivered.
    Stopped,
    /// It was stopped and not everything was delivered in time.
    GaveUp,
}

/// Why a pipeline did not start or did not reach its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Its components can't be opened.
    #[error("{}", lines(.0))]
    Open(Vec<OpenProblem>),
    /// One of its tasks failed, by a fault of ours.
    #[error(transparent)]
    Task(#[from] TaskFailed),
}

/// A component that can't be opened, and where it stands.
pub type OpenProblem = Problem;

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Runs a pipeline until its input ends or `stop` says so.
///
/// # Errors
/// When a component can't be opened (all that can't are named), or a task fails.
pub fn run<'a>(
    identity: &'a Identity,
    config: &'a PipelineConfig,
    components: &'a Arc<dyn Components>,
    threads: &'a Threads,
    stop: Shutdown,
) -> BoxFuture<'a, Result<Ended, RunError>> {
    // Boxed, so that it is compiled with this crate and not with every one that awaits it.
    Box::pin(run_to_end(identity, config, components, threads, stop))
}

async fn run_to_end(
    identity: &Identity,
    config: &PipelineConfig,
    components: &Arc<dyn Components>,
    threads: &Threads,
    stop: Shutdown,
) -> Result<Ended, RunError> {
    let cpus = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let workers = config.threads.count(cpus).get();
    let (wakes, others) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
    let sky = Arc::new(Sky::default());
    let mut problems = Vec::new();
    let caches = RunningCaches::open(
        &identity.file,
        &config.caches,
        components,
        |config, caches| setup(identity, config, &others, caches, Resources::default()),
        (threads, workers + 2),
        &mut problems,
    );
    let caches = caches.await;
    let secrets = secrets(config);
    let resources = Resources::new(config.resources.iter().cloned());
    let opener = Opener {
        identity,
        components,
        caches: &caches.caches,
        resources: &resources,
        wakes: &wakes,
        others: &others,
        secrets: &secrets,
    };
    let Parts { source, input_chain, chains, outputs, shadows, raw, arrivals, processed } =
        opener.parts(config, workers, &sky, problems).await?;

    let give_up = Shutdown::new();
    let mut tasks = Vec::new();
    let mut spawn = |index: usize, name: &'static str, work: BoxFuture<'static, ()>| {
        let give_up = give_up.clone();
        tasks.push(threads.spawn(index, name, async move {
            tokio::select! {
                () = work => true,
                () = give_up.cancelled() => false,
            }
        }));
    };
    for (index, chain) in chains.into_iter().enumerate() {
        spawn(index, "a worker", Box::pin(work(chain, arrivals.1.clone(), processed.0.clone())));
    }
    // What is sent again passes the input's own processors again, as it did the first time.
    spawn(workers, "the input's processors", Box::pin(work(input_chain, raw.1.clone(), arrivals.0.clone())));
    spawn(workers, "the input", Box::pin(read(source, Arc::clone(&sky), raw.0.clone())));
    for (index, output) in outputs.into_iter().enumerate() {
        spawn(workers + 1 + index, "the output", output);
    }
    // Only the tasks hold the channels now, so that each ends when those before it have.
    drop((raw, arrivals, processed));
    // Beside the workers rather than among them: what they are slow with is theirs.
    let shadows = shadow::spawn(shadows, threads, workers + 2, &give_up);

    let all = all(tasks, &give_up);
    tokio::pin!(all);
    let mut stopped = false;
    let complete = tokio::select! {
        complete = &mut all => complete?,
        () = stop.cancelled() => {
            stopped = true;
            wakes.shutdown();
            others.shutdown();
            tokio::select! {
                complete = &mut all => complete?,
                () = tokio::time::sleep(grace(config.shutdown_timeout)) => {
                    give_up.cancel();
                    // A guest that computes for ever does not let go of its thread.
                    let rest = config.shutdown_timeout - grace(config.shutdown_timeout);
                    tokio::time::timeout(rest, all).await.unwrap_or(Ok(false))?
                }
            }
        }
    };
    shadows.end().await;
    if complete {
        caches.close(grace(config.shutdown_timeout)).await;
    }
    Ok(match (complete, stopped) {
        (false, _) => Ended::GaveUp,
        (true, _) if sky.is_incomplete() => Ended::Incomplete,
        (true, true) => Ended::Stopped,
        (true, false) => Ended::Finished,
    })
}

/// Waits for all tasks; whether each came to its own end. One that fails takes the others with it.
async fn all(
    tasks: Vec<impl Future<Output = Result<bool, TaskFailed>>>,
    give_up: &Shutdown,
) -> Result<bool, TaskFailed> {
    let mut running: FuturesUnordered<_> = tasks.into_iter().collect();
    let mut result = Ok(true);
    while let Some(ended) = running.next().await {
        match (ended, &result) {
            (Ok(complete), Ok(so_far)) => result = Ok(complete && *so_far),
            (Err(error), Ok(_)) => {
                give_up.cancel();
                result = Err(error);
            }
            (_, Err(_)) => {}
        }
    }
    result
}

/// How much of the timeout is for an orderly end; as Bento, three quarters of it.
fn grace(timeout: Duration) -> Duration {
    timeout / 4 * 3
}

type Channel = (async_channel::Sender<Transaction>, async_channel::Receiver<Transaction>);

/// A pipeline whose components are open.
struct Parts {
    source: Source,
    input_chain: Chain,
    chains: Vec<Chain>,
    /// The task of the output, and those of the outputs inside it.
    outputs: Vec<BoxFuture<'static, ()>>,
    shadows: Vec<Shadow>,
    /// From the input to its processors.
    raw: Channel,
    arrivals: Channel,
    processed: Channel,
}

/// An output that is open.
enum Opened {
    Plugin(Box<dyn Output>),
    /// One of the host, and the tasks of those of plugins inside it.
    Own(Box<dyn Destination>, Vec<Sink>),
}

/// Reads the input, and sends again what fails, until the input is done.
async fn read(source: Source, sky: Arc<Sky>, to: async_channel::Sender<Transaction>) {
    tokio::select! {
        () = source.run() => {}
        () = replay(sky, to) => {}
    }
}

/// One worker: takes batches as they come, until there are no more.
async fn work(
    mut chain: Chain,
    from: async_channel::Receiver<Transaction>,
    to: async_channel::Sender<Transaction>,
) {
    while let Ok(transaction) = from.recv().await {
        for transaction in chain.process(transaction).await {
            // Nobody receives only when the pipeline is given up; the transaction then fails by itself.
            let _ = to.send(transaction).await;
        }
    }
    chain.close().await;
}

/// Opens components, and collects what is wrong with them.
struct Opener<'a> {
    identity: &'a Identity,
    components: &'a Arc<dyn Components>,
    caches: &'a Caches,
    resources: &'a Resources,
    /// Wakes the input.
    wakes: &'a Arc<Wakes>,
    /// Wakes everything else, to which settlements are nothing.
    others: &'a Arc<Wakes>,
    /// The values that no log line may show.
    secrets: &'a Arc<[String]>,
}

/// The values of all secret fields.
fn secrets(config: &PipelineConfig) -> Arc<[String]> {
    let roots = config.processors.iter().chain(&config.resources).chain([&config.input, &config.output]);
    let all = roots.flat_map(ComponentConfig::with_descendants);
    all.flat_map(|component| component.secrets().iter().cloned()).collect()
}

impl Opener<'_> {
    async fn parts(
        &self,
        config: &PipelineConfig,
        workers: usize,
        sky: &Arc<Sky>,
        mut problems: Vec<Problem>,
    ) -> Result<Parts, RunError> {
        let setup = Setup { wakes: Arc::clone(self.wakes), ..self.setup(&config.input) };
        let input = self.note(&mut problems, &config.input, self.components.open_input(setup.clone()).await);
        let scanner = self.scanner(&mut problems, &config.input).await;
        let mut shadows = Vec::new();
        let input_chain = self.chain(&mut problems, &mut shadows, &config.input.processors).await;
        let mut chains = Vec::new();
        for worker in 0..workers {
            // Where the first instance can't be opened, the others have nothing to add.
            if worker == 0 || problems.is_empty() {
                chains.push(self.chain(&mut problems, &mut shadows, &config.processors).await);
            }
        }
        let output = self.output(&mut problems, &config.output).await;
        let output_chain = self.chain(&mut problems, &mut shadows, &config.output.processors).await;

        let (Some(input), Some(output), true) = (input, output, problems.is_empty()) else {
            problems.sort_by_key(|problem| (problem.line, problem.column));
            return Err(RunError::Open(problems));
        };
        let raw = async_channel::bounded(QUEUE);
        let arrivals = async_channel::bounded(QUEUE);
        let processed = async_channel::bounded(QUEUE);
        let source = Source {
            components: Arc::clone(self.components),
            setup,
            input,
            scanner,
            replay: config
                .input
                .config
                .get("auto_replay_nacks")
                .and_then(|value| value.as_bool())
                .unwrap_or(true),
            sky: Arc::clone(sky),
            to: raw.0.clone(),
            idle: Idle::default(),
        };
        let path = config.output.path.clone();
        let (from, processors) = (processed.1.clone(), output_chain);
        let most_under_way = sink::most_under_way(&config.output);
        let mut outputs: Vec<BoxFuture<'static, ()>> = Vec::new();
        match output {
            Opened::Plugin(output) => {
                outputs.push(Box::pin(Sink { path, output, processors, from, most_under_way }.run()));
            }
            Opened::Own(destination, sinks) => {
                outputs.push(Box::pin(Router { path, processors, destination, from, most_under_way }.run()));
                outputs.extend(sinks.into_iter().map(|sink| Box::pin(sink.run()) as BoxFuture<'static, ()>));
            }
        }
        Ok(Parts { source, input_chain, chains, outputs, shadows, raw, arrivals, processed })
    }

    async fn output(&self, problems: &mut Vec<Problem>, config: &ComponentConfig) -> Option<Opened> {
        let setup = self.setup(config);
        if !outputs::is_own(setup.name.as_str()) {
            let opened = self.components.open_output(setup).await;
            return self.note(problems, config, opened).map(Opened::Plugin);
        }
        let components = Structured::new(Arc::clone(self.components));
        let mut sinks = Vec::new();
        let opened = outputs::open(&components, &setup, &mut sinks).await;
        self.note(problems, config, opened).map(|output| Opened::Own(output, sinks))
    }

    async fn scanner(
        &self,
        problems: &mut Vec<Problem>,
        input: &ComponentConfig,
    ) -> Option<Box<dyn Scanner>> {
        let setup = match (codec::scanner(input), input.scanner()) {
            (Err(error), _) => return self.note(problems, input, Err(error)),
            (Ok(Some((name, config))), _) => {
                let name = name.parse().ok()?;
                Setup { name, config, stated: Stated::default(), ..self.setup(input) }
            }
            (Ok(None), Some(child)) => self.setup(&child.component),
            (Ok(None), None) => return None,
        };
        let config = input.scanner().map_or(input, |child| &child.component);
        self.note(problems, config, self.components.open_scanner(setup).await)
    }

    async fn chain(
        &self,
        problems: &mut Vec<Problem>,
        shadows: &mut Vec<Shadow>,
        configs: &[ComponentConfig],
    ) -> Chain {
        let mut links = Vec::new();
        for config in configs {
            let opened = self.components.open_processor(self.setup(config)).await;
            if let Some(processor) = self.note(problems, config, opened) {
                let shadow = self.shadow(shadows, config).await;
                links.push(Link { path: config.path.clone(), name: config.name.clone(), processor, shadow });
            }
        }
        Chain::new(links)
    }

    /// Opens the shadow of a processor, where it has one. One that can't be opened is reported, and the
    /// pipeline runs without it.
    async fn shadow(&self, shadows: &mut Vec<Shadow>, config: &ComponentConfig) -> Option<ShadowFeed> {
        let wanted = config.shadow.as_ref()?;
        let setup = Setup {
            // What it keeps and logs is its own.
            path: format!("{}.shadow", config.path),
            name: wanted.name.clone(),
            config: wanted.config.clone(),
            stated: Stated { pin: wanted.pin.clone(), config: Some(wanted.written.clone()), is_shadow: true },
            caches: self.caches.looking(),
            children: Vec::new(),
            ..self.setup(config)
        };
        let metrics = self.components.metrics();
        let processor = match self.components.open_processor(setup.clone()).await {
            Ok(processor) => processor,
            Err(error) => {
                let path = setup.path;
                tracing::error!(path, %error, "a shadow can't be opened, the pipeline runs without it");
                return None;
            }
        };
        let (shadow, feed) = Shadow::new(processor, &setup, &metrics, Arc::clone(self.secrets));
        shadows.push(shadow);
        Some(feed)
    }

    fn setup(&self, config: &ComponentConfig) -> Setup {
        setup(self.identity, config, self.others, self.caches.clone(), self.resources.clone())
    }

    fn note<T>(
        &self,
        problems: &mut Vec<Problem>,
        config: &ComponentConfig,
        opened: Result<T, OpenError>,
    ) -> Option<T> {
        opened.map_err(|error| problems.extend(check::problems(&self.identity.file, config, "", &error))).ok()
    }
}

/// What a component is opened with.
pub(crate) fn setup(
    identity: &Identity,
    config: &ComponentConfig,
    wakes: &Arc<Wakes>,
    caches: Caches,
    resources: Resources,
) -> Setup {
    Setup {
        virtual_cluster: identity.virtual_cluster.clone(),
        pipeline: identity.name.clone(),
        path: config.path.clone(),
        label: config.label.as_ref().map(ToString::to_string),
        name: config.name.clone(),
        config: config.config.clone(),
        stated: Stated { pin: config.pin.clone(), config: Some(config.written.clone()), is_shadow: false },
        rights: identity.rights,
        limits: config.limits.clone(),
        environment: identity.environment.clone(),
        wakes: Arc::clone(wakes),
        caches,
        resources,
        children: config.children.clone(),
    }
}
