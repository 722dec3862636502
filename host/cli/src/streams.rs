//! `forebay streams`: many pipelines in one process, which come and go while it runs.

mod api;
mod files;
mod manager;
mod store;
mod stream;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use forebay_lifecycle::{Shutdown, Threads};
use forebay_metrics::Metrics;
use forebay_pipeline_config::{Document, LintOptions, LoggerConfig, PipelineConfig, Problem, Severity};
use forebay_pipeline_engine::{Identity, SharedResources, Structured, Surroundings};
use forebay_pipeline_managed::FileWatch;
use forebay_pipeline_operations::{Endpoints, TraceExporter};
use forebay_plugins_api::{Components, Environment, PipelineName, Rights};

use crate::args::{RunFlags, Streams};
use crate::configuration::{self, Main, Texts};
use crate::operations::{Operations, Ready, Told};
use crate::run::{self, logger, look_after_plugins, write_metrics};
use crate::signals::Signals;
use crate::templates::{Lints, with_templates};
use crate::variables::ProcessVariables;
use crate::{READ_BY_NOBODY, env_files, log, plugins};

use manager::{ChangeError, Faults, Manager, Process, Text};
use store::Store;
use stream::Design;

/// Time between two looks at the files of pipelines.
const PAUSE: Duration = Duration::from_millis(500);
/// The name of the process in metrics and messages.
const NAME: &str = "streams";

/// What the pipelines of a process have in common.
struct Host {
    components: Arc<dyn Components>,
    metrics: Arc<Metrics>,
    /// The paths of the process's server.
    endpoints: Endpoints,
    environment: Environment,
    texts: Texts,
    document: Document,
    config: PipelineConfig,
    /// Set when nobody reads the standard output any more.
    output_closed: Shutdown,
    /// Set when a thread was lost, which comes back only with another process.
    stuck: Shutdown,
}

pub(crate) async fn streams(flags: Streams) -> anyhow::Result<ExitCode> {
    let Streams { paths, mut flags, no_api, prefix_stream_endpoints, observability, streams_dir } = flags;
    flags.sources.config = flags.sources.config.take().or(observability);
    let (chilled, watcher) = (flags.chilled, flags.watcher);
    let (metrics_file, http_address) = (flags.metrics_file.take(), flags.http_address.take());
    let Some(host) = Host::open(flags).await? else { return Ok(ExitCode::FAILURE) };
    let Host { components, metrics, endpoints, environment, texts, document, config, output_closed, stuck } =
        host;

    let cpus = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = Arc::new(Threads::start("guest", cpus).context("start threads")?);
    let identity = identity(&texts, &environment);
    let (tracer, traces) = TraceExporter::open(&config.tracer, env!("CARGO_PKG_VERSION"));
    let structured: Arc<dyn Components> =
        Arc::new(Structured::new(Arc::clone(&components)).with_tracer(tracer.clone()));
    let operations = Operations::start(Told {
        identity: &identity,
        config: &config,
        text: texts.text(),
        metrics: &metrics,
        components: structured.as_ref(),
        address: http_address.as_deref(),
        traces,
        endpoints,
        ready: Ready::OfStreams,
    });
    let operations = operations.await?;
    let shared = Arc::new(SharedResources::new(identity, structured, Arc::clone(&threads)));
    let of_process: Vec<_> = config.caches.iter().chain(&config.rate_limits).cloned().collect();
    if let Err(problems) = shared.open(&of_process).await {
        print(&problems);
        return Ok(ExitCode::FAILURE);
    }
    let (shutdown_timeout, shutdown_delay) = (config.shutdown_timeout, config.shutdown_delay);
    let manager = Arc::new(Manager {
        components,
        tracer,
        metrics: Arc::clone(&metrics),
        threads: Arc::clone(&threads),
        keeper: Arc::new(
            Threads::start("streams", 1).context("start the thread that looks after pipelines")?,
        ),
        environment,
        surroundings: Surroundings::with_shared(Arc::clone(&shared)),
        endpoints: operations.endpoints().clone(),
        prefix: prefix_stream_endpoints,
        store: streams_dir.as_deref().map(open_store).transpose()?,
        settings: config,
        process: Mutex::new(Process { base: document.clone(), document, posted: BTreeMap::new() }),
        streams: Mutex::default(),
        changing: Mutex::default(),
    });
    let mut signals = Signals::listen()?;
    Box::pin(manager.restore_resources()).await;
    if !Box::pin(start_files(&manager, &paths, chilled)).await? {
        manager.stop().await;
        return Ok(ExitCode::FAILURE);
    }
    Box::pin(manager.restore_streams()).await;
    let registered = api::register(operations.endpoints(), &manager, !no_api)?;
    tracing::info!(streams = manager.ids().len(), "running in streams mode");

    let watching = watch_files(watcher, &manager, &paths, chilled);
    let is_delayed = tokio::select! {
        is_delayed = end_is_near(&mut signals, &stuck, &output_closed) => is_delayed,
        () = Box::pin(watching) => false,
    };
    if is_delayed {
        delay(&mut signals, shutdown_delay).await;
    }
    // What is to be written there would keep its pipelines until they are given up.
    let is_read = !output_closed.is_cancelled();
    let is_well = is_read && stop(&manager, &mut signals).await? && !stuck.is_cancelled();
    drop(registered);
    shared.close(shutdown_timeout / 4).await;
    std::mem::forget(Arc::clone(&manager.keeper));
    drop((shared, manager));
    operations.finish().await;
    finish(threads, is_well);
    write_metrics(metrics_file.as_deref(), &metrics)?;
    Ok(exit_code(is_well, is_read))
}

