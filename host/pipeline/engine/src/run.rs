//! Opening the parts of a pipeline, running them, and stopping them in order.

mod opener;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, TaskFailed, Threads};
use forebay_pipeline_config::{ComponentConfig, PipelineConfig, Problem};
use forebay_plugins_api::{
    Caches, Components, Environment, PipelineName, RateLimits, Resources, Rights, Setup, Stated,
    VirtualClusterName, Wakes,
};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use crate::budget::Budget;
use crate::caches::RunningCaches;
use crate::chain::Chain;
use crate::channel::{Receiver, Sender};
use crate::errors;
use crate::ground::Work;
use crate::rate_limits;
use crate::shadow::{self, Shadow};
use crate::surroundings::Surroundings;
use opener::{Opener, secrets};

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
    Box::pin(run_to_end(identity, config, components, threads, stop, Surroundings::default()))
}

/// The same for a pipeline that has something of the process, or shares it with others.
///
/// # Errors
/// As [`run`].
pub fn run_in<'a>(
    identity: &'a Identity,
    config: &'a PipelineConfig,
    components: &'a Arc<dyn Components>,
    threads: &'a Threads,
    stop: Shutdown,
    surroundings: Surroundings,
) -> BoxFuture<'a, Result<Ended, RunError>> {
    // Boxed, so that it is compiled with this crate and not with every one that awaits it.
    Box::pin(run_to_end(identity, config, components, threads, stop, surroundings))
}

async fn run_to_end(
    identity: &Identity,
    config: &PipelineConfig,
    components: &Arc<dyn Components>,
    threads: &Threads,
    stop: Shutdown,
    surroundings: Surroundings,
) -> Result<Ended, RunError> {
    let cpus = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    // Without processors there is nothing to share out, and messages are to stay in their order.
    let workers = if config.processors.is_empty() { 1 } else { config.threads.count(cpus).get() };
    let wakes = Arc::new(Wakes::default());
    let budget = Arc::new(Budget::new(config.in_flight_bytes));
    // Not `stop` itself: inputs end by it only once it is known here that the pipeline was stopped.
    let halt = Shutdown::new();
    let mut problems = Vec::new();
    let limits = match &surroundings.shared {
        Some(shared) => shared.rate_limits(),
        None => rate_limits::open(identity, &config.rate_limits, &components.metrics(), &mut problems),
    };
    let caches = RunningCaches::open(
        &identity.file,
        if surroundings.shared.is_some() { &[] } else { &config.caches },
        components,
        |config, caches| setup(identity, config, &wakes, caches, limits.clone(), Resources::default()),
        (threads, workers + 2),
        &mut problems,
    );
    let caches = caches.await;
    let shared = surroundings.shared.as_ref().map(|shared| shared.caches());
    let (strategy, errors) = errors::strategy(config);
    let opener = Opener {
        identity,
        components,
        caches: shared.as_ref().unwrap_or(&caches.caches),
        rate_limits: &limits,
        resources: &Resources::new(config.resources.iter().cloned()),
        wakes: &wakes,
        secrets: &secrets(config),
        strategy,
        errors,
        surroundings: &surroundings,
    };
    let mut parts = opener.parts(config, workers, (&budget, &halt), problems).await?;

    surroundings.opened.cancel();
    let give_up = Shutdown::new();
    // Beside the workers rather than among them: what they are slow with is theirs.
    let shadows = shadow::spawn(std::mem::take(&mut parts.shadows), threads, workers + 2, &give_up);
    let all = all(parts.start(threads, workers, &give_up), &give_up);
    tokio::pin!(all);
    let mut stopped = false;
    let complete = tokio::select! {
        biased;
        complete = &mut all => complete?,
        () = stop.cancelled() => {
            stopped = true;
            halt.cancel();
            wakes.shutdown();
            tokio::select! {
                biased;
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
        (true, _) if budget.is_incomplete() => Ended::Incomplete,
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

/// Both ends of a channel.
type Channel = (Sender, Receiver);

/// A pipeline whose components are open.
struct Parts {
    /// The work of the input and those inside it, and that of input resources.
    inputs: Vec<Work>,
    input_chain: Chain,
    chains: Vec<Chain>,
    /// The work of the output and those inside it, and that of output resources.
    outputs: Vec<Work>,
    shadows: Vec<Shadow>,
    /// From the input to its processors.
    raw: Channel,
    /// From those to the buffer, or to the workers.
    read: Sender,
    arrivals: Receiver,
    processed: Channel,
}

impl Parts {
    /// Starts all tasks but those of shadows. Each says in the end whether it came to its own end.
    fn start(
        self,
        threads: &Threads,
        workers: usize,
        give_up: &Shutdown,
    ) -> Vec<BoxFuture<'static, Result<bool, TaskFailed>>> {
        let Self { inputs, input_chain, chains, outputs, shadows: _, raw, read, arrivals, processed } = self;
        let mut tasks: Vec<BoxFuture<'static, Result<bool, TaskFailed>>> = Vec::new();
        let mut spawn = |index: usize, name: &'static str, work: Work| {
            let give_up = give_up.clone();
            tasks.push(Box::pin(threads.spawn(index, name, async move {
                tokio::select! {
                    biased;
                    // What is told by tasks that were given up tells nobody anything.
                    () = give_up.cancelled() => false,
                    () = work => true,
                }
            })));
        };
        for (index, chain) in chains.into_iter().enumerate() {
            spawn(index, "a worker", Box::pin(chain.work(arrivals.clone(), processed.0.clone())));
        }
        // What is sent again passes the input's own processors again, as it did the first time.
        spawn(workers, "the input's processors", Box::pin(input_chain.work(raw.1, read)));
        for (index, input) in inputs.into_iter().enumerate() {
            spawn(workers + index, "an input", input);
        }
        for (index, output) in outputs.into_iter().enumerate() {
            spawn(workers + 1 + index, "the output", output);
        }
        // Only the tasks hold the channels now, so that each ends when those before it have.
        tasks
    }
}

/// What a component is opened with.
pub(crate) fn setup(
    identity: &Identity,
    config: &ComponentConfig,
    wakes: &Arc<Wakes>,
    caches: Caches,
    rate_limits: RateLimits,
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
        rate_limits,
        below: Arc::default(),
        resources,
        children: config.children.clone(),
        metric_naming: config.metric_naming.clone(),
    }
}
