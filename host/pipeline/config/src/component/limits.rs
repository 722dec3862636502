//! What one component may use: `limits` beside its name.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::lint::Examiner;
use crate::suggest;
use crate::yaml::{Node, Value};
use crate::{parse_duration, parse_size};

/// Limits in place of the usual ones. What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Bytes of linear memory.
    #[serde(deserialize_with = "size")]
    pub memory: Option<u64>,
    /// Bytes of batches that it may hold handles of.
    #[serde(deserialize_with = "size")]
    pub batches: Option<u64>,
    /// Bytes that one call may return.
    #[serde(deserialize_with = "size")]
    pub output: Option<u64>,
    /// CPU time of one call; waits do not count.
    #[serde(deserialize_with = "duration")]
    pub cpu: Option<Duration>,
    /// Time of one call.
    #[serde(deserialize_with = "duration")]
    pub wall: Option<Duration>,
    /// Calls of capabilities in a second.
    pub host_calls: Option<u32>,
    /// Lines of log in a second.
    pub log_lines: Option<u32>,
    /// Files, streams and connections that are open at once.
    pub streams: Option<u32>,
    /// Bytes of what it keeps beyond its instances.
    #[serde(deserialize_with = "size")]
    pub state: Option<u64>,
    /// Programs that run at once.
    pub processes: Option<u32>,
    /// Requests to other servers that are under way at once.
    pub requests: Option<u32>,
}

impl LimitsConfig {
    /// The fields, in the order of the documentation.
    pub const NAMES: [&str; 11] = [
        "memory",
        "batches",
        "output",
        "cpu",
        "wall",
        "host_calls",
        "log_lines",
        "streams",
        "state",
        "processes",
        "requests",
    ];

    /// Sets one of them from its text; `None` when there is none of that name.
    ///
    /// # Errors
    /// What the text should have been.
    pub fn set(&mut self, name: &str, text: &str) -> Option<Result<(), String>> {
        fn keep<T>(to: &mut Option<T>, value: Result<T, impl fmt::Display>) -> Result<(), String> {
            *to = Some(value.map_err(|error| error.to_string())?);
            Ok(())
        }
        let count = || text.parse::<u32>().map_err(|_| format!("`{text}` is not a whole number"));
        Some(match name {
            "memory" => keep(&mut self.memory, parse_size(text)),
            "batches" => keep(&mut self.batches, parse_size(text)),
            "output" => keep(&mut self.output, parse_size(text)),
            "cpu" => keep(&mut self.cpu, parse_duration(text)),
            "wall" => keep(&mut self.wall, parse_duration(text)),
            "host_calls" => keep(&mut self.host_calls, count()),
            "log_lines" => keep(&mut self.log_lines, count()),
            "streams" => keep(&mut self.streams, count()),
            "state" => keep(&mut self.state, parse_size(text)),
            "processes" => keep(&mut self.processes, count()),
            "requests" => keep(&mut self.requests, count()),
            _ => return None,
        })
    }
}

/// Reads the limits of a component.
pub(super) fn examine(examiner: &mut Examiner<'_>, component: &Node) -> LimitsConfig {
    let mut limits = LimitsConfig::default();
    let Some((_, node)) = component.entry("limits") else { return limits };
    let Value::Mapping(entries) = &node.value else {
        if !node.is_null() {
            examiner.fatal(node.span.start, format!("expected object value, got {}", node.tag()));
        }
        return limits;
    };
    for (key, value) in entries {
        if !value.is_scalar() {
            examiner.fatal(value.span.start, "expected string value");
            continue;
        }
        match limits.set(&key.text, &value.text) {
            Some(Ok(())) => {}
            Some(Err(problem)) => {
                examiner.lint(value.span.start, format!("limit {}: {problem}", key.text));
            }
            None => {
                let hint = suggest::hint(&key.text, LimitsConfig::NAMES);
                examiner.lint(key.span.start, format!("limit {} not recognised{hint}", key.text));
            }
        }
    }
    limits
}

fn size<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    text(from)?.map(|text| parse_size(&text).map_err(serde::de::Error::custom)).transpose()
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    text(from)?.map(|text| parse_duration(&text).map_err(serde::de::Error::custom)).transpose()
}

/// A number or a string.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Text {
        Number(u64),
        Text(String),
    }
    Ok(Option::<Text>::deserialize(from)?.map(|text| match text {
        Text::Number(number) => number.to_string(),
        Text::Text(text) => text,
    }))
}
