//! Metrics of the component.

use std::sync::Arc;
use std::time::Duration;

use crate::bindings::forebay::metrics::metrics::Host;
use crate::guest::Guest;
use crate::limits::Refusal;

type Labels = Vec<(String, String)>;

/// What the host's own metrics of plugins begin with.
const RESERVED: &str = "plugin_";

fn check(name: &str) -> wasmtime::Result<()> {
    if name.starts_with(RESERVED) {
        return Err(Refusal::contract(format!(
            "metric `{name}`: names that begin with {RESERVED} are the host's"
        )));
    }
    Ok(())
}

impl Host for Guest {
    fn count(&mut self, name: String, labels: Labels, by: u64) -> wasmtime::Result<()> {
        check(&name)?;
        let scope = Arc::clone(&self.scope);
        let counter =
            scope.metrics.counter(&name, "Counted by a plugin", &with_own(&scope.labels(), &labels));
        counter.map_err(|error| Refusal::contract(error.to_string()))?.inc_by(by);
        Ok(())
    }

    fn gauge(&mut self, name: String, labels: Labels, value: f64) -> wasmtime::Result<()> {
        check(&name)?;
        let scope = Arc::clone(&self.scope);
        let gauge = scope.metrics.gauge(&name, "Set by a plugin", &with_own(&scope.labels(), &labels));
        gauge.map_err(|error| Refusal::contract(error.to_string()))?.set(value);
        Ok(())
    }

    fn timing(&mut self, name: String, labels: Labels, nanoseconds: u64) -> wasmtime::Result<()> {
        check(&name)?;
        let scope = Arc::clone(&self.scope);
        let timing = scope.metrics.timing(&name, "Timed by a plugin", &with_own(&scope.labels(), &labels));
        let seconds = Duration::from_nanos(nanoseconds).as_secs_f64();
        timing.map_err(|error| Refusal::contract(error.to_string()))?.observe(seconds);
        Ok(())
    }
}

/// The labels of the component, then those of the plugin, which can't take their place.
fn with_own<'a>(scope: &[(&'a str, &'a str)], own: &'a Labels) -> Vec<(&'a str, &'a str)> {
    let new = own.iter().filter(|(name, _)| scope.iter().all(|(taken, _)| taken != name));
    scope.iter().copied().chain(new.map(|(name, value)| (name.as_str(), value.as_str()))).collect()
}
