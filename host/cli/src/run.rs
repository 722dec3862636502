//! `forebay run`.

mod pipeline;
mod watching;

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use forebay_lifecycle::{Shutdown, Threads};
use forebay_metrics::Metrics;
use forebay_pipeline_config::{LogLevel, LoggerConfig, PipelineConfig};
use forebay_pipeline_engine::{Ended, Identity};
use forebay_pipeline_operations::{Endpoints, TraceExporter};
use forebay_plugins_api::{Components, PipelineName, Rights};
use forebay_plugins_runtime::{FolderWatch, Watchdog};

use crate::args::{self, Run, RunFlags};
use crate::configuration::{Main, Texts};
use crate::operations::{Operations, Ready, Told};
use crate::signals::Signals;
use crate::status::StatusLine;
use crate::templates::{Lints, structured};
use crate::{READ_BY_NOBODY, env_files, log, plugins};

use pipeline::Pipelines;
use watching::{Checker, Watching};

/// How long a device may take for the last bytes, which nobody waits for any more.
pub(crate) const LAST_FILES: Duration = Duration::from_secs(5);

pub(crate) async fn run(flags: Run) -> anyhow::Result<ExitCode> {
    let Run {
        file,
        flags:
            RunFlags { sources, plugins: plugin_flags, chilled, log_level, watcher, metrics_file, http_address },
    } = flags;
    let main = Main::find(file.as_deref(), &sources);
    if main == Main::Nowhere && std::env::args_os().len() == 1 {
        args::print_help().context("print the help")?;
        return Ok(ExitCode::from(2));
    }
    let environment = env_files::read(&sources.env_files)?;
    let log = log::start();
    log.set(&LoggerConfig { level: log_level.unwrap_or_default(), ..LoggerConfig::default() });
    let metrics = Arc::new(Metrics::default());
    let output_closed = Shutdown::new();
    let endpoints = Endpoints::default();
    let loaded =
        plugins::load(&plugin_flags, &metrics, Some(&output_closed), Some(endpoints.clone())).await?;
    let watch = plugin_flags.plugin_dir.map(|folder| loaded.watch(folder));
    let host = structured(&loaded, &sources.templates, Lints::of(chilled)).await?;
    let components: Arc<dyn Components> = Arc::new(host.clone());
    let checker = Checker { components: &components, environment: &environment, chilled };
    // The files are taken as they are before they are read: what changes meanwhile is a change.
    let watching = watcher.then(|| Watching::new(main.clone(), sources.clone()));
    let texts = Texts::read(&main, &sources)?;
    let Some(config) = checker.read(&texts).await else { return Ok(ExitCode::FAILURE) };
    log.set(&logger(&config, log_level));

    let cpus = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = Threads::start("guest", cpus).context("start threads")?;
    let stuck = Shutdown::new();
    look_after_plugins(watch, loaded.watchdog(stuck.clone()))?;
    let identity = Identity {
        virtual_cluster: None,
        name: PipelineName::new(&main.stem()),
        file: texts.path().to_owned(),
        rights: Rights::Starter,
        environment: environment.clone(),
    };
    let (tracer, traces) = TraceExporter::open(&config.tracer, env!("CARGO_PKG_VERSION"));
    let traced: Arc<dyn Components> = Arc::new(host.with_tracer(tracer));
    // What a watched configuration says of these later on is for the next start.
    let operations = Operations::start(Told {
        identity: &identity,
        config: &config,
        text: texts.text(),
        metrics: &metrics,
        components: components.as_ref(),
        address: http_address.as_deref(),
        traces,
        endpoints,
        ready: Ready::OfProcess,
    });
    let operations = operations.await?;
    let status = StatusLine::start(&config, &metrics)?;
    let set_log = |config: &PipelineConfig| log.set(&logger(config, log_level));
    let mut pipelines = Pipelines {
        identity: &identity,
        paths: operations.paths(),
        components: &traced,
        threads: &threads,
        signals: Signals::listen()?,
        stuck: &stuck,
        watching: watching.map(|watching| (watching, checker)),
        set_log: &set_log,
    };
    let outcome = tokio::select! {
        outcome = pipelines.run(config) => Some(outcome),
        () = output_closed.cancelled() => None,
    };
    drop(pipelines);
    drop(status);
    operations.finish().await;
    let ended = outcome.as_ref().and_then(|outcome| Some(outcome.as_ref().ok()?.ended));
    finish(threads, matches!(ended, Some(Ended::Finished | Ended::Stopped | Ended::Incomplete)));
    write_metrics(metrics_file.as_deref(), &metrics)?;
    let Some(outcome) = outcome else { return Ok(ExitCode::from(READ_BY_NOBODY)) };
    Ok(if outcome?.is_well(&identity.name) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Ends the threads of the guests, and waits for the last bytes of files, whose last handles go down with them. Where
/// something may be stuck in a thread (`may_wait` is false), that must not keep the process.
pub(crate) fn finish(threads: Threads, may_wait: bool) {
    if may_wait {
        drop(threads);
        forebay_plugins_runtime::wait_until_files_are_closed(LAST_FILES);
    } else {
        std::mem::forget(threads);
    }
}

/// Writes what was measured, where somebody wants it.
pub(crate) fn write_metrics(file: Option<&Path>, metrics: &Metrics) -> anyhow::Result<()> {
    let Some(file) = file else { return Ok(()) };
    std::fs::write(file, metrics.render()).with_context(|| format!("write {}", file.display()))
}

/// How to log: as the configuration says, but for the level of the command line.
pub(crate) fn logger(config: &PipelineConfig, level: Option<LogLevel>) -> LoggerConfig {
    LoggerConfig { level: level.unwrap_or(config.logger.level), ..config.logger.clone() }
}

/// Replaces plugins whose files change, and those that keep a thread. Compiling keeps a thread busy, so
/// that each has one of its own.
pub(crate) fn look_after_plugins(watch: Option<FolderWatch>, watchdog: Watchdog) -> anyhow::Result<()> {
    let threads = Threads::start("plugins", 2).context("start the threads that look after plugins")?;
    if let Some(watch) = watch {
        drop(threads.spawn(0, "the watch of the plugin folder", watch.run()));
    }
    drop(threads.spawn(1, "the watchdog of the default plugins", watchdog.run()));
    // A file that is being compiled when the pipeline ends must not keep the process.
    std::mem::forget(threads);
    Ok(())
}
