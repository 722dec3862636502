//! One pipeline among many, while it runs and after.

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Threads};
use forebay_pipeline_config::PipelineConfig;
use forebay_pipeline_engine::{Ended, Identity, RunError, Surroundings};
use forebay_pipeline_managed::{Ending, Running};
use forebay_pipeline_operations::Registration;
use forebay_plugins_api::{Components, PipelineName};
use serde_json::Value as Json;

/// A pipeline and what it is made of.
#[derive(Clone)]
pub(super) struct Design {
    pub(super) config: Arc<PipelineConfig>,
    /// As it is written, as values.
    pub(super) written: Json,
}

/// What a pipeline runs with.
pub(super) struct Start {
    pub(super) identity: Identity,
    pub(super) components: Arc<dyn Components>,
    pub(super) threads: Arc<Threads>,
    /// Where what looks after it runs.
    pub(super) keeper: Arc<Threads>,
    pub(super) surroundings: Surroundings,
}

/// A pipeline that was started.
pub(super) struct Stream {
    pub(super) design: Design,
    running: Running,
    /// The path that says whether it is connected.
    pub(super) _path: Option<Registration>,
}

impl Stream {
    /// Starts a pipeline; it has opened all its components then.
    ///
    /// # Errors
    /// What can't be opened.
    pub(super) async fn start(start: Start, design: Design) -> Result<Self, String> {
        let Start { identity, components, threads, keeper, surroundings } = start;
        let (config, stop) = (Arc::clone(&design.config), Shutdown::new());
        let start = forebay_pipeline_managed::Start {
            identity,
            config,
            components,
            threads,
            keeper,
            surroundings,
            stop,
            tell,
        };
        Ok(Self { design, running: Running::start(start).await?, _path: None })
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.is_running()
    }

    /// How long it has been running, or ran.
    pub(super) fn uptime(&self) -> Duration {
        self.running.uptime()
    }

    /// Stops it. It ends within its `shutdown_timeout`, which [`Stopping::end`] waits for.
    pub(super) fn stop(&self) -> Stopping {
        Stopping(self.running.stop())
    }
}

/// A pipeline that is to end.
pub(super) struct Stopping(Ending);

impl Stopping {
    /// Waits for its end; whether everything that it had read was delivered.
    pub(super) async fn end(mut self) -> bool {
        self.0.over().await.is_well()
    }
}

/// Says how a pipeline has ended.
fn tell(name: &PipelineName, ended: &Result<Ended, RunError>) {
    match ended {
        Ok(Ended::Finished) => {
            tracing::info!(stream = %name, "the input has ended, everything is delivered");
        }
        Ok(Ended::Stopped) => {
            tracing::info!(stream = %name, "stopped, everything that was read is delivered");
        }
        Ok(Ended::Incomplete) => {
            tracing::error!(stream = %name, "ended, but not all of the input could be read and delivered");
        }
        Ok(Ended::GaveUp) => {
            tracing::error!(stream = %name, "gave up before everything was delivered");
        }
        Err(error) => tracing::error!(stream = %name, %error, "the pipeline has failed"),
    }
}
