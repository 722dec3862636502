//! A loaded plugin.

use std::fmt;

use forebay_metrics::{Counter, Gauge, Metrics};
use forebay_pipeline_config::spec::{Description, PluginName};
use sha2::{Digest as _, Sha256};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, InstancePre};

use crate::bindings::exports::forebay::plugin as exports;
use crate::engine::Interruption;
use crate::guest::Guest;

/// The SHA-256 of a plugin's file, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Digest(String);

impl Digest {
    /// The digest of a file's bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

/// A default plugin that was compiled ahead of time and is part of the program.
#[derive(Debug, Clone, Copy)]
pub struct Embedded {
    /// The name of its file, for errors.
    pub file: &'static str,
    /// The digest of the component that was compiled.
    pub sha256: &'static str,
    /// What [`crate::precompile`] made of it.
    pub code: &'static [u8],
}

impl Embedded {
    pub(crate) fn digest(&self) -> Digest {
        Digest(self.sha256.to_owned())
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
    pub(crate) pre: InstancePre<Guest>,
    pub(crate) kinds: Kinds,
    pub(crate) metrics: PluginMetrics,
}

/// Which interfaces a plugin exports.
#[derive(Default)]
pub(crate) struct Kinds {
    pub(crate) inputs: Option<exports::inputs::GuestIndices>,
    pub(crate) processors: Option<exports::processors::GuestIndices>,
    pub(crate) incremental: Option<exports::incremental_processors::GuestIndices>,
    pub(crate) outputs: Option<exports::outputs::GuestIndices>,
    pub(crate) mappings: Option<exports::mappings::GuestIndices>,
    pub(crate) scanners: Option<exports::scanners::GuestIndices>,
    pub(crate) caches: Option<exports::caches::GuestIndices>,
}

impl Plugin {
    pub(crate) fn name(&self) -> &PluginName {
        &self.info.name
    }

    pub(crate) fn digest(&self) -> &Digest {
        &self.info.digest
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
        }
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("info", &self.info).finish_non_exhaustive()
    }
}
