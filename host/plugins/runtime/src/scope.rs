//! Who an instance works for: names for logs and metrics, and rights.

use std::collections::BTreeSet;
use std::sync::Arc;

use forebay_lifecycle::Shutdown;
use forebay_metrics::Metrics;
use forebay_pipeline_config::spec::{ComponentName, Kind, PluginName};
use forebay_plugins_api::{Environment, PipelineName, Rights, Setup};

use crate::account::{Account, MayLog};
use crate::grants::Allowed;
use crate::host::http::Service;
use crate::host::kafka::Clusters;
use crate::host::state::States;
use crate::labels;
use crate::limits::Limits;
use crate::plugin::{Plugin, PluginMetrics};
use crate::plugins::Shared;
use crate::secrets::Secrets;

/// Who an instance works for.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) plugin: PluginName,
    pub(crate) component: ComponentName,
    /// `None` while the plugin describes itself.
    pub(crate) kind: Option<Kind>,
    pub(crate) pipeline: PipelineName,
    pub(crate) path: String,
    pub(crate) label: String,
    pub(crate) allowed: Allowed,
    pub(crate) secrets: Secrets,
    /// The labels of the rate limits that it may ask: those that its configuration names.
    pub(crate) rate_limits: BTreeSet<String>,
    /// What stands before its paths on the HTTP server of the process.
    pub(crate) below: Arc<str>,
    pub(crate) http: Arc<Service>,
    pub(crate) clusters: Clusters,
    pub(crate) output_closed: Option<Shutdown>,
    pub(crate) metrics: Arc<Metrics>,
    /// The same for what the component measures itself, which templates may call otherwise.
    pub(crate) own_metrics: Arc<Metrics>,
    pub(crate) account: Arc<Account>,
    pub(crate) states: Arc<States>,
    pub(crate) environment: Environment,
}

impl Scope {
    pub(crate) fn new(
        kind: Kind,
        plugin: &Plugin,
        setup: &Setup,
        shared: &Shared,
        account: &Arc<Account>,
    ) -> Self {
        let trusted = plugin.is_default() && setup.rights == Rights::Starter;
        let is_own = plugin.is_default() && setup.rights != Rights::Lent;
        let allowed = if trusted {
            shared.grants.everything()
        } else {
            let granted = shared.grants.of(plugin.name(), plugin.digest(), setup);
            // They come to the agent's cluster as a super user, which is asked for no ACLs: what restricts them are
            // grants that name the cluster.
            if is_own { granted.with_own_clusters() } else { granted }
        };
        // As in the text of the pipeline: both follow one rule.
        let allowed = if is_own { allowed.with_every_variable() } else { allowed };
        let allowed = if setup.stated.is_shadow { allowed.only_looking() } else { allowed };
        // Whichever kind of this name it is: a secret of one is not shown to the other.
        let mut secrets = Secrets::default();
        let mut rate_limits = BTreeSet::new();
        for spec in plugin.description.components().iter().filter(|spec| spec.name == setup.name) {
            secrets.add(&setup.config, &spec.config);
            let named = labels::named(&setup.config, &spec.config, "rate_limit");
            rate_limits.extend(named.into_iter().map(str::to_owned));
        }
        Self {
            plugin: plugin.name().clone(),
            component: setup.name.clone(),
            kind: Some(kind),
            pipeline: setup.pipeline.clone(),
            path: setup.path.clone(),
            label: setup.label.clone().unwrap_or_default(),
            allowed,
            secrets,
            rate_limits,
            below: Arc::clone(&setup.below),
            http: Arc::clone(&shared.http),
            clusters: shared.clusters.clone(),
            output_closed: shared.output_closed.clone(),
            metrics: Arc::clone(&shared.metrics),
            own_metrics: own_metrics(setup, shared),
            account: Arc::clone(account),
            states: Arc::clone(&shared.states),
            environment: setup.environment.clone(),
        }
    }

