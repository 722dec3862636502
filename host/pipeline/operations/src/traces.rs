//! Spans, told to collectors that speak OTLP, the protocol of OpenTelemetry.
//!
//! Spans are told in batches, a while after they ended, by a task of their own. A collector that does not answer holds
//! up nothing but that: what waits for too long is tried no more, and what there is no room for is lost, which the log
//! says.

mod collector;
mod otlp;
mod protobuf;

use std::time::Duration;

use bytes::Bytes;
use forebay_lifecycle::{Backoff, Shutdown};
use forebay_pipeline_config::{OtlpConfig, TracerConfig};
use forebay_traces::{Span, Spans, Tracer};
use futures_util::future::join_all;

use collector::{Collector, Refused};
use otlp::Resource;

/// The most spans of one request.
const MOST: usize = 512;
/// How long spans wait for others to be told with.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pauses between tries to tell a collector the same.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How many tries there are: about a minute.
const TRIES: u32 = 8;
/// How long collectors have for what is left in the end.
const LAST: Duration = Duration::from_secs(5);

/// Tells collectors of spans.
pub struct TraceExporter {
    spans: Spans,
    collectors: Vec<Collector>,
    resource: Resource,
}

impl TraceExporter {
    /// What makes spans and who tells of them, as the configuration wants it: with nobody to tell there are no spans.
    /// `version` is that of the program.
    #[must_use]
    pub fn open(config: &TracerConfig, version: &str) -> (Tracer, Option<Self>) {
        let TracerConfig::OpenTelemetryCollector(OtlpConfig { collectors, tags, ratio }) = config else {
            return (Tracer::off(), None);
        };
        if collectors.is_empty() {
            return (Tracer::off(), None);
        }
        let (tracer, spans) = Tracer::new(*ratio);
        let collectors = collectors.iter().cloned().map(|config| Collector::new(config, version)).collect();
        let resource = Resource::new(tags, version);
        (tracer, Some(Self { spans, collectors, resource }))
    }

    /// Tells of spans until it is stopped, then of those that are left; collectors have a few seconds for that.
    pub async fn run(mut self, stop: Shutdown) {
        loop {
            let mut batch = Vec::new();
            let goes_on = self.gather(&mut batch, &stop).await;
            if !goes_on {
                let last = tokio::time::timeout(LAST, self.rest(batch, &stop)).await;
                if last.is_err() {
                    tracing::warn!("the last spans were not told: no collector took them in time");
                }
                return;
            }
            self.tell(&batch, &stop).await;
        }
    }

    /// Waits for spans, and a while for others; whether more may come.
    async fn gather(&mut self, batch: &mut Vec<Span>, stop: &Shutdown) -> bool {
        tokio::select! {
            biased;
            () = stop.cancelled() => return false,
            more = self.spans.take(batch, MOST) => if !more {
                return false;
            },
        }
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while batch.len() < MOST {
            let room = MOST - batch.len();
            tokio::select! {
                biased;
                () = stop.cancelled() => return false,
                () = tokio::time::sleep_until(deadline) => return true,
                more = self.spans.take(batch, room) => if !more {
                    return false;
                },
            }
        }
        true
    }

    async fn rest(&mut self, mut batch: Vec<Span>, stop: &Shutdown) {
        loop {
            batch.extend(self.spans.take_now(MOST - batch.len()));
            if batch.is_empty() {
                return;
            }
            self.tell(&batch, stop).await;
            batch.clear();
        }
    }

    async fn tell(&mut self, batch: &[Span], stop: &Shutdown) {
        let lost = self.spans.lost();
        if lost > 0 {
            tracing::warn!(lost, "there are more spans than collectors take, some are lost");
        }
        let request = Bytes::from(otlp::request(&self.resource, batch));
        let all = self.collectors.iter_mut().map(|collector| send(collector, &request, batch.len(), stop));
        join_all(all).await;
    }
}

/// Tells one collector, over again where that may help. Once it is stopped nothing is waited for.
async fn send(collector: &mut Collector, request: &Bytes, spans: usize, stop: &Shutdown) {
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    for left in (0..TRIES).rev() {
        let Err(Refused { reason, is_final }) = collector.send(request.clone()).await else { return };
        if is_final || left == 0 || stop.is_cancelled() {
            let address = collector.address();
            tracing::error!(address, error = reason, spans, "a collector did not take spans, they are lost");
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(backoff.pause()) => {}
            () = stop.cancelled() => {}
        }
    }
}

impl std::fmt::Debug for TraceExporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TraceExporter").field("collectors", &self.collectors.len()).finish_non_exhaustive()
    }
}
