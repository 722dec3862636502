//! The section `metrics`: who is told what was measured, and under which names.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::choice::{Choice, Chosen};
use crate::component::{Fields, TextField};
use crate::duration::parse_duration;
use crate::lint::Examiner;
use crate::position::Position;
use crate::source::Source;
use crate::spec::{FieldKind, FieldSpec, FieldType};
use crate::yaml::{Key, Node, Value};

pub(super) const FIELD: &str = "metrics";

/// Who is told what was measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricsConfig {
    pub exporter: MetricsExporter,
    pub mapping: Option<MetricsMapping>,
}

/// How metrics get out.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricsExporter {
    /// Served as text that Prometheus reads.
    Prometheus(PrometheusConfig),
    /// Served as one JSON object.
    JsonApi,
    /// Written to the log.
    Logger(LoggerMetricsConfig),
    None,
}

/// A mapping that gives a metric another name and other labels, or drops it.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsMapping {
    pub language: String,
    pub code: String,
    text: TextField,
    source: Arc<Source>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PrometheusConfig {
    pub use_histogram_timing: bool,
    /// In seconds; none for those of Prometheus itself.
    pub histogram_buckets: Vec<f64>,
    pub summary_quantiles_objectives: Vec<Quantile>,
    pub add_process_metrics: bool,
    /// None to push nothing.
    pub push_url: Option<String>,
    #[serde(skip)]
    pub push_interval: Option<Duration>,
    pub push_job_name: String,
    pub push_basic_auth: PushAuth,
    /// Empty for no file.
    pub file_output_path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Quantile {
    pub quantile: f64,
}

/// Both empty for nobody.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PushAuth {
    pub username: String,
    pub password: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoggerMetricsConfig {
    /// How often; without it only at the end.
    pub push_interval: Option<Duration>,
    /// Whether everything starts from zero each time.
    pub flush_metrics: bool,
}

impl MetricsMapping {
    /// Where a place in its text, both counted from one, is in the file.
    pub fn position_of(&self, line: usize, column: usize) -> Position {
        self.text.locate(&self.source, Position { line, column })
    }
}

impl Default for MetricsExporter {
    fn default() -> Self {
        let settings = json!({"push_job_name": "bento_push", "summary_quantiles_objectives": objectives()});
        Self::Prometheus(PrometheusConfig::deserialize(settings).unwrap_or_default())
    }
}

impl std::fmt::Debug for PushAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushAuth").finish_non_exhaustive()
    }
}

pub(crate) const TYPES: [&str; 4] = ["prometheus", "json_api", "logger", "none"];
const CHOICE: Choice = Choice { kind: "metrics", types: &TYPES, reserved: &["type", "mapping"] };

/// Reads the section; what is wrong with it is left with the examiner.
pub(super) fn examine(examiner: &mut Examiner<'_>, root: &Node) -> MetricsConfig {
    let Some(section) = root.get(FIELD).filter(|section| !section.is_null()) else {
        return MetricsConfig::default();
    };
    let Value::Mapping(entries) = &section.value else {
        examiner.fatal(section.span.start, format!("expected object value, got {}", section.tag()));
        return MetricsConfig::default();
    };
    let mapping = section.entry("mapping").and_then(|(_, text)| mapping(examiner, text));
    let exporter = exporter(examiner, section, entries).unwrap_or_default();
    MetricsConfig { exporter, mapping }
}

fn exporter(examiner: &mut Examiner<'_>, section: &Node, entries: &[(Key, Node)]) -> Option<MetricsExporter> {
    let Chosen { name, at, settings } = CHOICE.of(examiner, section, entries)?;
    let spec = FieldSpec::new("", FieldType::Object).with_fields(fields_of(name));
    let read = Fields::new(examiner, None, String::new()).whole(settings, &spec, at);
    Some(match name {
        "prometheus" => MetricsExporter::Prometheus(prometheus(examiner, settings, &read)),
        "json_api" => MetricsExporter::JsonApi,
        "logger" => MetricsExporter::Logger(LoggerMetricsConfig {
            push_interval: interval(examiner, settings, &read),
            flush_metrics: read.get("flush_metrics").and_then(Json::as_bool).unwrap_or_default(),
        }),
        _ => MetricsExporter::None,
    })
}

