//! A whole configuration: one input, processors, one output, and the settings around them. Where the input or the
//! output is not given, it is the standard one.
//!
//! Fields of Bento that this version does not have are refused by name: they decide over records.

pub(crate) mod caches;
mod choice;
mod error_handling;
mod http;
mod in_flight;
mod logger;
pub(crate) mod metrics;
pub(crate) mod rate_limits;
pub(crate) mod resources;
mod threads;
pub(crate) mod tracer;
mod warpstream;

use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use crate::component::{self, Child, ComponentConfig, Fields};
use crate::duration::parse_duration;
use crate::lint::Examiner;
use crate::spec::{FieldKind, FieldSpec, FieldType, Kind};
use crate::suggest;
use crate::unit_test;
use crate::yaml::{Key, Node, Value};

use resources::Labels;

pub use error_handling::{ErrorHandling, ErrorLog, Strategy};
pub use http::{BasicAuthConfig, CorsConfig, HttpConfig};
pub use logger::{LogFormat, LogLevel, LoggerConfig};
pub use metrics::{
    LoggerMetricsConfig, MetricsConfig, MetricsExporter, MetricsMapping, PrometheusConfig, PushAuth, Quantile,
};
pub use threads::Threads;
pub use tracer::{CollectorConfig, CollectorProtocol, OtlpConfig, TracerConfig};
pub use warpstream::{Concurrency, WarpstreamConfig};

/// What `forebay test` runs.
pub(crate) const TESTS: &str = "tests";
const BUFFER: &str = "buffer";
/// What is the standard input and output where a configuration does not say.
const ENDS: [&str; 2] = ["input", "output"];
/// Fields that decide over records or are needed by what does, and that this version does not have.
const UNSUPPORTED: [&str; 1] = ["resources"];

const INPUT_RESOURCES: &str = "input_resources";
const OUTPUT_RESOURCES: &str = "output_resources";
/// The lists of components that others use by their labels.
pub(crate) const RESOURCES: [(&str, Kind); 5] = [
    (INPUT_RESOURCES, Kind::Input),
    (resources::FIELD, Kind::Processor),
    (OUTPUT_RESOURCES, Kind::Output),
    (caches::FIELD, Kind::Cache),
    (rate_limits::FIELD, Kind::RateLimit),
];

/// A pipeline that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineConfig {
    pub input: ComponentConfig,
    /// What stands between the input and the processors.
    pub buffer: Option<ComponentConfig>,
    pub threads: Threads,
    pub processors: Vec<ComponentConfig>,
    pub output: ComponentConfig,
    /// The components of `cache_resources`, which others use by their labels.
    pub caches: Vec<ComponentConfig>,
    /// The components of `rate_limit_resources`, which others use by their labels.
    pub rate_limits: Vec<ComponentConfig>,
    /// The processors of `processor_resources`, which the processor `resource` uses by their labels.
    pub resources: Vec<ComponentConfig>,
    /// The inputs of `input_resources`, which the input `resource` reads by their labels.
    pub input_resources: Vec<ComponentConfig>,
    /// The outputs of `output_resources`, which the output `resource` uses by their labels.
    pub output_resources: Vec<ComponentConfig>,
    /// Bytes that may be in flight before the input is no longer read.
    pub in_flight_bytes: usize,
    pub error_handling: ErrorHandling,
    /// How long the pipeline runs on before it is stopped.
    pub shutdown_delay: Duration,
    pub shutdown_timeout: Duration,
    pub logger: LoggerConfig,
    pub http: HttpConfig,
    pub metrics: MetricsConfig,
    pub tracer: TracerConfig,
    /// How agents run it, where they manage it.
    pub warpstream: WarpstreamConfig,
}

/// Reads a configuration; every problem is left with the examiner. Without a fatal problem there is a pipeline.
pub(crate) fn examine(
    examiner: &mut Examiner<'_>,
    root: &Node,
) -> (Option<PipelineConfig>, Vec<ComponentConfig>) {
    let Value::Mapping(entries) = &root.value else {
        examiner.fatal(root.span.start, format!("expected object value, got {}", root.tag()));
        return (None, Vec::new());
    };
    let fields = fields_of(examiner);
    let mut buffer: Option<&Node> = None;
    for (key, value) in entries {
        if key.text == TESTS {
            unit_test::examine(examiner, value);
        } else if key.text == BUFFER {
            buffer = Some(value);
        } else if RESOURCES.iter().all(|(list, _)| *list != key.text)
            && ![metrics::FIELD, tracer::FIELD].contains(&key.text.as_str())
            && fields.iter().all(|field| field.name != key.text)
        {
            other_field(examiner, &fields, key);
        }
    }
    let mut walk = Fields::new(examiner, None, String::new());
    let settings = walk.known(entries, &fields, root.span);
    let (_, children, _) = walk.finish();

    let threads = threads::examine(examiner, root, &settings);
    let shutdown_delay = duration(examiner, root, &settings, "shutdown_delay");
    let shutdown_timeout = duration(examiner, root, &settings, "shutdown_timeout");
    let logger = logger::examine(examiner, root, &settings);
    let error_handling = error_handling::examine(examiner, root, &settings);
    let in_flight_bytes = in_flight::examine(examiner, root, &settings);
    let http = http::examine(examiner, root, &settings);
    let metrics = metrics::examine(examiner, root);
    let tracer = tracer::examine(examiner, root);
    let warpstream = warpstream::examine(examiner, root, &settings);

    let caches = caches::examine(examiner, root);
    let rate_limits = rate_limits::examine(examiner, root);
    let resources = resources::examine(examiner, root);
    let buffer = buffer
        .filter(|node| !node.is_null())
        .and_then(|node| component::examine(examiner, Kind::Buffer, node, BUFFER));
    let input_resources = caches::labelled(examiner, root, INPUT_RESOURCES, Kind::Input);
    let output_resources = caches::labelled(examiner, root, OUTPUT_RESOURCES, Kind::Output);
    if !examiner.options.allow_parts {
        caches::check_uses(examiner, &caches);
        rate_limits::check_uses(examiner, &rate_limits);
    }
    let roots = children.iter().map(|child| &child.component);
    let users = roots.chain(&buffer).chain(&input_resources).chain(&output_resources);
    check_uses(examiner, root, users, &resources);

    let shared = caches.iter().chain(&rate_limits).chain(&resources);
    let components = children.iter().map(|child| &child.component).chain(shared);
    let components =
        components.chain(&buffer).chain(&input_resources).chain(&output_resources).cloned().collect();
    let (input, output, processors) = parts(children);
    let config = input.zip(output).map(|(input, output)| PipelineConfig {
        input,
        buffer,
        threads,
        processors,
        output,
        caches,
        rate_limits,
        resources,
        input_resources,
        output_resources,
        in_flight_bytes,
        error_handling,
        shutdown_delay,
        shutdown_timeout,
        logger,
        http,
        metrics,
        tracer,
        warpstream,
    });
    (config, components)
}