impl Host {
    /// Loads plugins and templates, and reads the configuration of the process. What is wrong with it is printed; there
    /// is nothing where it must not be run.
    async fn open(flags: RunFlags) -> anyhow::Result<Option<Self>> {
        let RunFlags { sources, plugins: plugin_flags, chilled, log_level, .. } = flags;
        let environment = env_files::read(&sources.env_files)?;
        let log = log::start();
        log.set(&LoggerConfig { level: log_level.unwrap_or_default(), ..LoggerConfig::default() });
        let metrics = Arc::new(Metrics::default());
        let (output_closed, stuck) = (Shutdown::new(), Shutdown::new());
        let endpoints = Endpoints::default();
        let loaded =
            plugins::load(&plugin_flags, &metrics, Some(&output_closed), Some(endpoints.clone())).await?;
        let watch = plugin_flags.plugin_dir.map(|folder| loaded.watch(folder));
        let components = Arc::new(loaded.clone());
        let components = with_templates(components, &sources.templates, Lints::of(chilled)).await?;
        let texts = Texts::read(&Main::find(None, &sources), &sources)?;
        let structured: Arc<dyn Components> = Arc::new(Structured::new(Arc::clone(&components)));
        let read = process(&texts, &structured, &environment, chilled).await;
        let Some((document, config)) = read else { return Ok(None) };
        log.set(&logger(&config, log_level));
        look_after_plugins(watch, loaded.watchdog(stuck.clone()))?;
        let host = Self {
            components,
            metrics,
            endpoints,
            environment,
            texts,
            document,
            config,
            output_closed,
            stuck,
        };
        Ok(Some(host))
    }
}

fn open_store(folder: &Path) -> anyhow::Result<Store> {
    Store::open(folder).with_context(|| format!("open the folder {}", folder.display()))
}

/// Waits for what ends the process; whether it may take its time.
async fn end_is_near(signals: &mut Signals, stuck: &Shutdown, output_closed: &Shutdown) -> bool {
    tokio::select! {
        () = signals.next() => true,
        () = stuck.cancelled() => {
            tracing::error!("stopping because of the lost thread: what can still be delivered is");
            false
        }
        () = output_closed.cancelled() => {
            tracing::error!("nobody reads the standard output any more");
            false
        }
    }
}

/// Waits until all pipelines have stopped; whether that went well.
///
/// # Errors
/// A signal came meanwhile.
async fn stop(manager: &Manager, signals: &mut Signals) -> anyhow::Result<bool> {
    tracing::info!("stopping: no more is read, what was read is delivered");
    tokio::select! {
        is_well = manager.stop() => Ok(is_well),
        () = signals.next() => anyhow::bail!("stopped at once by a second signal"),
    }
}

/// Waits before pipelines are stopped; a signal ends that.
async fn delay(signals: &mut Signals, delay: Duration) {
    if delay.is_zero() {
        return;
    }
    tracing::info!(?delay, "stopping after the delay that the configuration asks for");
    tokio::select! {
        () = tokio::time::sleep(delay) => {}
        () = signals.next() => {}
    }
}

/// Ends the threads, unless something still has them.
fn finish(threads: Arc<Threads>, is_well: bool) {
    match Arc::try_unwrap(threads) {
        Ok(threads) => run::finish(threads, is_well),
        Err(threads) => std::mem::forget(threads),
    }
}

fn exit_code(is_well: bool, is_read: bool) -> ExitCode {
    match (is_well, is_read) {
        (true, _) => ExitCode::SUCCESS,
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::from(READ_BY_NOBODY),
    }
}

fn identity(texts: &Texts, environment: &Environment) -> Identity {
    Identity {
        virtual_cluster: None,
        name: PipelineName::new(NAME),
        file: texts.path().to_owned(),
        rights: Rights::Starter,
        environment: environment.clone(),
    }
}