fn prometheus(examiner: &mut Examiner<'_>, settings: Option<&Node>, read: &Json) -> PrometheusConfig {
    let config = PrometheusConfig {
        push_interval: interval(examiner, settings, read),
        ..PrometheusConfig::deserialize(read).unwrap_or_default()
    };
    let at = |field: &str| {
        let node = settings.and_then(|settings| settings.get(field)).or(settings);
        node.map_or(Position::START, |node| node.span.start)
    };
    if !config.histogram_buckets.is_sorted_by(|one, next| one < next) {
        examiner.fatal(at("histogram_buckets"), "the bounds of buckets must rise");
    }
    let is_part = |quantile: &Quantile| (0.0..=1.0).contains(&quantile.quantile);
    if !config.summary_quantiles_objectives.iter().all(is_part) {
        examiner.fatal(at("summary_quantiles_objectives"), "a quantile is a number from 0 to 1");
    }
    config
}

fn interval(examiner: &mut Examiner<'_>, settings: Option<&Node>, read: &Json) -> Option<Duration> {
    let text = read.get("push_interval").and_then(Json::as_str).filter(|text| !text.is_empty())?;
    let at = settings.and_then(|settings| settings.get("push_interval")).map(|node| node.span.start);
    match parse_duration(text) {
        Ok(duration) if duration.is_zero() => {
            examiner.fatal(at.unwrap_or(Position::START), "push_interval must be longer than nothing");
            None
        }
        Ok(duration) => Some(duration),
        Err(error) => {
            examiner.fatal(at.unwrap_or(Position::START), error.to_string());
            None
        }
    }
}

/// The mapping, as a text of its own or in another language.
fn mapping(examiner: &mut Examiner<'_>, node: &Node) -> Option<MetricsMapping> {
    let spec = FieldSpec::new("", FieldType::String).in_language("bloblang").with_default("");
    let mut fields = Fields::new(examiner, None, String::new());
    let read = fields.whole(Some(node), &spec, node.span);
    let (texts, _, _) = fields.finish();
    let text = texts.into_iter().next()?;
    let code = read.as_str().or_else(|| read.get("code").and_then(Json::as_str))?.to_owned();
    let language = text.language.clone().unwrap_or_else(|| "bloblang".to_owned());
    Some(MetricsMapping { language, code, text, source: Arc::clone(&examiner.source) })
}

fn objectives() -> Json {
    json!([
        {"quantile": 0.5, "error": 0.05}, {"quantile": 0.9, "error": 0.01}, {"quantile": 0.99, "error": 0.001}
    ])
}

fn fields_of(name: &str) -> Vec<FieldSpec> {
    let switch = |name: &str, docs: &str| {
        FieldSpec::new(name, FieldType::Bool).with_default(false).with_docs(docs).advanced()
    };
    let text = |name: &str, docs: &str| FieldSpec::new(name, FieldType::String).with_docs(docs).advanced();
    let number =
        |name: &str, docs: &str| FieldSpec::new(name, FieldType::Float).with_default(0.0).with_docs(docs);
    match name {
        "prometheus" => vec![
            switch(
                "use_histogram_timing",
                "Whether timings are histograms in seconds, and not summaries in nanoseconds.",
            ),
            FieldSpec::new("histogram_buckets", FieldType::Float)
                .of_kind(FieldKind::Array)
                .with_default(json!([]))
                .with_docs("The bounds of histograms, in seconds, rising; none for those that are usual.")
                .advanced(),
            FieldSpec::new("summary_quantiles_objectives", FieldType::Object)
                .of_kind(FieldKind::Array)
                .with_fields(vec![
                    number("quantile", "Which part of all timings, from 0 to 1."),
                    number("error", "Has no effect: a value is off by a 64th at most."),
                ])
                .with_default(objectives())
                .with_docs("The quantiles of summaries. They speak of the last five to ten minutes.")
                .advanced(),
            switch(
                "add_process_metrics",
                "Whether CPU time, memory and open files of the process are metrics too.",
            ),
            switch("add_go_metrics", "Has no effect: there is no Go in this process."),
            text("push_url", "Where metrics are pushed when the process ends: a Push Gateway.").optional(),
            text("push_interval", "How often they are pushed before that.").optional(),
            text("push_job_name", "Under which name.").with_default("bento_push"),
            FieldSpec::new("push_basic_auth", FieldType::Object)
                .with_fields(vec![
                    text("username", "A name.").with_default(""),
                    FieldSpec { secret: true, ..text("password", "A password.").with_default("") },
                ])
                .with_docs("What the Push Gateway wants to know.")
                .advanced(),
            text("file_output_path", "A file that metrics are written to when the process ends.")
                .with_default(""),
            switch("use_default_registry", "Has no effect: there is one registry."),
        ],
        "logger" => vec![
            FieldSpec::new("push_interval", FieldType::String)
                .optional()
                .with_docs("How often metrics are logged before the end."),
            FieldSpec::new("flush_metrics", FieldType::Bool)
                .with_default(false)
                .with_docs("Whether counters and timings start from zero each time."),
        ],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
