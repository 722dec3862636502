//! What a process says of itself: counters, gauges and timings with free label sets, and which connections are up.
//!
//! Families come into being when they are first used, so that plugins can bring their own. Handles are cheap to clone
//! and to update (one or two atomic additions); look them up once and keep them. Whoever shows metrics takes a
//! [`Snapshot`] and renders it, or passes it on in a form of its own.
//!
//! ```
//! let metrics = forebay_metrics::Metrics::default();
//! metrics.counter("plugin_calls", "Calls of exports", &[("plugin", "file")]).unwrap().inc();
//! assert!(metrics.render().contains("plugin_calls_total{plugin=\"file\"} 1"));
//! ```

mod connections;
mod error;
mod naming;
mod recent;
mod registry;
mod snapshot;
mod text;
mod timing;
mod value;

pub use connections::{Connection, ConnectionState, Connections, Side};
pub use error::MetricError;
pub use naming::{Naming, is_common};
pub use recent::Recent;
pub use registry::Metrics;
pub use snapshot::{Family, Kind, Labels, Sample, Snapshot, Value};
pub use text::{DEFAULT_BUCKETS, DEFAULT_QUANTILES, TextFormat, Timings};
pub use timing::{Distribution, Timing};
pub use value::{Counter, Gauge};
