//! What a broker counts, under `warpstream_agent_kafka_` and `warpstream_agent_produce_`.

use std::sync::Arc;
use std::time::Instant;

use forebay_kafka_security::{Operation, ResourceType};
use forebay_lifecycle::clock;
use forebay_metrics::{Counter, Gauge, MetricError, Metrics, Timing};
use forebay_storage_log::Signal;
use kafka_protocol::messages::ApiKey;

use crate::api::{Response, SERVED};
use crate::authorization::needs;

/// What a broker counts. The default counts for nobody. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct BrokerMetrics(Arc<Families>);

#[derive(Debug, Default)]
struct Families {
    apis: Vec<(ApiKey, ApiMeasures)>,
    in_flight: Gauge,
    connections: Gauge,
    throttled: Counter,
    produced: Volume,
    fetched: Volume,
    refused_bytes: Counter,
    refused_files: Counter,
    denied: Denied,
    login_failures: Counter,
}

/// What is counted of one API.
#[derive(Debug, Clone, Default)]
struct ApiMeasures {
    count: Counter,
    success: Timing,
    error: Timing,
}

#[derive(Debug, Clone, Default)]
struct Volume {
    bytes: Counter,
    records: Counter,
}

/// A request under way, counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Measured {
    families: Arc<Families>,
    measures: ApiMeasures,
    began: Instant,
}

/// A connection, counted until this is dropped.
#[derive(Debug)]
pub(crate) struct CountedConnection(Arc<Families>);

impl BrokerMetrics {
    /// Counts in `metrics`.
    ///
    /// # Errors
    /// When one of the names is taken by a metric of another kind.
    pub fn new(metrics: &Metrics) -> Result<Self, MetricError> {
        let counter =
            |name: &str, help: &str| metrics.counter(&format!("warpstream_agent_{name}"), help, &[]);
        let gauge = |name: &str, help: &str| metrics.gauge(&format!("warpstream_agent_{name}"), help, &[]);
        let volume = |what: &str, bytes: &str, records: &str| {
            Ok::<_, MetricError>(Volume {
                bytes: counter(&format!("kafka_{what}_compressed_bytes_counter"), bytes)?,
                records: counter(&format!("kafka_{what}_records_counter"), records)?,
            })
        };
        let refused = |source: Signal| {
            let labels = [("kafka_method", "produce"), ("backpressure_source", source.name())];
            let help = "Produce requests that were refused because too much was unflushed";
            metrics.counter("warpstream_agent_produce_backpressure_count", help, &labels)
        };
        let apis = SERVED.iter().map(|served| Ok((served.key, ApiMeasures::new(metrics, served.key)?)));
        Ok(Self(Arc::new(Families {
            apis: apis.collect::<Result<_, MetricError>>()?,
            in_flight: gauge("kafka_inflight_requests", "Requests that were taken and have no answer")?,
            connections: gauge("kafka_inflight_connections", "Connections of clients")?,
            throttled: counter(
                "connection_throttle_count",
                "How often reading or accepting waited because too much was unflushed",
            )?,
            produced: volume(
                "produce",
                "Bytes of batches that were committed",
                "Records that were committed",
            )?,
            fetched: volume(
                "fetch",
                "Bytes of batches that were fetched",
                "Records in batches that were fetched",
            )?,
            refused_bytes: refused(Signal::Bytes)?,
            refused_files: refused(Signal::Files)?,
            denied: denied(metrics)?,
            login_failures: counter(
                "kafka_login_failures_count",
                "How often somebody could not log in, or show a certificate",
            )?,
        })))
    }

    pub(crate) fn begin(&self, api: ApiKey) -> Measured {
        let found = self.0.apis.iter().find(|(key, _)| *key == api);
        let measures = found.map(|(_, measures)| measures.clone()).unwrap_or_default();
        measures.count.inc();
        self.0.in_flight.inc();
        Measured { families: Arc::clone(&self.0), measures, began: clock::now() }
    }

    pub(crate) fn connection(&self) -> CountedConnection {
        self.0.connections.inc();
        CountedConnection(Arc::clone(&self.0))
    }

    pub(crate) fn throttled(&self) {
        self.0.throttled.inc();
    }

    pub(crate) fn produced(&self, bytes: u64, records: u64) {
        self.0.produced.bytes.inc_by(bytes);
        self.0.produced.records.inc_by(records);
    }

    pub(crate) fn fetched(&self, bytes: u64, records: u64) {
        self.0.fetched.bytes.inc_by(bytes);
        self.0.fetched.records.inc_by(records);
    }

    pub(crate) fn denied(&self, operation: Operation, kind: ResourceType) {
        if let Some((_, counter)) = self.0.denied.iter().find(|(key, _)| *key == (operation, kind)) {
            counter.inc();
        }
    }

    pub(crate) fn login_failed(&self) {
        self.0.login_failures.inc();
    }

    pub(crate) fn refused(&self, signal: Signal) {
        match signal {
            Signal::Bytes => self.0.refused_bytes.inc(),
            Signal::Files => self.0.refused_files.inc(),
        }
    }
}

/// Of each thing that any API may be denied, how often that was.
type Denied = Vec<((Operation, ResourceType), Counter)>;

/// A counter for everything that any API may be denied.
fn denied(metrics: &Metrics) -> Result<Denied, MetricError> {
    let needs = SERVED.iter().filter_map(|served| needs(served.key)).flatten();
    let mut keys: Vec<_> = needs.map(|need| (need.operation, need.on)).collect();
    keys.sort_unstable();
    keys.dedup();
    let counter = |(operation, kind): (Operation, ResourceType)| {
        let labels = [("resource_type", kind.name()), ("operation", operation.name())];
        let help = "How often ACLs did not allow something";
        Ok(((operation, kind), metrics.counter("warpstream_agent_acl_denied", help, &labels)?))
    };
    keys.into_iter().map(counter).collect()
}

impl ApiMeasures {
    fn new(metrics: &Metrics, api: ApiKey) -> Result<Self, MetricError> {
        let key = format!("{api:?}");
        let timing = |outcome| {
            let labels = [("kafka_key", key.as_str()), ("outcome", outcome)];
            let help = "From when a request was taken to its answer";
            metrics.timing("warpstream_agent_kafka_request_latency", help, &labels)
        };
        Ok(Self {
            count: metrics.counter(
                "warpstream_agent_kafka_request_count",
                "Requests that were taken",
                &[("kafka_key", &key)],
            )?,
            success: timing("success")?,
            error: timing("error")?,
        })
    }
}

impl Measured {
    /// The request is answered.
    pub(crate) fn end(&self, response: &Response) {
        let Self { families: _, measures, began } = self;
        let timing = if response.has_error() { &measures.error } else { &measures.success };
        timing.observe(clock::now().saturating_duration_since(*began));
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        self.families.in_flight.dec();
    }
}

impl Drop for CountedConnection {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}
