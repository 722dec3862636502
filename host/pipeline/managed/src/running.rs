//! One run of a pipeline, while it lasts and after.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Threads};
use forebay_pipeline_config::PipelineConfig;
use forebay_pipeline_engine::{Ended, Identity, RunError, Surroundings, run_in};
use forebay_pipeline_operations::Since;
use forebay_plugins_api::{Components, PipelineName};
use tokio::sync::watch;

/// What a pipeline runs with.
pub struct Start {
    pub identity: Identity,
    pub config: Arc<PipelineConfig>,
    pub components: Arc<dyn Components>,
    /// Where its components work.
    pub threads: Arc<Threads>,
    /// Where what looks after it runs.
    pub keeper: Arc<Threads>,
    pub surroundings: Surroundings,
    /// Stops it when it is set, also while it is being opened.
    pub stop: Shutdown,
    /// Is told how it has ended, before others are.
    pub tell: fn(&PipelineName, &Result<Ended, RunError>),
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// A pipeline that was started.
#[derive(Debug)]
pub struct Running {
    since: Since,
    stop: Shutdown,
    over: watch::Receiver<Option<Over>>,
}

/// How a pipeline has ended.
#[derive(Debug, Clone)]
pub struct Over {
    /// How long it ran.
    pub ran: Duration,
    /// How it came to its end, or why it did not start or not reach it.
    pub ended: Result<Ended, String>,
}

impl Running {
    /// Starts a pipeline; it has opened all its components then.
    ///
    /// # Errors
    /// What can't be opened.
    pub async fn start(start: Start) -> Result<Self, String> {
        let Start { identity, config, components, threads, keeper, surroundings, stop, tell } = start;
        let (opened, since) = (surroundings.opened.clone(), Since::now());
        let (told, mut over) = watch::channel(None);
        let stopped = stop.clone();
        drop(keeper.spawn(0, "a pipeline", async move {
            let ended = run_in(&identity, &config, &components, &threads, stopped, surroundings).await;
            tell(&identity.name, &ended);
            let ended = ended.map_err(|error| error.to_string());
            told.send_replace(Some(Over { ran: since.elapsed(), ended }));
        }));
        tokio::select! {
            biased;
            () = opened.cancelled() => {}
            ended = over.wait_for(Option::is_some) => {
                let fault = ended.ok().and_then(|over| over.as_ref()?.ended.clone().err());
                return Err(fault.unwrap_or_else(|| "it ended before it was open".to_owned()));
            }
        }
        Ok(Self { since, stop, over })
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.over.borrow().is_none()
    }

    /// How long it has been running, or ran.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.over.borrow().as_ref().map_or_else(|| self.since.elapsed(), |over| over.ran)
    }

    /// Tells it to stop. It ends within its `shutdown_timeout`, which [`Ending::over`] waits for.
    pub fn stop(&self) -> Ending {
        self.stop.cancel();
        self.ending()
    }

    /// Its end, whenever that is.
    #[must_use]
    pub fn ending(&self) -> Ending {
        Ending(self.over.clone())
    }
}

/// The end of a pipeline, which may be still to come.
#[derive(Debug)]
pub struct Ending(watch::Receiver<Option<Over>>);

impl Ending {
    /// Waits for it.
    ///
    /// # Cancel safety
    /// Safe: it can be waited for again.
    pub async fn over(&mut self) -> Over {
        let over = self.0.wait_for(Option::is_some).await.ok().and_then(|over| over.clone());
        // Only a panic leaves it untold.
        let lost = || Over { ran: Duration::ZERO, ended: Err("what ran it has failed".to_owned()) };
        over.unwrap_or_else(lost)
    }
}

impl Over {
    /// Whether everything that it had read was delivered.
    #[must_use]
    pub fn is_well(&self) -> bool {
        matches!(self.ended, Ok(Ended::Finished | Ended::Stopped))
    }
}
