//! What the agent tells over HTTP: `/v1/status` and `/metrics`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use forebay_lifecycle::Tasks;
use forebay_metrics::{Gauge, MetricError, Metrics};
use forebay_pipeline_config::{HttpConfig, MetricsExporter, PrometheusConfig};
use forebay_pipeline_operations::{
    Answer, Bound, Endpoints, Exporter, Handler, RegisterError, Registration, Request, ServerError, text,
};
use forebay_storage_log::Writer;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};

/// Why there is no HTTP server.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("listen for HTTP requests on {address}: choose another port with -httpPort, or -httpPort=off")]
    Listen { address: SocketAddr, source: ServerError },
    #[error("ask where the HTTP server listens")]
    Address(#[source] io::Error),
    #[error(transparent)]
    Path(#[from] RegisterError),
    #[error(transparent)]
    Metric(#[from] MetricError),
}

/// Whether clients should come here: not before everything is open, and no more when it is about to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readiness(Arc<AtomicBool>);

impl Readiness {
    pub(crate) fn set(&self, is_ready: bool) {
        self.0.store(is_ready, Ordering::Release);
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A server whose port is taken.
pub(crate) struct HttpServer {
    bound: Bound,
    pub(crate) address: SocketAddr,
}

impl HttpServer {
    pub(crate) fn bind(address: SocketAddr) -> Result<Self, HttpError> {
        let config = HttpConfig { address: address.to_string(), ..HttpConfig::default() };
        let bound = Bound::open(&config).map_err(|source| HttpError::Listen { address, source })?;
        let address = bound.address().map_err(HttpError::Address)?;
        Ok(Self { bound, address })
    }

    /// Answers from now on, until `tasks` are told to stop. The paths are there as long as what is returned.
    pub(crate) fn serve(self, told: Told, tasks: &Tasks) -> Result<Vec<Registration>, HttpError> {
        let Told { endpoints, readiness, measured } = told;
        let status = Path::Status(readiness);
        let mut paths = vec![endpoints.register("/v1/status", "Whether the agent serves.", status)?];
        // As Prometheus' own libraries show timings: buckets add up over agents, quantiles do not.
        let format = PrometheusConfig {
            use_histogram_timing: true,
            add_process_metrics: true,
            ..PrometheusConfig::default()
        };
        if let Some((metrics, levels)) = measured {
            let exporter = Exporter::new(metrics, MetricsExporter::Prometheus(format), None);
            let path = Path::Metrics(Box::new(exporter), levels);
            paths.push(endpoints.register("/metrics", "Metrics for Prometheus.", path)?);
        }
        tasks.spawn(self.bound.serve(endpoints, tasks.shutdown().clone()));
        Ok(paths)
    }
}

/// What is told.
pub(crate) struct Told {
    /// The paths, which others may add to.
    pub(crate) endpoints: Endpoints,
    pub(crate) readiness: Readiness,
    /// None where nobody may ask for metrics.
    pub(crate) measured: Option<(Arc<Metrics>, Levels)>,
}

/// What is not counted but looked at when somebody asks.
#[derive(Debug)]
pub(crate) struct Levels {
    writer: Writer,
    unflushed_bytes: Gauge,
    unflushed_files: Gauge,
    is_over: Gauge,
}

impl Levels {
    pub(crate) fn new(metrics: &Metrics, writer: Writer) -> Result<Self, MetricError> {
        let gauge = |name: &str, help: &str| metrics.gauge(name, help, &[]);
        Ok(Self {
            writer,
            unflushed_bytes: gauge(
                "warpstream_agent_produce_unflushed_bytes",
                "Bytes of batches that were taken and have no answer",
            )?,
            unflushed_files: gauge(
                "warpstream_agent_produce_unflushed_files",
                "Segments that were flushed and have no outcome",
            )?,
            is_over: gauge(
                "warpstream_agent_produce_backpressure",
                "1 while Produce is refused and connections are not read, because too much is unflushed",
            )?,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "metrics are floating point, and these are small")]
    fn look(&self) {
        let load = self.writer.load();
        self.unflushed_bytes.set(load.unflushed_bytes.get() as f64);
        self.unflushed_files.set(load.unflushed_files as f64);
        self.is_over.set(if load.over().is_some() { 1.0 } else { 0.0 });
    }
}

enum Path {
    Status(Readiness),
    Metrics(Box<Exporter>, Levels),
}

#[async_trait]
impl Handler for Path {
    async fn answer(&self, request: Request) -> Answer {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return text(StatusCode::METHOD_NOT_ALLOWED, "405: ask with GET\n");
        }
        match self {
            Self::Status(readiness) if readiness.is_ready() => text(StatusCode::OK, "OK"),
            Self::Status(_) => text(StatusCode::SERVICE_UNAVAILABLE, "starting or stopping"),
            Self::Metrics(exporter, levels) => {
                levels.look();
                let (content_type, shown) = exporter.show().await;
                let mut answer = text(StatusCode::OK, shown);
                answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
                answer
            }
        }
    }
}