/// The input, the output, and the processors between them.
fn parts(children: Vec<Child>) -> (Option<ComponentConfig>, Option<ComponentConfig>, Vec<ComponentConfig>) {
    let (mut input, mut output, mut processors) = (None, None, Vec::new());
    for Child { pointer, component } in children {
        match pointer.as_str() {
            "/input" => input = Some(component),
            "/output" => output = Some(component),
            _ => processors.push(component),
        }
    }
    (input, output, processors)
}

/// Notes what is wrong with the uses of processor resources.
fn check_uses<'c>(
    examiner: &mut Examiner<'_>,
    root: &Node,
    users: impl Iterator<Item = &'c ComponentConfig>,
    resources: &'c [ComponentConfig],
) {
    let users: Vec<_> = users.map(|component| (0, component)).collect();
    let used: Vec<_> = resources.iter().map(|resource| (0, resource)).collect();
    // What parts use, other files may have.
    let labels = if examiner.options.allow_parts { Labels::Open } else { Labels::of([root]) };
    for (_, at, message) in resources::faults(&users, &used, &labels) {
        examiner.fatal(at, message);
    }
}

/// The fields of the root as they are read: of parts, the ends may be elsewhere.
fn fields_of(examiner: &Examiner<'_>) -> Vec<FieldSpec> {
    let mut fields = root_fields();
    if examiner.options.allow_parts {
        for field in fields.iter_mut().filter(|field| ENDS.contains(&field.name.as_str())) {
            (field.default, field.optional) = (None, true);
        }
    }
    fields
}

/// The fields of the root that are no lists of resources and no tests.
pub(crate) fn root_fields() -> Vec<FieldSpec> {
    vec![
        FieldSpec::new("input", FieldType::Input).with_default(json!({"stdin": {}})),
        FieldSpec::new("pipeline", FieldType::Object).with_fields(vec![
            FieldSpec::new("threads", FieldType::Int).with_default(-1),
            FieldSpec::new("processors", FieldType::Processor)
                .of_kind(FieldKind::Array)
                .with_default(json!([])),
            in_flight::field(),
        ]),
        FieldSpec::new("output", FieldType::Output).with_default(json!({"stdout": {}})),
        FieldSpec::new("shutdown_delay", FieldType::String).with_default("0s"),
        FieldSpec::new("shutdown_timeout", FieldType::String).with_default("20s"),
        logger::fields(),
        error_handling::field(),
        http::fields(),
        warpstream::field(),
    ]
}

fn other_field(examiner: &mut Examiner<'_>, fields: &[FieldSpec], key: &Key) {
    let name = key.text.as_str();
    let at = key.span.start;
    let unsupported = format!("field {name} is not supported by this version yet");
    if UNSUPPORTED.contains(&name) {
        examiner.fatal(at, unsupported);
    } else {
        let others =
            RESOURCES.into_iter().map(|(list, _)| list).chain([BUFFER, metrics::FIELD, tracer::FIELD, TESTS]);
        let hint = suggest::hint(name, fields.iter().map(|field| field.name.as_str()).chain(others));
        examiner.lint(at, format!("field {name} not recognised{hint}"));
    }
}

/// A field that is a duration; an empty text is none.
fn duration(examiner: &mut Examiner<'_>, root: &Node, settings: &Map<String, Json>, name: &str) -> Duration {
    let text = settings.get(name).and_then(Json::as_str).unwrap_or_default();
    if text.is_empty() {
        return Duration::ZERO;
    }
    parse_duration(text).unwrap_or_else(|error| {
        let at = root.get(name).map_or(root.span, |node| node.span);
        examiner.fatal(at.start, error.to_string());
        Duration::ZERO
    })
}

#[cfg(test)]
mod tests;
