//! A loaded plugin.

mod code;
mod described;
mod unused;

use std::fmt;
use std::time::Duration;

use forebay_metrics::{Counter, Gauge, Metrics};
use forebay_pipeline_config::spec::{ComponentSpec, Description, Kind, PluginName};
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::bindings::exports::forebay::plugin as exports;
use crate::engine::Interruption;
use crate::grants::Need;
use crate::limits::Limit;

pub(crate) use code::{Code, Keeping};
pub(crate) use described::Described;
pub use forebay_pipeline_config::Digest;

/// A default plugin that was compiled ahead of time and is part of the program.
#[derive(Debug, Clone, Copy)]
pub struct Embedded {
    /// The name of its file, for errors.
    pub file: &'static str,
    /// The digest of the component that was compiled.
    pub sha256: &'static str,
    /// What [`crate::precompile`] made of it.
    pub code: &'static [u8],
    /// The component itself, to be compiled with epoch checks if it turns out to need them.
    pub component: &'static [u8],
    /// What [`Embedded::describe`] made of it; without it the plugin is asked when the process starts.
    pub described: Option<&'static str>,
}

impl Embedded {
    pub(crate) fn digest(&self) -> Digest {
        Digest::stated(self.sha256)
    }
}

/// What is known of a loaded plugin, for `list`.
#[derive(Debug, Clone)]
pub struct PluginInfo {
    pub name: PluginName,
    pub digest: Digest,
    /// Where it came from: a file, or `embedded`.
    pub origin: String,
    pub interruption: Interruption,
    pub imports: Vec<Import>,
}

/// An interface that a plugin takes from the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Such as `forebay:files/files@0.1.0`.
    pub interface: String,
    /// What it takes of it, as the component model spells it: `open`, `[method]appender.append`.
    pub functions: Vec<String>,
}

impl Import {
    /// What a component imports, in its own order.
    pub(crate) fn all_of(component: &Component) -> Vec<Self> {
        let engine = component.engine();
        let kind = component.component_type();
        let functions = |item: &ComponentItem| match item {
            ComponentItem::ComponentInstance(instance) => instance
                .exports(engine)
                .filter(|(_, export)| matches!(export.ty, ComponentItem::ComponentFunc(_)))
                .map(|(name, _)| name.to_owned())
                .collect(),
            _ => Vec::new(),
        };
        let imports = kind.imports(engine);
        imports
            .map(|(interface, import)| Self {
                interface: interface.to_owned(),
                functions: functions(&import.ty),
            })
            .collect()
    }
}

/// A loaded plugin, ready to make instances of.
pub(crate) struct Plugin {
    pub(crate) info: PluginInfo,
    pub(crate) is_default: bool,
    pub(crate) description: Description,
    pub(crate) code: Keeping,
    /// What it needs grants for.
    pub(crate) needs: Vec<Need>,
    pub(crate) metrics: PluginMetrics,
}

/// Which interfaces a plugin exports.
#[derive(Default)]
pub(crate) struct Kinds {
    pub(crate) inputs: Option<exports::inputs::GuestIndices>,
    pub(crate) processors: Option<exports::processors::GuestIndices>,
    pub(crate) incremental: Option<exports::incremental_processors::GuestIndices>,
    pub(crate) outputs: Option<exports::outputs::GuestIndices>,
    pub(crate) streaming: Option<exports::streaming_outputs::GuestIndices>,
    pub(crate) mappings: Option<exports::mappings::GuestIndices>,
    pub(crate) scanners: Option<exports::scanners::GuestIndices>,
    pub(crate) caches: Option<exports::caches::GuestIndices>,
}

impl Plugin {
    pub(crate) fn name(&self) -> &PluginName {
        &self.info.name
    }

