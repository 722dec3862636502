//! Metrics of the component.

use std::time::Duration;

use forebay_metrics::MetricError;

use crate::bindings::forebay::metrics::metrics::Host;
use crate::guest::Guest;
use crate::limits::Refusal;

type Labels = Vec<(String, String)>;

/// Labels of one sample, beside those of the component.
const MOST_LABELS: usize = 16;

/// What the host's own metrics of plugins begin with.
const RESERVED: &str = "plugin_";

impl Guest {
    /// Whether a sample may be taken: what is past the share of a component is left out and counted.
    fn may_measure(&self, name: &str, labels: &Labels) -> wasmtime::Result<bool> {
        self.host_call()?;
        if name.starts_with(RESERVED) {
            return Err(Refusal::contract(format!(
                "metric `{name}`: names that begin with {RESERVED} are the host's"
            )));
        }
        if labels.len() > MOST_LABELS {
            let count = labels.len();
            return Err(Refusal::contract(format!(
                "metric `{name}`: {count} labels, the most is {MOST_LABELS}"
            )));
        }
        Ok(self.scope.account.may_measure(name, labels))
    }

    /// The metric, if it is to be had. One whose name others use for another kind, or that a template calls what
    /// can be no name, or for which there is no room, costs the sample; a malformed one is the guest's own fault.
    fn measured<T>(&self, metric: Result<T, MetricError>) -> wasmtime::Result<Option<T>> {
        match metric {
            Ok(metric) => Ok(Some(metric)),
            Err(error @ MetricError::Name(_)) => Err(Refusal::contract(error.to_string())),
            Err(
                MetricError::Named { .. }
                | MetricError::Kind(_)
                | MetricError::TooMany
                | MetricError::TooManyLabels(_),
            ) => {
                self.scope.account.metrics.samples_left_out.inc();
                Ok(None)
            }
        }
    }
}

impl Host for Guest {
    fn count(&mut self, name: String, labels: Labels, by: u64) -> wasmtime::Result<()> {
        if self.may_measure(&name, &labels)? {
            let labels = with_own(&self.scope.labels(), &labels);
            let counter = self.scope.own_metrics.counter(&name, "Counted by a plugin", &labels);
            if let Some(counter) = self.measured(counter)? {
                counter.inc_by(by);
            }
        }
        Ok(())
    }

    fn gauge(&mut self, name: String, labels: Labels, value: f64) -> wasmtime::Result<()> {
        if self.may_measure(&name, &labels)? {
            let labels = with_own(&self.scope.labels(), &labels);
            let gauge = self.scope.own_metrics.gauge(&name, "Set by a plugin", &labels);
            if let Some(gauge) = self.measured(gauge)? {
                gauge.set(value);
            }
        }
        Ok(())
    }

    fn timing(&mut self, name: String, labels: Labels, nanoseconds: u64) -> wasmtime::Result<()> {
        if self.may_measure(&name, &labels)? {
            let labels = with_own(&self.scope.labels(), &labels);
            let timing = self.scope.own_metrics.timing(&name, "Timed by a plugin", &labels);
            if let Some(timing) = self.measured(timing)? {
                timing.observe(Duration::from_nanos(nanoseconds));
            }
        }
        Ok(())
    }
}

/// The labels of the component, then those of the plugin, which can't take their place.
fn with_own<'a>(scope: &[(&'a str, &'a str)], own: &'a Labels) -> Vec<(&'a str, &'a str)> {
    let new = own.iter().filter(|(name, _)| scope.iter().all(|(taken, _)| taken != name));
    scope.iter().copied().chain(new.map(|(name, value)| (name.as_str(), value.as_str()))).collect()
}
