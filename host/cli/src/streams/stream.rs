//! One pipeline among many, while it runs and after.

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Threads};
use forebay_pipeline_config::PipelineConfig;
use forebay_pipeline_engine::{Ended, Identity, RunError, Surroundings, run_in};
use forebay_pipeline_operations::{Registration, Since};
use forebay_plugins_api::Components;
use serde_json::Value as Json;
use tokio::sync::watch;

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
    since: Since,
    stop: Shutdown,
    /// How it has ended, and how long it ran.
    over: watch::Receiver<Option<Over>>,
    /// The path that says whether it is connected.
    pub(super) _path: Option<Registration>,
}

/// How a pipeline has ended.
#[derive(Debug, Clone)]
struct Over {
    ran: Duration,
    /// Why it did not start or did not come to its end.
    fault: Option<String>,
    is_well: bool,
}

impl Stream {
    /// Starts a pipeline; it has opened all its components then.
    ///
    /// # Errors
    /// What can't be opened.
    pub(super) async fn start(start: Start, design: Design) -> Result<Self, String> {
        let Start { identity, components, threads, keeper, surroundings } = start;
        let (stop, opened, since) = (Shutdown::new(), surroundings.opened.clone(), Since::now());
        let (tell, mut over) = watch::channel(None);
        let config = Arc::clone(&design.config);
        let told = stop.clone();
        drop(keeper.spawn(0, "a pipeline", async move {
            let ended = run_in(&identity, &config, &components, &threads, told, surroundings).await;
            tell.send_replace(Some(Over::of(&identity, since, ended)));
        }));
        tokio::select! {
            biased;
            () = opened.cancelled() => {}
            ended = over.wait_for(Option::is_some) => {
                let fault = ended.ok().and_then(|over| over.as_ref()?.fault.clone());
                return Err(fault.unwrap_or_else(|| "it ended before it was open".to_owned()));
            }
        }
        Ok(Self { design, since, stop, over, _path: None })
    }

    pub(super) fn is_running(&self) -> bool {
        self.over.borrow().is_none()
    }

    /// How long it has been running, or ran.
    pub(super) fn uptime(&self) -> Duration {
        self.over.borrow().as_ref().map_or_else(|| self.since.elapsed(), |over| over.ran)
    }

    /// Stops it. It ends within its `shutdown_timeout`, which [`Stopping::end`] waits for.
    pub(super) fn stop(&self) -> Stopping {
        self.stop.cancel();
        Stopping(self.over.clone())
    }
}

/// A pipeline that is to end.
pub(super) struct Stopping(watch::Receiver<Option<Over>>);

impl Stopping {
    /// Waits for its end; whether everything that it had read was delivered.
    pub(super) async fn end(mut self) -> bool {
        let over = self.0.wait_for(Option::is_some).await;
        over.is_ok_and(|over| over.as_ref().is_some_and(|over| over.is_well))
    }
}

impl Over {
    fn of(identity: &Identity, since: Since, ended: Result<Ended, RunError>) -> Self {
        let (name, ran) = (&identity.name, since.elapsed());
        let (is_well, fault) = match ended {
            Ok(Ended::Finished) => {
                tracing::info!(stream = %name, "the input has ended, everything is delivered");
                (true, None)
            }
            Ok(Ended::Stopped) => {
                tracing::info!(stream = %name, "stopped, everything that was read is delivered");
                (true, None)
            }
            Ok(Ended::Incomplete) => {
                tracing::error!(stream = %name, "ended, but not all of the input could be read and delivered");
                (false, None)
            }
            Ok(Ended::GaveUp) => {
                tracing::error!(stream = %name, "gave up before everything was delivered");
                (false, None)
            }
            Err(error) => {
                tracing::error!(stream = %name, %error, "the pipeline has failed");
                (false, Some(error.to_string()))
            }
        };
        Self { ran, fault, is_well }
    }
}
