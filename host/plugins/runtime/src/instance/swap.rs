//! How a component goes over to a newer build of its plugin.
//!
//! The new instance is opened first, with the configuration as the new build reads it. Only when that has
//! worked the old one is closed; if it fails, the old one goes on and the reason is said once for each
//! build. The slot stays what it is: a component keeps its place, its name and its rights over a swap.

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::clock;
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_config::{Refitted, Severity, refit, refit_known};
use forebay_plugins_api::{OpenError, Setup};
use serde_json::Value;
use wasmtime::Store;

use crate::account::Account;
use crate::guest::Guest;
use crate::instance::{Call, Exports, Live, Refused, Slot, Waits, run, visible_config};
use crate::plugin::Plugin;
use crate::serving::Newer;

/// Whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reasons {
    Stay,
    MayPass,
}

/// How long a build that failed waits for its next trial.
const AGAIN: Duration = Duration::from_secs(30);

/// An opened instance of a newer build, which nobody uses yet.
pub(crate) struct Prepared<E> {
    plugin: Arc<Plugin>,
    setup: Setup,
    config: Arc<str>,
    account: Arc<Account>,
    live: Live<E>,
}

impl<E: Exports> Slot<E> {
    /// Whether the plugins are those that were there when this was last asked.
    pub(crate) fn is_current(&self) -> bool {
        self.seen == self.shared.serving.version() && !self.is_due()
    }

    /// Whether a build that failed is to be tried again.
    fn is_due(&self) -> bool {
        let again = self.refused.as_ref().and_then(|refused| refused.again);
        again.is_some_and(|again| clock::now() >= again)
    }

    /// Goes over to a newer build where there is one. Only while nothing depends on the instance.
    pub(crate) async fn freshen(&mut self) {
        if !self.is_current() {
            Box::pin(self.freshen_when(|exports, store| exports.ready(store))).await;
        }
    }

    /// As [`Slot::freshen`], once a call in the new instance has said that it is fit for it.
    pub(crate) async fn freshen_when<F>(&mut self, ready: F)
    where
        F: for<'a> FnOnce(&'a E, &'a mut Store<Guest>) -> Call<'a, Result<(), String>> + Send,
    {
        let Some(mut prepared) = self.prepare().await else { return };
        let Prepared { plugin, live, .. } = &mut prepared;
        match run(live, plugin, Waits::Bounded, |live| ready(&live.exports, &mut live.store)).await {
            Ok(Ok(())) => self.adopt(prepared).await,
            Ok(Err(reason)) => self.keep(&prepared.plugin, &reason, Reasons::MayPass),
            Err(error) => {
                let (reason, detail) = prepared.live.store.data().explain(&error);
                self.keep(&prepared.plugin, &format!("{reason}: {detail}"), Reasons::MayPass);
            }
        }
    }

    /// Opens an instance of a newer build, where there is one that was not tried before.
    pub(crate) async fn prepare(&mut self) -> Option<Prepared<E>> {
        let plugin = self.newer()?;
        match self.open_build(&plugin).await {
            Ok(prepared) => Some(prepared),
            Err((reason, reasons)) => {
                self.keep(&plugin, &reason, reasons);
                None
            }
        }
    }

    /// Puts a prepared instance in the place of the old one, which is closed.
    pub(crate) async fn adopt(&mut self, prepared: Prepared<E>) {
        let (live, plugin) = (self.live.take(), Arc::clone(&self.plugin));
        self.replace_closed(prepared);
        if let Some(mut live) = live {
            let closed =
                run(&mut live, &plugin, Waits::Bounded, |live| live.exports.close(&mut live.store)).await;
            if let Err(error) = closed {
                let (reason, detail) = live.store.data().explain(&error);
                let (plugin, component) = (plugin.name(), &self.setup.name);
                tracing::warn!(%plugin, %component, %reason, detail, "close an instance of an older build");
            }
        }
    }

    /// The same for an old one that was closed before.
    pub(crate) fn replace_closed(&mut self, prepared: Prepared<E>) {
        let Prepared { plugin, setup, config, account, live } = prepared;
        self.count(&plugin, "swapped");
        let (pipeline, path) = (self.setup.pipeline.as_str(), self.setup.path.as_str());
        let (name, before, digest) = (plugin.name(), self.plugin.digest(), plugin.digest());
        tracing::info!(pipeline, path, plugin = %name, %digest, %before, "a newer build works from now on");
        (self.plugin, self.setup, self.config) = (plugin, setup, config);
        self.account = account;
        self.live = Some(live);
        self.generation += 1;
        self.refused = None;
    }

