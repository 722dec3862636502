//! This crate is the reading of pipeline configurations: YAML text and the specifications of components in, values
//! or problems out. It does no I/O: the text, the variables and the catalog are handed to it.
//!
//! - [`read`] and [`examine`] take a whole configuration and give a [`PipelineConfig`] or every [`Problem`] at once,
//!   each with its line and column in the file as written, variables and aliases notwithstanding.
//! - [`Document`] is the same for a configuration in several files, or one that the command line changes.
//! - [`Description`](spec::Description) is what a plugin states about its components; a [`Catalog`] holds those of
//!   all plugins.
//! - [`ComponentConfig`] is one component with its defaults filled in, ready to be handed to its plugin, and with the
//!   way back from a place in a mapping to a place in the file.
//! - [`excerpt`] takes some processors out of a configuration, and [`read_tests`] reads the unit tests of one.
//! - A [`Template`] states a component that another one is made of where a configuration uses it; what evaluates its
//!   mapping is an [`Expand`].
//! - [`yaml`], [`interpolate`] and [`parse_duration`] are the parts for other configuration files; [`render`] shows
//!   catalogs to people.
//!
//! It deliberately does not run anything, know any component by name, or check mappings: their languages are
//! components of plugins too.
//!
//! Invariants: reading never panics and its cost is bounded by the size of the text and [`yaml::MAX_COST`]; a
//! configuration without problems fits the specifications of all its components.
//!
//! ```
//! use std::collections::BTreeMap;
//! use forebay_pipeline_config::{Catalog, read, spec::Description};
//!
//! let description = r#"{"contract": 1, "plugin": {"name": "files"}, "components": [
//!     {"kind": "input", "name": "file", "config": {"type": "object", "fields": [
//!         {"name": "paths", "type": "string", "kind": "array"}]}},
//!     {"kind": "output", "name": "drop"}]}"#;
//! let mut catalog = Catalog::new();
//! catalog.insert(Description::from_json(description)?)?;
//!
//! let variables = BTreeMap::from([("FILE".to_owned(), "a.txt".to_owned())]);
//! let text = "input:\n  file:\n    paths: [ '${FILE}' ]\noutput:\n  drop: {}\n";
//! let config = read("pipeline.yaml", text, &variables, &catalog).map_err(|problems| format!("{problems:?}"))?;
//! assert_eq!(config.input.config["paths"][0], "a.txt");
//!
//! let problems = read("pipeline.yaml", "input:\n  fil: {}\noutput:\n  drop: {}\n", &variables, &catalog);
//! let shown: Vec<String> = problems.unwrap_err().iter().map(ToString::to_string).collect();
//! assert_eq!(shown, ["pipeline.yaml(2,3) input `fil` not recognised, did you mean `file`?"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod build;
mod catalog;
mod component;
mod document;
mod duration;
mod environment;
mod excerpt;
mod lint;
mod pipeline;
mod pointer;
mod position;
mod refit;
pub mod render;
mod single;
mod size;
mod source;
pub mod spec;
mod suggest;
mod template;
mod unit_test;
pub mod yaml;

pub use build::{BadPin, Digest, FEWEST_DIGITS, Pin};
pub use catalog::{Catalog, Entry, NameTaken, NoBuild};
pub use component::{
    AGENT_CLUSTER, AgentCluster, BadLabel, Child, ComponentConfig, Label, LimitsConfig, Shadow, TextField,
};
pub use document::{Document, Files};
pub use duration::{BadDuration, parse_duration};
pub use environment::{Forgiving, Interpolated, UnsetVariable, Variables, interpolate};
pub use excerpt::{ConfigFile, Excerpt, ExcerptError, Mock, excerpt};
pub use lint::{Examined, LintOptions, Problem, Severity, examine, read, read_settings};
pub use pipeline::{
    BasicAuthConfig, CollectorConfig, CollectorProtocol, Concurrency, CorsConfig, ErrorHandling, ErrorLog,
    HttpConfig, LogFormat, LogLevel, LoggerConfig, LoggerMetricsConfig, MetricsConfig, MetricsExporter,
    MetricsMapping, OtlpConfig, PipelineConfig, PrometheusConfig, PushAuth, Quantile, Strategy, Threads,
    TracerConfig, WarpstreamConfig,
};
pub use position::{Position, Span};
pub use refit::{Refitted, refit, refit_known};
pub use single::{component_text, read_component};
pub use size::{BadSize, parse_size};
pub use suggest::nearest;
pub use template::{Expand, MetricNaming, NameMetrics, Template, TemplateMapping};
pub use unit_test::{
    Condition, ConditionMapping, TestContent, TestFile, TestMessage, TestTarget, UnitTest, read_tests,
};