/// The configuration of the process. What is wrong with it is printed; there is none where it must not be run.
async fn process(
    texts: &Texts,
    components: &Arc<dyn Components>,
    environment: &Environment,
    chilled: bool,
) -> Option<(Document, PipelineConfig)> {
    let document = texts.document(&ProcessVariables(environment.clone())).of_process();
    let components = components.as_ref();
    let examined = configuration::examine(&document, texts.path(), components, LintOptions::default()).await;
    print(&examined.problems);
    if examined.problems.iter().any(|problem| problem.severity == Severity::Fatal) {
        return None;
    }
    if !examined.problems.is_empty() && !chilled {
        eprintln!("forebay: not started because of the faults above; --chilled starts all the same");
        return None;
    }
    Some((document, examined.config?))
}

fn print(problems: &[Problem]) {
    for problem in problems {
        eprintln!("{problem}");
    }
}

/// A pipeline in a file, with its text.
async fn read(manager: &Manager, path: &Path, text: &str, chilled: bool) -> Result<Design, Vec<Problem>> {
    let name = path.display().to_string();
    let read = manager.read(Text { name: &name, text, chilled }).await;
    read.map_err(|(Faults::Lints(problems) | Faults::Unreadable(problems))| problems)
}

/// Starts the pipelines in files; whether all are right. One that can't be opened ends the process as well.
async fn start_files(manager: &Manager, paths: &[String], chilled: bool) -> anyhow::Result<bool> {
    let mut designs = Vec::new();
    let mut is_right = true;
    for (id, path) in files::find(paths)? {
        let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        match read(manager, &path, &text, chilled).await {
            Ok(design) => designs.push((id, design)),
            Err(problems) => {
                print(&problems);
                is_right = false;
            }
        }
    }
    if !is_right {
        eprintln!("forebay: not started because of the faults above; --chilled starts all the same");
        return Ok(false);
    }
    for (id, design) in designs {
        if let Err(error) = manager.create(&id, design, None).await {
            tracing::error!(stream = id, %error, "the pipeline can't be started");
            is_right = false;
        }
    }
    Ok(is_right)
}

/// Takes over what changes in the files of pipelines, for ever; nothing where they are not watched.
async fn watch_files(is_watched: bool, manager: &Manager, paths: &[String], chilled: bool) {
    if !is_watched {
        return std::future::pending().await;
    }
    let find = || files::find(paths).unwrap_or_default();
    let mut known = find();
    let files = |known: &BTreeMap<String, PathBuf>| known.values().cloned().collect::<Vec<_>>();
    let mut watch = FileWatch::new(&files(&known));
    let mut texts = contents(&known, &watch, &BTreeMap::new());
    loop {
        tokio::time::sleep(PAUSE).await;
        let now = find();
        if !watch.look(&files(&now)) {
            continue;
        }
        let new = contents(&now, &watch, &texts);
        for id in known.keys().filter(|id| !now.contains_key(*id)) {
            match manager.delete(id).await {
                Ok(()) => tracing::info!(stream = id, "the file is gone, the pipeline is stopped"),
                Err(ChangeError::Unknown) => {}
                Err(error) => tracing::error!(stream = id, %error, "the pipeline can't be stopped"),
            }
        }
        for (id, path) in &now {
            if let Some(text) = new.get(id).filter(|text| texts.get(id) != Some(*text)) {
                Box::pin(take_over(manager, id, (path.as_path(), text.as_deref()), chilled)).await;
            }
        }
        (known, texts) = (now, new);
    }
}

/// What is in files, none of it where one can't be read.
type Contents = BTreeMap<String, Option<Vec<u8>>>;

/// What files held when they were last seen at rest: one that is being written is what it was `before`, or not there.
fn contents(files: &BTreeMap<String, PathBuf>, watch: &FileWatch, before: &Contents) -> Contents {
    let content = |(id, path): (&String, &PathBuf)| {
        let content = match watch.content(path) {
            Some(content) => content.map(<[u8]>::to_vec),
            None => before.get(id)?.clone(),
        };
        Some((id.clone(), content))
    };
    files.iter().filter_map(content).collect()
}

async fn take_over(manager: &Manager, id: &str, (path, text): (&Path, Option<&[u8]>), chilled: bool) {
    let Some(text) = text.and_then(|text| std::str::from_utf8(text).ok()) else {
        let file = path.display();
        return tracing::error!(stream = id, %file, "the changed file can't be read as text, the old pipeline goes on");
    };
    let design = match read(manager, path, text, chilled).await {
        Ok(design) => design,
        Err(problems) => {
            print(&problems);
            return tracing::error!(stream = id, "the changed pipeline is refused, the old one goes on");
        }
    };
    let changed = match Box::pin(manager.update(id, design.clone(), None)).await {
        Err(ChangeError::Unknown) => manager.create(id, design, None).await,
        changed => changed,
    };
    match changed {
        Ok(()) => tracing::info!(stream = id, "the file has changed, the pipeline starts anew"),
        Err(error) => tracing::error!(stream = id, %error, "the changed pipeline can't be started"),
    }
}