    /// Whether another is the same component, compiled in the same way.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.digest() == other.digest() && self.info.interruption == other.info.interruption
    }

    pub(crate) fn digest(&self) -> &Digest {
        &self.info.digest
    }

    /// What it says of a component of its own.
    pub(crate) fn spec(&self, kind: Kind, name: &str) -> Option<&ComponentSpec> {
        self.description.components().iter().find(|spec| spec.kind == kind && spec.name.as_str() == name)
    }

    pub(crate) fn provides(&self, kind: Kind, name: &str) -> bool {
        self.spec(kind, name).is_some()
    }

    /// Whether it comes with the program.
    pub(crate) fn is_default(&self) -> bool {
        self.is_default
    }
}

/// What a plugin uses, over all its instances.
#[derive(Debug, Clone)]
pub(crate) struct PluginMetrics {
    pub(crate) calls: Counter,
    pub(crate) errors: Counter,
    pub(crate) cpu_nanoseconds: Counter,
    pub(crate) memory_high_water: Gauge,
    pub(crate) bytes_in: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) instances: Counter,
    pub(crate) host_calls: Counter,
    pub(crate) log_lines: Counter,
    pub(crate) stuck: Counter,
    pub(crate) samples_left_out: Counter,
    limits: [LimitMetrics; Limit::ALL.len()],
}

/// One limit, over all instances of a plugin.
#[derive(Debug, Clone)]
struct LimitMetrics {
    /// How often it struck.
    struck: Counter,
    /// The most that was used; bytes, seconds or a number.
    most: Gauge,
}

impl PluginMetrics {
    pub(crate) fn new(metrics: &Metrics, plugin: &PluginName) -> Self {
        let labels = [("plugin", plugin.as_str())];
        let counter =
            |name, help| metrics.counter(name, help, &labels).expect("our own names are well-formed");
        Self {
            calls: counter("plugin_calls", "Calls of the plugin's exports"),
            errors: counter("plugin_errors", "Calls that returned an error"),
            cpu_nanoseconds: counter("plugin_cpu_nanoseconds", "CPU time spent in the plugin"),
            memory_high_water: metrics
                .gauge(
                    "plugin_memory_high_water_bytes",
                    "The most linear memory that one instance had",
                    &labels,
                )
                .expect("our own names are well-formed"),
            bytes_in: counter("plugin_bytes_in", "Bytes of batches handed to the plugin"),
            bytes_out: counter("plugin_bytes_out", "Bytes of batches that the plugin returned"),
            instances: counter("plugin_instances", "Instances made"),
            host_calls: counter("plugin_host_calls", "Calls of capabilities that act outside the plugin"),
            log_lines: counter("plugin_log_lines", "Lines of log, written or not"),
            samples_left_out: counter(
                "plugin_samples_left_out",
                "Samples of the plugin's own metrics that were left out",
            ),
            stuck: counter("plugin_stuck_threads", "Threads that the plugin has kept for good"),
            limits: Limit::ALL.map(|limit| LimitMetrics::new(metrics, plugin, limit)),
        }
    }

    /// Notes that a limit struck.
    pub(crate) fn struck(&self, limit: Limit) {
        self.limits[limit as usize].struck.inc();
    }

    /// Notes that a number of bytes, or of other things, was used.
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and nothing here passes 2^53")]
    pub(crate) fn used(&self, limit: Limit, amount: usize) {
        self.raise(limit, amount as f64);
    }

    /// Notes that some time was used.
    pub(crate) fn used_time(&self, limit: Limit, time: Duration) {
        self.raise(limit, time.as_secs_f64());
    }

    fn raise(&self, limit: Limit, amount: f64) {
        let most = &self.limits[limit as usize].most;
        if amount > most.get() {
            most.set(amount);
        }
    }
}

impl LimitMetrics {
    fn new(metrics: &Metrics, plugin: &PluginName, limit: Limit) -> Self {
        let labels = [("plugin", plugin.as_str()), ("limit", limit.label())];
        Self {
            struck: metrics
                .counter("plugin_limit_struck", "How often a limit struck", &labels)
                .expect("our own names are well-formed"),
            most: metrics
                .gauge(
                    "plugin_limit_most",
                    "The most that an instance used of what is limited: bytes, seconds, or a number",
                    &labels,
                )
                .expect("our own names are well-formed"),
        }
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("info", &self.info).finish_non_exhaustive()
    }
}
