//! The log, on standard error (for tests on standard output): logfmt or JSON, one event a line.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use forebay_lifecycle::clock;
use forebay_pipeline_config::{LogFormat, LogLevel, LoggerConfig};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::{Registry, reload};

use crate::status;

/// The log of the process.
pub(crate) struct Log {
    level: reload::Handle<LevelFilter, Registry>,
    style: Arc<RwLock<LoggerConfig>>,
}

/// Where lines go.
#[derive(Clone, Copy)]
enum Destination {
    Stdout,
    Stderr,
}

/// Starts the log, as it is until a configuration says otherwise.
pub(crate) fn start() -> Log {
    start_to(Destination::Stderr)
}

/// Starts a log of events from this level on, on standard output.
pub(crate) fn start_on_stdout(level: LogLevel) {
    let log = start_to(Destination::Stdout);
    log.set(&LoggerConfig { level, ..LoggerConfig::default() });
}

fn start_to(destination: Destination) -> Log {
    let (filter, level) = reload::Layer::new(LevelFilter::INFO);
    let style = Arc::new(RwLock::new(LoggerConfig::default()));
    let lines = Lines { style: Arc::clone(&style), destination };
    let subscriber = Registry::default().with(filter).with(lines);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        eprintln!("forebay: the log was started twice");
    }
    Log { level, style }
}

impl Log {
    /// Does as the configuration says.
    pub(crate) fn set(&self, config: &LoggerConfig) {
        let level = match config.level {
            LogLevel::Off => LevelFilter::OFF,
            LogLevel::Fatal | LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Trace | LogLevel::All => LevelFilter::TRACE,
        };
        if self.level.modify(|filter| *filter = level).is_err() {
            eprintln!("forebay: the level of the log can't be changed");
        }
        self.style.write().unwrap_or_else(PoisonError::into_inner).clone_from(config);
    }
}

/// What the targets of our own events begin with.
const OWN: &str = "forebay";

/// Writes events as lines.
struct Lines {
    style: Arc<RwLock<LoggerConfig>>,
    destination: Destination,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // Libraries have lines of their own, with what they send: addresses, headers, parts of keys.
        if !event.metadata().target().starts_with(OWN) {
            return;
        }
        let style = self.style.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = event.metadata().level().as_str().to_lowercase();
        let line = line(&style, &level, &fields, clock::wall());
        // Nothing can be done, or said, about an output that is closed.
        let _ = match self.destination {
            Destination::Stdout => std::io::stdout().lock().write_all(line.as_bytes()),
            Destination::Stderr => status::write_line(&line),
        };
    }
}

fn line(style: &LoggerConfig, level: &str, fields: &Fields, now: SystemTime) -> String {
    let mut pairs = vec![("level", level.to_owned())];
    if style.add_timestamp {
        pairs.push(("time", clock::rfc3339(now)));
    }
    pairs.extend(style.static_fields.iter().map(|(name, value)| (name.as_str(), value.clone())));
    pairs.extend(fields.others.iter().map(|(name, value)| (name.as_str(), value.clone())));
    pairs.push(("msg", fields.message.clone()));
    match style.format {
        LogFormat::Json => {
            let object: serde_json::Map<String, serde_json::Value> =
                pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            format!("{}\n", serde_json::Value::Object(object))
        }
        LogFormat::Logfmt => {
            let mut line = String::new();
            for (index, (name, value)) in pairs.iter().enumerate() {
                let space = if index == 0 { "" } else { " " };
                let plain = !value.is_empty()
                    && value.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"=".contains(&byte));
                // Writing to a string does not fail.
                let _ = if plain {
                    write!(line, "{space}{name}={value}")
                } else {
                    write!(line, "{space}{name}={value:?}")
                };
            }
            line.push('\n');
            line
        }
    }
}

/// What an event says.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(String, String)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: String) {
        match field.name() {
            "message" => self.message = value,
            // What a plugin logs has fields of its own, as one JSON object.
            "fields" => match serde_json::from_str(&value) {
                Ok(serde_json::Value::Object(fields)) => {
                    self.others.extend(fields.into_iter().map(|(name, value)| match value {
                        serde_json::Value::String(text) => (name, text),
                        other => (name, other.to_string()),
                    }));
                }
                _ => self.others.push(("fields".to_owned(), value)),
            },
            name => self.others.push((name.to_owned(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn values_with_spaces_are_quoted_in_logfmt() {
        let fields = Fields { message: "all is well".into(), others: vec![("path".into(), "input".into())] };
        let line = line(&LoggerConfig::default(), "info", &fields, UNIX_EPOCH);
        assert_eq!(line, "level=info path=input msg=\"all is well\"\n");
    }

    #[test]
    fn a_json_line_is_one_object() {
        let style = LoggerConfig { format: LogFormat::Json, ..LoggerConfig::default() };
        let fields = Fields { message: "x \"y\"".into(), others: Vec::new() };
        let parsed: serde_json::Value =
            serde_json::from_str(&line(&style, "warn", &fields, UNIX_EPOCH)).unwrap();
        assert_eq!(parsed, serde_json::json!({"level": "warn", "msg": "x \"y\""}));
    }
}
