//! The pipeline that runs, and those that take its place when the configuration changes.

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Threads};
use forebay_pipeline_config::PipelineConfig;
use forebay_pipeline_engine::{Ended, Identity, RunError, run as run_pipeline};
use forebay_plugins_api::{Components, PipelineName};

use super::watching::{Checker, Watching};
use crate::signals::Signals;

/// One pipeline after the other, until the last one has ended.
pub(super) struct Pipelines<'a> {
    pub(super) identity: &'a Identity,
    pub(super) components: &'a Arc<dyn Components>,
    pub(super) threads: &'a Threads,
    pub(super) signals: Signals,
    /// Set when a thread was lost, which comes back only with another process.
    pub(super) stuck: &'a Shutdown,
    /// Where the configuration is watched.
    pub(super) watching: Option<(Watching, Checker<'a>)>,
    pub(super) set_log: &'a (dyn Fn(&PipelineConfig) + 'a),
}

/// How the last pipeline ended.
pub(super) struct Outcome {
    pub(super) ended: Ended,
    shutdown_timeout: Duration,
}

/// How one pipeline ended.
struct Over {
    ended: Result<Ended, RunError>,
    /// The pipeline that is to run in its place.
    next: Option<PipelineConfig>,
    /// Whether the process is to end.
    is_last: bool,
}

impl Pipelines<'_> {
    /// Runs pipelines. A finite input ends the process, unless the configuration is watched: then the next one, or a
    /// signal, is waited for.
    pub(super) async fn run(&mut self, config: PipelineConfig) -> anyhow::Result<Outcome> {
        let mut config = config;
        // The one before, to go back to where its successor can't be opened.
        let mut before: Option<PipelineConfig> = None;
        loop {
            let Over { ended, next, is_last } = self.one(&config).await?;
            let ended = match (ended, before.take()) {
                (Err(error @ RunError::Open(_)), Some(old)) if !is_last => {
                    let name = &self.identity.name;
                    tracing::error!(pipeline = %name, %error, "the changed pipeline can't be opened, the old one is started again");
                    config = old;
                    (self.set_log)(&config);
                    continue;
                }
                (ended, _) => ended?,
            };
            let outcome = Outcome { ended, shutdown_timeout: config.shutdown_timeout };
            if is_last || self.watching.is_none() {
                return Ok(outcome);
            }
            // The process goes on, whatever this says.
            outcome.is_well(&self.identity.name);
            let next = match next {
                Some(next) => Some(next),
                None => self.idle().await,
            };
            let Some(next) = next else { return Ok(outcome) };
            tracing::info!(pipeline = %self.identity.name, "the configuration has changed, the pipeline starts anew");
            before = Some(std::mem::replace(&mut config, next));
            (self.set_log)(&config);
        }
    }

    /// Runs one pipeline to its end. The first signal stops it, after the delay that the configuration asks for; the
    /// next one ends that delay, or the process; so does a lost thread. A change of the configuration stops it at once.
    async fn one(&mut self, config: &PipelineConfig) -> anyhow::Result<Over> {
        let stop = Shutdown::new();
        let pipeline = run_pipeline(self.identity, config, self.components, self.threads, stop.clone());
        tokio::pin!(pipeline);
        let mut next = None;
        let mut phase = Phase::Running;
        loop {
            let is_running = phase == Phase::Running;
            tokio::select! {
                ended = &mut pipeline => {
                    let is_last = matches!(phase, Phase::Delayed | Phase::Stopping);
                    if is_running && self.watching.is_none() && ended.is_ok() {
                        self.delay(config.shutdown_delay).await;
                    }
                    return Ok(Over { ended, next, is_last });
                }
                () = self.signals.next() => match phase {
                    Phase::Running if !config.shutdown_delay.is_zero() => {
                        let delay = config.shutdown_delay;
                        tracing::info!(?delay, "stopping after the delay that the configuration asks for");
                        phase = Phase::Delayed;
                    }
                    Phase::Stopping => anyhow::bail!("stopped at once by a second signal"),
                    _ => phase = stopping(&stop),
                },
                () = tokio::time::sleep(config.shutdown_delay), if phase == Phase::Delayed => {
                    phase = stopping(&stop);
                }
                () = self.stuck.cancelled(), if !stop.is_cancelled() => {
                    tracing::error!("stopping because of the lost thread: what can still be delivered is");
                    stop.cancel();
                    phase = Phase::Stopping;
                }
                found = changed(&mut self.watching), if is_running => {
                    next = Some(found);
                    stop.cancel();
                    phase = Phase::Replaced;
                }
            }
        }
    }

    /// Waits, after a pipeline has ended by itself; a signal ends that.
    async fn delay(&mut self, delay: Duration) {
        if delay.is_zero() {
            return;
        }
        tracing::info!(
            ?delay,
            "the pipeline has ended, the process ends after the delay that the configuration asks for"
        );
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = self.signals.next() => {}
        }
    }

    /// Waits without a pipeline for one that takes its place; none after a signal.
    async fn idle(&mut self) -> Option<PipelineConfig> {
        tokio::select! {
            next = changed(&mut self.watching) => Some(next),
            () = self.signals.next() => None,
            () = self.stuck.cancelled() => None,
        }
    }
}

/// What a pipeline is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// It was stopped, and runs on for a while.
    Delayed,
    Stopping,
    /// It is stopped for another one.
    Replaced,
}

fn stopping(stop: &Shutdown) -> Phase {
    tracing::info!("stopping: no more is read, what was read is delivered");
    stop.cancel();
    Phase::Stopping
}

/// Waits for a configuration that has changed; for ever where none is watched.
async fn changed(watching: &mut Option<(Watching, Checker<'_>)>) -> PipelineConfig {
    match watching {
        Some((watching, checker)) => watching.next(*checker).await,
        None => std::future::pending().await,
    }
}

impl Outcome {
    /// Says how the pipeline has ended; whether that is as it should.
    pub(super) fn is_well(&self, name: &PipelineName) -> bool {
        match self.ended {
            Ended::Finished => {
                tracing::info!(pipeline = %name, "the input has ended, everything is delivered");
                true
            }
            Ended::Stopped => {
                tracing::info!(pipeline = %name, "stopped, everything that was read is delivered");
                true
            }
            Ended::Incomplete => {
                tracing::error!(pipeline = %name, "ended, but not all of the input could be read and delivered");
                false
            }
            Ended::GaveUp => {
                let timeout = self.shutdown_timeout;
                tracing::error!(pipeline = %name, ?timeout, "gave up before everything was delivered");
                false
            }
        }
    }
}
