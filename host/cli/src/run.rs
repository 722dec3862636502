//! `forebay run`.

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use forebay_lifecycle::{Shutdown, Threads};
use forebay_metrics::Metrics;
use forebay_pipeline_config::{Examined, LintOptions, PipelineConfig, Severity, examine};
use forebay_pipeline_engine::{
    Ended, Identity, MetricNames, Structured, check_mappings, run as run_pipeline,
};
use forebay_plugins_api::{Components, Environment, PipelineName, Rights};
use forebay_plugins_runtime::{FolderWatch, Watchdog};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Run;
use crate::operations::{Operations, Told};
use crate::status::StatusLine;
use crate::variables::ProcessVariables;
use crate::{env_files, log, plugins};

/// How long a device may take for the last bytes, which nobody waits for any more.
const LAST_FILES: Duration = Duration::from_secs(5);

pub(crate) async fn run(flags: Run) -> anyhow::Result<ExitCode> {
    let Run { file, plugins: plugin_flags, chilled, metrics_file, http_address, env_files } = flags;
    let environment = env_files::read(&env_files)?;
    let log = log::start();
    let metrics = Arc::new(Metrics::default());
    let output_closed = Shutdown::new();
    let loaded = plugins::load(&plugin_flags, &metrics, &output_closed).await?;
    let watch = plugin_flags.plugin_dir.map(|folder| loaded.watch(folder));
    let components: Arc<dyn Components> = Arc::new(Structured::new(Arc::new(loaded.clone())));
    let path = file.display().to_string();
    let text = std::fs::read_to_string(&file).with_context(|| format!("read {path}"))?;
    let Some(config) = read(&path, &text, &environment, components.as_ref(), chilled).await else {
        return Ok(ExitCode::FAILURE);
    };
    log.set(&config.logger);

    let cpus = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = Threads::start("guest", cpus).context("start threads")?;
    let stuck = Shutdown::new();
    look_after_plugins(watch, loaded.watchdog(stuck.clone()))?;
    let identity = Identity {
        virtual_cluster: None,
        name: name(&file),
        file: path,
        rights: Rights::Starter,
        environment,
    };
    let operations = Operations::start(Told {
        identity: &identity,
        config: &config,
        text: &text,
        metrics: &metrics,
        components: components.as_ref(),
        address: http_address.as_deref(),
    });
    let operations = operations.await?;
    let status = StatusLine::start(&config, &metrics)?;
    let stop = Shutdown::new();
    let pipeline = run_pipeline(&identity, &config, &components, &threads, stop.clone());
    let ended = tokio::select! {
        ended = pipeline_and_signals(pipeline, stop, stuck) => ended,
        () = output_closed.cancelled() => Err(anyhow::anyhow!("nobody reads the standard output any more")),
    };
    if matches!(ended, Ok(Ended::Finished | Ended::Stopped | Ended::Incomplete)) {
        // The last handles of files go down with the threads of the guests.
        drop(threads);
        forebay_plugins_runtime::wait_until_files_are_closed(LAST_FILES);
    } else {
        // Something may be stuck in a thread, which must not keep the process.
        std::mem::forget(threads);
    }
    drop(status);
    operations.finish().await;
    if let Some(file) = metrics_file {
        std::fs::write(&file, metrics.render()).with_context(|| format!("write {}", file.display()))?;
    }
    match ended? {
        Ended::Finished => {
            tracing::info!(pipeline = %identity.name, "the input has ended, everything is delivered");
        }
        Ended::Stopped => {
            tracing::info!(pipeline = %identity.name, "stopped, everything that was read is delivered");
        }
        Ended::Incomplete => {
            tracing::error!(pipeline = %identity.name, "ended, but not all of the input could be read and delivered");
            return Ok(ExitCode::FAILURE);
        }
        Ended::GaveUp => {
            let timeout = config.shutdown_timeout;
            tracing::error!(pipeline = %identity.name, ?timeout, "gave up before everything was delivered");
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Replaces plugins whose files change, and those that keep a thread. Compiling keeps a thread busy, so
/// that each has one of its own.
fn look_after_plugins(watch: Option<FolderWatch>, watchdog: Watchdog) -> anyhow::Result<()> {
    let threads = Threads::start("plugins", 2).context("start the threads that look after plugins")?;
    if let Some(watch) = watch {
        drop(threads.spawn(0, "the watch of the plugin folder", watch.run()));
    }
    drop(threads.spawn(1, "the watchdog of the default plugins", watchdog.run()));
    // A file that is being compiled when the pipeline ends must not keep the process.
    std::mem::forget(threads);
    Ok(())
}

/// Reads and checks a configuration; prints what is wrong with it.
async fn read(
    path: &str,
    text: &str,
    environment: &Environment,
    components: &dyn Components,
    chilled: bool,
) -> Option<PipelineConfig> {
    let variables = ProcessVariables(environment.clone());
    let examined = examine(path, text, &variables, &components.catalog(), LintOptions::default());
    let Examined { config, components: configs, mut problems } = examined;
    problems.extend(check_mappings(path, &configs, components).await);
    if let Some(mapping) = config.as_ref().and_then(|config| config.metrics.mapping.as_ref()) {
        problems.extend(MetricNames::check(path, mapping, components).await);
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    for problem in &problems {
        eprintln!("{problem}");
    }
    if problems.iter().any(|problem| problem.severity == Severity::Fatal) {
        return None;
    }
    if !problems.is_empty() && !chilled {
        eprintln!("forebay: not started because of the faults above; --chilled starts all the same");
        return None;
    }
    config
}

/// The name of a pipeline is that of its file.
fn name(file: &Path) -> PipelineName {
    PipelineName::new(&file.file_stem().unwrap_or_default().to_string_lossy())
}

/// Waits for the pipeline. The first SIGINT or SIGTERM stops it, a second one ends the process; so does
/// `stuck`, because a thread that was lost comes back only with another process.
async fn pipeline_and_signals(
    pipeline: impl Future<Output = Result<Ended, forebay_pipeline_engine::RunError>>,
    stop: Shutdown,
    stuck: Shutdown,
) -> anyhow::Result<Ended> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    tokio::pin!(pipeline);
    let mut signals = 0;
    loop {
        tokio::select! {
            ended = &mut pipeline => return Ok(ended?),
            _ = interrupt.recv() => signals += 1,
            _ = terminate.recv() => signals += 1,
            () = stuck.cancelled(), if !stop.is_cancelled() => {
                tracing::error!("stopping because of the lost thread: what can still be delivered is");
                stop.cancel();
                continue;
            }
        }
        match signals {
            1 => {
                tracing::info!("stopping: no more is read, what was read is delivered");
                stop.cancel();
            }
            _ => anyhow::bail!("stopped at once by a second signal"),
        }
    }
}
