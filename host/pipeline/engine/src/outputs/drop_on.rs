use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_config::parse_duration;
use forebay_pipeline_config::spec::{ComponentSpec, FieldKind, FieldSpec, FieldType};
use forebay_pipeline_message::Batch;
use forebay_plugins_api::OpenError;
use regex_lite::Regex;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::opening::Opening;
use super::{Destination, Own, Refusal, output_field, spec, together};
use crate::structure::problem;

pub(super) const OWN: Own =
    Own { name: "drop_on", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let fields = vec![
        FieldSpec::new("error", FieldType::Bool)
            .with_default(false)
            .with_docs("Whether messages that the output refuses are dropped."),
        FieldSpec::new("error_patterns", FieldType::String).of_kind(FieldKind::Array).optional().with_docs(
            "Regular expressions: messages are dropped that are refused for a reason which one matches.",
        ),
        FieldSpec::new("back_pressure", FieldType::String).optional().with_docs(
            "How long the output may take for a batch, before that counts as refused; `10s`, say.",
        ),
        output_field("output").with_docs("Where messages go."),
    ];
    let summary = "Hands messages to an output, and drops those that it refuses or has no time for.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(fields))
}

#[derive(Deserialize)]
struct Settings {
    error: bool,
    #[serde(default)]
    error_patterns: Vec<String>,
    #[serde(default)]
    back_pressure: String,
}

pub(super) struct DropOn {
    path: String,
    output: Box<dyn Destination>,
    error: bool,
    patterns: Vec<Regex>,
    patience: Option<Duration>,
    /// One batch at a time: what one waits for another does not count as its own time.
    turn: Mutex<()>,
}

async fn open(mut opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    let Settings { error, error_patterns, back_pressure } = opening.structure.settings()?;
    if error && !error_patterns.is_empty() {
        let reason = "field 'error_patterns' is ineffective when 'error' is set to `true`";
        return Err(problem("/error_patterns", reason));
    }
    let mut patterns = Vec::with_capacity(error_patterns.len());
    for (index, pattern) in error_patterns.iter().enumerate() {
        let pattern = Regex::new(pattern).map_err(|error| {
            let reason = format!("error pattern {index} failed to compile: {error}");
            problem(&format!("/error_patterns/{index}"), &reason)
        });
        patterns.push(pattern?);
    }
    let patience = match back_pressure.as_str() {
        "" => None,
        text => Some(parse_duration(text).map_err(|error| problem("/back_pressure", &error.to_string()))?),
    };
    Ok(Box::new(DropOn {
        path: opening.structure.setup.path.clone(),
        output: opening.output("/output").await?,
        error,
        patterns,
        patience: patience.filter(|patience| !patience.is_zero()),
        turn: Mutex::default(),
    }))
}

#[cfg(test)]
impl DropOn {
    pub(super) fn with_patience(output: Box<dyn Destination>, patience: Duration) -> Self {
        let (path, patterns) = ("output".to_owned(), Vec::new());
        Self { path, output, error: true, patterns, patience: Some(patience), turn: Mutex::default() }
    }
}

#[async_trait]
impl Destination for DropOn {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let _turn = self.turn.lock().await;
        let delivered = match self.patience {
            None => self.output.deliver(batch).await,
            Some(patience) => {
                let delivered = tokio::time::timeout(patience, self.output.deliver(batch)).await;
                delivered.unwrap_or_else(|_| {
                    Err(Refusal::of_all(format!("experienced back pressure beyond: {patience:?}")))
                })
            }
        };
        let Err(mut refusal) = delivered else { return Ok(()) };
        if refusal.declined {
            return Err(refusal);
        }
        let is_dropped =
            |reason: &str| self.error || self.patterns.iter().any(|pattern| pattern.is_match(reason));
        let (dropped, kept): (Vec<_>, Vec<_>) =
            refusal.failures.into_iter().partition(|failure| is_dropped(&failure.reason));
        if let Some(first) = dropped.first() {
            tracing::warn!(path = self.path, error = first.reason, "messages are dropped");
        }
        refusal.failures = kept;
        together([refusal])
    }
}
