//! Notices default plugins that keep their thread.
//!
//! They run without epoch checks and are trusted to give way, so nothing can interrupt one that has a
//! fault: its thread is lost, with all that runs on it. Whoever runs the process is told, and ends it in
//! order. The plugin is put in place with epoch checks for all instances from then on, and that is noted
//! beside the compiled code, so that the next process starts with them.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_config::spec::PluginName;
use forebay_plugins_api::Setup;

use crate::engine::Interruption;
use crate::load::LoadProblem;
use crate::meter::Meter;
use crate::plugin::Plugin;
use crate::plugins::{Shared, describe};

/// Time between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// How many times its limit of CPU time a call may take without giving way.
const PATIENCE: u32 = 2;
/// How many looks in a row must find the same call without a break. Looks rather than time, since a
/// process that was stopped for a while has made none.
const LOOKS: u32 = 10;

/// The instances that nothing interrupts.
#[derive(Debug, Default)]
pub(crate) struct Trusted(Mutex<Vec<Instance>>);

#[derive(Debug)]
struct Instance {
    meter: Weak<Meter>,
    plugin: Weak<Plugin>,
    pipeline: String,
    path: String,
    longest: Duration,
    /// When the poll began that the last look has found under way, and how many looks have found it.
    seen: (u64, u32),
}

impl Trusted {
    /// Notes an instance, if it is of a plugin that nothing interrupts.
    pub(crate) fn note(&self, plugin: &Arc<Plugin>, setup: &Setup, meter: &Arc<Meter>, cpu: Duration) {
        if plugin.info.interruption != Interruption::None {
            return;
        }
        let instance = Instance {
            meter: Arc::downgrade(meter),
            plugin: Arc::downgrade(plugin),
            pipeline: setup.pipeline.to_string(),
            path: setup.path.clone(),
            longest: cpu * PATIENCE,
            seen: (0, 0),
        };
        let mut instances = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if instances.len() == instances.capacity() {
            instances.retain(Instance::is_alive);
        }
        instances.push(instance);
    }

    /// Takes out the instances that have kept their threads for too long.
    fn take_stuck(&self) -> Vec<Stuck> {
        let mut instances = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stuck = Vec::new();
        instances.retain_mut(|instance| {
            let (Some(meter), Some(plugin)) = (instance.meter.upgrade(), instance.plugin.upgrade()) else {
                return false;
            };
            let (since, time) = (meter.since(), meter.running());
            instance.seen = match instance.seen {
                (before, looks) if before == since => (since, looks + 1),
                _ => (since, 1),
            };
            if since == 0 || instance.seen.1 < LOOKS || time <= instance.longest {
                return true;
            }
            let (pipeline, path) = (instance.pipeline.clone(), instance.path.clone());
            stuck.push(Stuck { plugin, pipeline, path, time });
            false
        });
        stuck
    }
}

impl Instance {
    fn is_alive(&self) -> bool {
        self.meter.strong_count() > 0 && self.plugin.strong_count() > 0
    }
}

struct Stuck {
    plugin: Arc<Plugin>,
    pipeline: String,
    path: String,
    time: Duration,
}

/// Looks for default plugins that keep their threads.
///
/// Compiling one anew keeps the thread of this busy for seconds: run it on one where nobody waits.
#[derive(Debug)]
pub struct Watchdog {
    shared: Arc<Shared>,
    stuck: Shutdown,
}

impl Watchdog {
    pub(crate) fn new(shared: Arc<Shared>, stuck: Shutdown) -> Self {
        Self { shared, stuck }
    }

    /// Looks again and again, for good.
    ///
    /// # Cancel safety
    /// Safe between two looks.
    pub async fn run(self) {
        loop {
            self.look().await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Looks once; the plugins that have lost a thread since the look before.
    pub async fn look(&self) -> Vec<PluginName> {
        let stuck = self.shared.trusted.take_stuck();
        if stuck.is_empty() {
            return Vec::new();
        }
        for Stuck { plugin, pipeline, path, time } in &stuck {
            plugin.metrics.stuck.inc();
            tracing::error!(
                plugin = %plugin.name(), pipeline, path, ?time,
                "a default plugin keeps its thread and can't be interrupted: the thread is lost"
            );
        }
        self.stuck.cancel();
        for Stuck { plugin, .. } in &stuck {
            if let Err(problem) = self.fall_back(plugin).await {
                tracing::error!(plugin = %plugin.name(), %problem, "it can't be compiled with epoch checks");
            }
        }
        stuck.into_iter().map(|stuck| stuck.plugin.name().clone()).collect()
    }

    /// Puts the build with epoch checks in the place of one without.
    async fn fall_back(&self, plugin: &Plugin) -> Result<(), LoadProblem> {
        let Shared { embedded, loader, serving, .. } = &*self.shared;
        let Some(own) = embedded.iter().find(|own| own.digest() == *plugin.digest()) else { return Ok(()) };
        if let Some(cache) = &loader.cache {
            cache.distrust(plugin.digest());
        }
        if serving.interruption_of(plugin.name()) != Some(Interruption::None) {
            return Ok(());
        }
        let careful = describe(loader, loader.embedded_with_checks(own), true).await?;
        serving.replace_default(Arc::new(careful));
        Ok(())
    }
}
