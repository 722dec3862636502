//! What `forebay run` tells while it runs: the HTTP server of the process, and its metrics.

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use forebay_lifecycle::{Shutdown, TaskFailed, Threads};
use forebay_metrics::{Labels, Metrics};
use forebay_pipeline_config::{HttpConfig, PipelineConfig};
use forebay_pipeline_engine::{Identity, MetricNames, Paths};
use forebay_pipeline_operations::{
    About, Bound, Endpoints, Exporter, Registration, Rename, Renamed, TraceExporter, own_endpoints,
    ready_endpoint,
};
use forebay_plugins_api::Components;

/// In place of an address: there is no server.
const OFF: &str = "off";

/// The server and the metrics of a process.
pub(crate) struct Operations {
    exporter: Arc<Exporter>,
    stop: Shutdown,
    /// Of the server and of what is told without being asked; a guest that computes holds up neither.
    threads: Threads,
    server: Option<Serving>,
    /// What tells of spans.
    traces: Option<Serving>,
    endpoints: Endpoints,
    _own: Vec<Registration>,
}

/// Who says at `/ready` whether everything is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ready {
    OfProcess,
    /// Whoever runs the pipelines.
    OfStreams,
}

type Serving = std::pin::Pin<Box<dyn Future<Output = Result<(), TaskFailed>> + Send>>;

/// What a process has to tell of.
pub(crate) struct Told<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) config: &'a PipelineConfig,
    /// The configuration as it is written.
    pub(crate) text: &'a str,
    pub(crate) metrics: &'a Arc<Metrics>,
    pub(crate) components: &'a dyn Components,
    /// In place of the configuration's.
    pub(crate) address: Option<&'a str>,
    pub(crate) traces: Option<TraceExporter>,
    /// The paths of the server, where components register theirs.
    pub(crate) endpoints: Endpoints,
    pub(crate) ready: Ready,
}

impl Operations {
    /// Takes the port, and answers there from now on.
    ///
    /// # Errors
    /// The port can't be had, or a setting is not what it has to be.
    pub(crate) async fn start(told: Told<'_>) -> anyhow::Result<Self> {
        let Told { identity, config, text, metrics, components, address, traces, endpoints, ready } = told;
        let mut rename: Option<Box<dyn Rename>> = None;
        if let Some(mapping) = &config.metrics.mapping {
            let names = MetricNames::open(identity, mapping, components).await?;
            rename = Some(Box::new(Names(names)));
        }
        let exporter = Arc::new(Exporter::new(Arc::clone(metrics), config.metrics.exporter.clone(), rename));
        let threads = Threads::start("operations", 1).context("start a thread for the HTTP server")?;
        let stop = Shutdown::new();
        let about = About {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            built: String::new(),
            config: text.to_owned(),
        };
        let mut http = config.http.clone();
        if let Some(address) = address {
            http = HttpConfig { enabled: address != OFF, address: address.to_owned(), ..http };
        }
        let mut own = own_endpoints(&endpoints, about, metrics, &exporter, http.debug_endpoints)?;
        if ready == Ready::OfProcess {
            own.push(ready_endpoint(&endpoints, metrics)?);
        }
        let mut server: Option<Serving> = None;
        if http.enabled {
            let bound = Bound::open(&http).context(
                "start the HTTP server (http.address, http.enabled or -httpAddress say where there is one)",
            )?;
            let address = bound.address().map_or(http.address, |address| address.to_string());
            tracing::info!(address, "listening for HTTP requests");
            let serving = bound.serve(endpoints.clone(), stop.clone());
            server = Some(Box::pin(threads.spawn(0, "the HTTP server", serving)));
        }
        let reporting = Arc::clone(&exporter);
        drop(threads.spawn(0, "the report of metrics", async move { reporting.report().await }));
        let traces = traces.map(|traces| -> Serving {
            Box::pin(threads.spawn(0, "the export of spans", traces.run(stop.clone())))
        });
        Ok(Self { exporter, stop, threads, server, traces, endpoints, _own: own })
    }

    /// The paths of the server, which others may add to.
    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The same for a pipeline that is alone in its process.
    pub(crate) fn paths(&self) -> Paths {
        Paths { endpoints: self.endpoints.clone(), prefix: String::new() }
    }

    /// Ends the server, and tells metrics for the last time.
    pub(crate) async fn finish(self) {
        let Self { exporter, stop, threads, server, traces, endpoints: _, _own: own } = self;
        stop.cancel();
        for ending in [server, traces].into_iter().flatten() {
            if let Err(error) = ending.await {
                tracing::error!(%error, "stop what tells of the pipeline");
            }
        }
        drop(own);
        exporter.finish().await;
        // A mapping that computes for ever must not keep the process.
        std::mem::forget(threads);
    }
}

/// The names that a mapping gives.
struct Names(MetricNames);

#[async_trait]
impl Rename for Names {
    async fn rename(&mut self, series: &[(String, Labels)]) -> Vec<Renamed> {
        let renamed = self.0.of(series).await.into_iter();
        renamed
            .map(|renamed| renamed.map_or(Renamed::Dropped, |(name, labels)| Renamed::To(name, labels)))
            .collect()
    }
}
