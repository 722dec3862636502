//! What a plugin does over HTTP, counted.

use std::sync::Arc;

use forebay_metrics::{Counter, Metrics};

use super::error::{ErrorKind, HttpError};
use crate::scope::Scope;

/// The counters of one plugin.
#[derive(Clone)]
#[cfg_attr(test, derive(Default))]
pub(super) struct HttpMeter {
    metrics: Arc<Metrics>,
    plugin: Arc<str>,
}

impl HttpMeter {
    pub(super) fn of(scope: &Scope) -> Self {
        Self { metrics: Arc::clone(&scope.metrics), plugin: scope.plugin.as_str().into() }
    }

    /// A request of the plugin has ended.
    pub(super) fn ended<T>(&self, result: &Result<T, HttpError>, status: impl Fn(&T) -> u16) {
        let outcome = match result {
            Ok(response) => class(status(response)),
            Err(error) => error.kind.label(),
        };
        self.count("plugin_http_requests", "Requests that the plugin sent, by their outcome", outcome);
        if matches!(result, Err(HttpError { kind: ErrorKind::Denied, .. })) {
            self.add("plugin_http_denied", "Requests and addresses that no grant allows", 1);
        }
    }

    /// An address to listen on was refused.
    pub(super) fn denied(&self) {
        self.add("plugin_http_denied", "Requests and addresses that no grant allows", 1);
    }

    /// A request to the plugin was answered, by it or for it.
    pub(super) fn answered(&self, status: u16) {
        self.count(
            "plugin_http_exchanges",
            "Requests to the plugin, by what they were answered with",
            class(status),
        );
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.add("plugin_http_bytes_out", "Bytes of bodies that the plugin sent", bytes as u64);
    }

    pub(super) fn bytes_in(&self) -> Counter {
        self.counter("plugin_http_bytes_in", "Bytes of bodies that came for the plugin", &[])
    }

    fn count(&self, name: &str, help: &str, outcome: &str) {
        self.counter(name, help, &[("outcome", outcome)]).inc();
    }

    fn add(&self, name: &str, help: &str, by: u64) {
        self.counter(name, help, &[]).inc_by(by);
    }

    fn counter(&self, name: &str, help: &str, more: &[(&str, &str)]) -> Counter {
        let labels: Vec<_> = [("plugin", &*self.plugin)].into_iter().chain(more.iter().copied()).collect();
        // A plugin that took the name for something else, or too many names, must not end a request.
        self.metrics.counter(name, help, &labels).unwrap_or_default()
    }
}

fn class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