    /// Waits until there may be a newer build, and then has the guest return from its `read`: it must
    /// when settlements are pending, also where it turns out that there are none.
    pub(crate) fn call_back(&self) -> impl Future<Output = ()> + Send + 'static {
        let (shared, wakes) = (Arc::clone(&self.shared), Arc::clone(&self.setup.wakes));
        let (seen, is_pinned) = (self.seen, self.setup.stated.pin.is_some());
        async move {
            if is_pinned {
                std::future::pending::<()>().await;
            }
            shared.serving.changed_since(seen).await;
            wakes.settlement();
        }
    }

    fn newer(&mut self) -> Option<Arc<Plugin>> {
        let version = self.shared.serving.version();
        let is_due = self.is_due();
        if self.seen == version && !is_due {
            return None;
        }
        self.seen = version;
        if self.setup.stated.pin.is_some() {
            return None;
        }
        match self.shared.serving.newer(E::KIND, &self.setup.name, &self.plugin) {
            Newer::Same => None,
            Newer::Build(plugin) => {
                let is_refused = |refused: &Refused| refused.build == *plugin.digest() && !is_due;
                let is_refused = self.refused.as_ref().is_some_and(is_refused);
                (!is_refused).then_some(plugin)
            }
            Newer::Gone(reason) => {
                let (pipeline, path, digest) =
                    (self.setup.pipeline.as_str(), self.setup.path.as_str(), self.plugin.digest());
                if self.shared.serving.says_first(format!("{pipeline} {path} {digest} {reason}")) {
                    let (plugin, component) = (self.plugin.name(), &self.setup.name);
                    tracing::warn!(pipeline, path, %plugin, %component, %digest, reason, "the build that works is kept");
                }
                None
            }
        }
    }

    async fn open_build(&mut self, plugin: &Arc<Plugin>) -> Result<Prepared<E>, (String, Reasons)> {
        let stay = |error: String| (error, Reasons::Stay);
        let config = self.config_for(plugin).map_err(stay)?;
        let setup = Setup { config, ..self.setup.clone() };
        let visible = visible_config(plugin, E::KIND, &setup);
        self.shared.check_grants(plugin, &setup).map_err(|error| stay(error.to_string()))?;
        let account = self.shared.account(E::KIND, plugin, &setup);
        let live = self.open_live(plugin, &setup, Arc::clone(&visible), &account).await;
        let live = live.map_err(|error| match error {
            OpenError::Lost(lost) => (lost.to_string(), Reasons::MayPass),
            OpenError::Problem(_) | OpenError::Unknown { .. } | OpenError::Inside(_) => {
                stay(error.to_string())
            }
        })?;
        Ok(Prepared { plugin: Arc::clone(plugin), setup, config: visible, account, live })
    }

    /// The configuration by the description of another build.
    fn config_for(&self, plugin: &Plugin) -> Result<Value, String> {
        let find = |plugin: &Plugin| plugin.spec(E::KIND, self.setup.name.as_str()).cloned();
        let (Some(new), Some(old)) = (find(plugin), find(&self.plugin)) else {
            return Ok(self.setup.config.clone());
        };
        // A language takes no configuration.
        if E::KIND == Kind::Mapping {
            return Ok(self.setup.config.clone());
        }
        let catalog = self.shared.serving.catalog();
        let Some(written) = &self.setup.stated.config else {
            return first_fault(refit_known(&new, &self.setup.config, &catalog), &[]);
        };
        // What the old build found fault with as well was let pass on purpose.
        let passed = refit(&old, written, &catalog).problems;
        first_fault(refit(&new, written, &catalog), &passed)
    }

    /// Says why the old build goes on.
    fn keep(&mut self, plugin: &Plugin, reason: &str, reasons: Reasons) {
        self.count(plugin, "kept");
        let (pipeline, path) = (self.setup.pipeline.as_str(), self.setup.path.as_str());
        let (name, kept, digest) = (plugin.name(), self.plugin.digest(), plugin.digest());
        if self.shared.serving.says_first(format!("{pipeline} {path} {digest}")) {
            tracing::error!(
                pipeline, path, plugin = %name, %digest, %kept, error = reason,
                "a newer build can't take over, the old one goes on"
            );
        }
        let again = (reasons == Reasons::MayPass).then(|| clock::now() + AGAIN);
        self.refused = Some(Refused { build: digest.clone(), again });
    }

    fn count(&self, plugin: &Plugin, outcome: &str) {
        let labels = [("plugin", plugin.name().as_str()), ("kind", E::KIND.as_str()), ("outcome", outcome)];
        let help = "Components that went over to a newer build of their plugin, or could not";
        if let Ok(counter) = self.shared.metrics.counter("plugin_swaps", help, &labels) {
            counter.inc();
        }
    }
}

fn first_fault(refitted: Refitted, passed: &[(Severity, String)]) -> Result<Value, String> {
    let Refitted { config, problems } = refitted;
    match problems.into_iter().find(|problem| problem.0 == Severity::Fatal || !passed.contains(problem)) {
        Some((_, message)) => Err(format!("its configuration does not fit: {message}")),
        None => Ok(config),
    }
}
