//! What all pipelines of an agent have in common.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_lifecycle::{Shutdown, Threads};
use forebay_metrics::{Gauge, MetricError, Metrics};
use forebay_pipeline_config::Variables;
use forebay_pipeline_engine::{Ended, Identity, Paths, RunError, Structured, Surroundings};
use forebay_pipeline_operations::Endpoints;
use forebay_plugins_api::{Components, Environment, PipelineName, Rights, VirtualClusterName};
use tokio::sync::watch;

use crate::design::Design;
use crate::fair_limit::{FairLimit, Share};
use crate::instance::Pauses;
use crate::pipeline::{LABEL, Pipeline};
use crate::running::Start;

/// The gauge of the instances that run.
const ACTIVE: &str = "warpstream_active_pipeline_instances";

pub(crate) struct Shared {
    pub(crate) components: Arc<dyn Components>,
    pub(crate) metrics: Arc<Metrics>,
    /// Where components work.
    pub(crate) threads: Arc<Threads>,
    /// Where what looks after pipelines runs.
    pub(crate) keeper: Arc<Threads>,
    pub(crate) variables: Arc<dyn Variables + Send + Sync>,
    pub(crate) endpoints: Option<Endpoints>,
    pub(crate) virtual_cluster: Option<VirtualClusterName>,
    pub(crate) rights: Rights,
    pub(crate) environment: Environment,
    /// The group of this agent.
    pub(crate) group: Option<String>,
    /// Where `kafka_franz_warpstream` goes.
    pub(crate) cluster: String,
    pub(crate) limit: FairLimit,
    pub(crate) pauses: Pauses,
    /// How many agents there are.
    pub(crate) agents: watch::Sender<NonZeroU32>,
    pub(crate) pipelines: Mutex<BTreeMap<String, Pipeline>>,
    /// Whether something that was read was not delivered when it was stopped.
    pub(crate) has_lost: AtomicBool,
}

impl Shared {
    pub(crate) fn pipelines(&self) -> MutexGuard<'_, BTreeMap<String, Pipeline>> {
        self.pipelines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a pipeline that has stopped, and what was measured of it, if it is still to be gone; whether it was.
    pub(crate) fn forget(&self, name: &str, is_gone: impl FnOnce() -> bool) -> bool {
        // Whoever wants it back says so under the same lock.
        let mut pipelines = self.pipelines();
        let is_gone = is_gone();
        if is_gone {
            pipelines.remove(name);
            self.metrics.forget(LABEL, name);
        }
        is_gone
    }

    pub(crate) fn note_loss(&self) {
        self.has_lost.store(true, Ordering::Relaxed);
    }

    /// What counts the instances of a pipeline that run.
    pub(crate) fn active(&self, name: &str) -> Gauge {
        // That the name is free was found out at the start.
        gauge(&self.metrics, name).unwrap_or_default()
    }

    /// What a run of a pipeline starts with.
    pub(crate) fn start(&self, name: &str, design: &Design, share: Arc<Share>, stop: Shutdown) -> Start {
        let components = Structured::new(Arc::clone(&self.components)).with_label(LABEL, name);
        let paths = self.endpoints.clone();
        let paths = paths.map(|endpoints| Paths { endpoints, prefix: format!("{}/{name}", crate::PATH) });
        let surroundings = Surroundings::default().for_another(paths).with_intake(share);
        Start {
            identity: Identity {
                virtual_cluster: self.virtual_cluster.clone(),
                name: PipelineName::new(name),
                file: design.file.clone(),
                rights: self.rights,
                environment: self.environment.clone(),
            },
            config: Arc::clone(&design.config),
            components: Arc::new(components),
            threads: Arc::clone(&self.threads),
            keeper: Arc::clone(&self.keeper),
            surroundings,
            stop,
            tell,
        }
    }
}

/// Whether the gauge of pipelines may have its name.
///
/// # Errors
/// It is taken by a metric of another kind.
pub(crate) fn check_metrics(metrics: &Metrics) -> Result<(), MetricError> {
    gauge(metrics, "").map(drop)?;
    metrics.forget(LABEL, "");
    Ok(())
}

fn gauge(metrics: &Metrics, name: &str) -> Result<Gauge, MetricError> {
    metrics.gauge(ACTIVE, "Instances of a pipeline that run", &[(LABEL, name)])
}

/// Says how a run has ended, where somebody must look.
fn tell(name: &PipelineName, ended: &Result<Ended, RunError>) {
    match ended {
        Ok(Ended::Finished) => {
            tracing::debug!(pipeline = %name, "the input has ended, everything is delivered");
        }
        Ok(Ended::Stopped) => {
            tracing::debug!(pipeline = %name, "stopped, everything that was read is delivered");
        }
        Ok(Ended::Incomplete) => {
            tracing::error!(pipeline = %name, "ended, but not all of the input could be read and delivered");
        }
        Ok(Ended::GaveUp) => tracing::error!(pipeline = %name, "gave up before everything was delivered"),
        Err(error) => tracing::error!(pipeline = %name, %error, "the pipeline has failed"),
    }
}
