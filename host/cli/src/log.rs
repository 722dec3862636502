//! The log, on standard error: logfmt or JSON, one event a line.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use forebay_lifecycle::clock;
use forebay_pipeline_config::{LogFormat, LogLevel, LoggerConfig};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::{Registry, reload};

/// The log of the process.
pub(crate) struct Log {
    level: reload::Handle<LevelFilter, Registry>,
    style: Arc<RwLock<LoggerConfig>>,
}

/// Starts the log, as it is until a configuration says otherwise.
pub(crate) fn start() -> Log {
    let (filter, level) = reload::Layer::new(LevelFilter::INFO);
    let style = Arc::new(RwLock::new(LoggerConfig::default()));
    let lines = Lines { style: Arc::clone(&style) };
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
        // Nothing can be done, or said, about a standard error that is closed.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}

fn line(style: &LoggerConfig, level: &str, fields: &Fields, now: SystemTime) -> String {
    let mut pairs = vec![("level", level.to_owned())];
    if style.add_timestamp {
        pairs.push(("time", rfc3339(now)));
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

/// The time in UTC, to the second, as RFC 3339 has it. Days become dates by the algorithm of the
/// proleptic Gregorian calendar with years that begin in March.
fn rfc3339(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        let at = |seconds| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_795_215_599), "2026-11-20T22:59:59Z");
    }

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
