//! Metrics of the component. The host adds the labels `pipeline`, `path`, `label` and `plugin`.
//!
//! A name is `[a-zA-Z_][a-zA-Z0-9_]*`; a component keeps to a bounded number of label values. Natively
//! nothing is recorded.

use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use crate::bindings::capabilities::forebay::metrics::metrics as wit;

/// Adds to a counter.
#[cfg_attr(not(target_arch = "wasm32"), expect(unused_variables, reason = "recorded by a host only"))]
pub fn count(name: &str, labels: &[(String, String)], by: u64) {
    #[cfg(target_arch = "wasm32")]
    wit::count(name, labels, by);
}

/// Sets a gauge.
#[cfg_attr(not(target_arch = "wasm32"), expect(unused_variables, reason = "recorded by a host only"))]
pub fn gauge(name: &str, labels: &[(String, String)], value: f64) {
    #[cfg(target_arch = "wasm32")]
    wit::gauge(name, labels, value);
}

/// Records a duration.
#[cfg_attr(not(target_arch = "wasm32"), expect(unused_variables, reason = "recorded by a host only"))]
pub fn timing(name: &str, labels: &[(String, String)], time: Duration) {
    #[cfg(target_arch = "wasm32")]
    wit::timing(name, labels, u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
}