    /// The scope of a component that is the host's own, and to which nothing is offered.
    pub(crate) fn of_host(
        plugin: PluginName,
        kind: Kind,
        setup: &Setup,
        shared: &Shared,
        account: &Arc<Account>,
    ) -> Self {
        Self {
            plugin,
            component: setup.name.clone(),
            kind: Some(kind),
            pipeline: setup.pipeline.clone(),
            path: setup.path.clone(),
            label: setup.label.clone().unwrap_or_default(),
            allowed: Allowed::nothing(),
            secrets: Secrets::default(),
            rate_limits: BTreeSet::new(),
            below: Arc::clone(&setup.below),
            http: Arc::clone(&shared.http),
            clusters: shared.clusters.clone(),
            output_closed: shared.output_closed.clone(),
            metrics: Arc::clone(&shared.metrics),
            own_metrics: own_metrics(setup, shared),
            account: Arc::clone(account),
            states: Arc::clone(&shared.states),
            environment: setup.environment.clone(),
        }
    }

    /// The scope of a plugin that describes itself: nothing is allowed.
    pub(crate) fn nobody(metrics: &Arc<Metrics>, limits: Limits) -> Result<Self, String> {
        let plugin: PluginName = "describe".parse().map_err(|_| "no such plugin name")?;
        let account = Account::new(limits, PluginMetrics::new(metrics, &plugin));
        Ok(Self {
            plugin,
            component: "describe".parse().map_err(|_| "no such component name")?,
            kind: None,
            pipeline: PipelineName::new(""),
            path: String::new(),
            label: String::new(),
            allowed: Allowed::nothing(),
            secrets: Secrets::default(),
            rate_limits: BTreeSet::new(),
            below: Arc::default(),
            http: Arc::default(),
            clusters: Clusters::default(),
            output_closed: None,
            metrics: Arc::clone(metrics),
            own_metrics: Arc::clone(metrics),
            account: Arc::new(account),
            states: Arc::default(),
            environment: Environment::default(),
        })
    }

    /// Writes a line in the log of the pipeline, unless there are too many.
    pub(crate) fn log(&self, level: tracing::Level, message: &str, fields: &[(String, String)]) {
        let bytes = fields.iter().fold(message.len(), |sum, (name, value)| sum + name.len() + value.len());
        let Some(MayLog { left_out }) = self.account.may_log(bytes) else { return };
        if left_out > 0 {
            let most = self.account.limits.log_lines;
            let note = format!("{left_out} lines of log were left out: the limit is {most} in a second");
            self.write(tracing::Level::WARN, &note, &[]);
        }
        self.write(level, message, fields);
    }

    fn write(&self, level: tracing::Level, message: &str, fields: &[(String, String)]) {
        // Fields of a log line are fixed when it is compiled; those of guests travel as one, as JSON.
        let fields: serde_json::Map<_, _> =
            fields.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        let fields = (!fields.is_empty()).then(|| serde_json::Value::Object(fields).to_string());
        let (pipeline, path) = (self.pipeline.as_str(), &self.path);
        let label = Some(self.label.as_str()).filter(|label| !label.is_empty());
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(target: "forebay::plugin", pipeline, path, label, fields, "{message}")
            };
        }
        match level {
            tracing::Level::ERROR => line!(error),
            tracing::Level::WARN => line!(warn),
            tracing::Level::INFO => line!(info),
            tracing::Level::DEBUG => line!(debug),
            tracing::Level::TRACE => line!(trace),
        }
    }

    /// The labels that every metric of the component has.
    pub(crate) fn labels(&self) -> [(&str, &str); 4] {
        [
            ("pipeline", self.pipeline.as_str()),
            ("path", &self.path),
            ("label", &self.label),
            ("plugin", self.plugin.as_str()),
        ]
    }
}

fn own_metrics(setup: &Setup, shared: &Shared) -> Arc<Metrics> {
    if setup.metric_naming.is_empty() {
        return Arc::clone(&shared.metrics);
    }
    Arc::new(setup.metric_naming.of(&shared.metrics))
}
