//! The section `logger`.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::lint::Examiner;
use crate::spec::{FieldKind, FieldSpec, FieldType};
use crate::yaml::Node;

/// How to log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoggerConfig {
    pub level: LogLevel,
    pub format: LogFormat,
    pub add_timestamp: bool,
    /// Fields of every line.
    pub static_fields: BTreeMap<String, String>,
}

/// The least serious level to log, under the names that Bento has for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Also `NONE`.
    Off,
    Fatal,
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
    All,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Logfmt,
    Json,
}

const LEVELS: [(&str, LogLevel); 9] = [
    ("OFF", LogLevel::Off),
    ("NONE", LogLevel::Off),
    ("FATAL", LogLevel::Fatal),
    ("ERROR", LogLevel::Error),
    ("WARN", LogLevel::Warn),
    ("INFO", LogLevel::Info),
    ("DEBUG", LogLevel::Debug),
    ("TRACE", LogLevel::Trace),
    ("ALL", LogLevel::All),
];

impl LogLevel {
    /// Reads a level; upper or lower case does not matter.
    pub fn from_name(name: &str) -> Option<Self> {
        LEVELS.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(name)).map(|(_, level)| *level)
    }
}

pub(super) fn fields() -> FieldSpec {
    let format = FieldSpec::new("format", FieldType::String).with_default("logfmt");
    FieldSpec::new("logger", FieldType::Object).with_fields(vec![
        FieldSpec::new("level", FieldType::String).with_default("INFO"),
        FieldSpec { options: vec!["logfmt".to_owned(), "json".to_owned()], ..format },
        FieldSpec::new("add_timestamp", FieldType::Bool).with_default(false),
        FieldSpec::new("static_fields", FieldType::String).of_kind(FieldKind::Map).with_default(json!({})),
    ])
}

/// Takes the section out of the settings. What does not fit was reported when they were read, except the level.
pub(super) fn examine(
    examiner: &mut Examiner<'_>,
    root: &Node,
    settings: &Map<String, Json>,
) -> LoggerConfig {
    let Some(section) = settings.get("logger") else {
        return LoggerConfig::default();
    };
    let text = |name: &str| section.get(name).and_then(Json::as_str).unwrap_or_default();
    let level = LogLevel::from_name(text("level")).unwrap_or_else(|| {
        if let Some(node) =
            root.get("logger").and_then(|logger| logger.get("level")).filter(|n| n.is_scalar())
        {
            let names = LEVELS.map(|(name, _)| name).join(", ");
            examiner
                .lint(node.span.start, format!("value `{}` is not one of the options {names}", node.text));
        }
        LogLevel::default()
    });
    let format = if text("format") == "json" { LogFormat::Json } else { LogFormat::Logfmt };
    let mut static_fields = BTreeMap::new();
    if let Some(Json::Object(entries)) = section.get("static_fields") {
        for (name, value) in entries {
            static_fields.insert(name.clone(), value.as_str().unwrap_or_default().to_owned());
        }
    }
    let add_timestamp = section.get("add_timestamp").and_then(Json::as_bool).unwrap_or(false);
    LoggerConfig { level, format, add_timestamp, static_fields }
}
