//! When a batch is complete, as Bento's batching policies say it.

use std::time::Duration;

#[cfg(test)]
use forebay_metrics::Metrics;
use forebay_pipeline_config::spec::{FieldKind, FieldSpec, FieldType};
use forebay_pipeline_message::Batch;
use forebay_plugins_api::{LostInstance, OpenError};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::Pending;
use super::growth::Growth;
use crate::budget::Budget;
use crate::meters::{BatchMeter, Mechanism};
use crate::structure::check::Check;
use crate::structure::duration::read_duration;
use crate::structure::pauses::random;
use crate::structure::row::Row;
use crate::structure::{self, problem};

/// When a batch is complete, and what is done with it then.
pub(crate) struct Policy {
    count: Option<usize>,
    byte_size: Option<usize>,
    period: Option<Duration>,
    jitter: f64,
    check: Option<Check>,
    /// Whether the check looks at the messages that wait beside the newest one.
    in_context: bool,
    meter: BatchMeter,
    /// What works on a complete batch.
    pub(crate) row: Row,
    /// How large batches are made, where the first of these processors can do so and the check needs no earlier message.
    pub(super) growth: Option<Growth>,
}

#[derive(Deserialize)]
struct Settings {
    count: i64,
    byte_size: i64,
    period: String,
    jitter: f64,
    check: Json,
}

/// The fields of a policy.
pub(crate) fn policy_fields() -> Vec<FieldSpec> {
    vec![
        FieldSpec::new("count", FieldType::Int)
            .with_default(0)
            .with_docs("A batch is complete with so many messages; 0 for any number."),
        FieldSpec::new("byte_size", FieldType::Int)
            .with_default(0)
            .with_docs("A batch is complete when its contents have so many bytes or more; 0 for any size."),
        FieldSpec::new("period", FieldType::String)
            .with_default("")
            .with_docs("How long after the batch before it a batch goes on although it is not complete."),
        FieldSpec::new("jitter", FieldType::Float)
            .with_default(0.0)
            .with_docs("By how much of the period, as a fraction of it, it may be longer by chance.")
            .advanced(),
        FieldSpec::new("check", FieldType::String)
            .in_language("bloblang")
            .with_default("")
            .with_docs("A batch is complete when this says so of the message that was added last."),
        FieldSpec::new("processors", FieldType::Processor)
            .of_kind(FieldKind::Array)
            .with_default(json!([]))
            .with_docs("Work on a complete batch; all that they make of it goes on as one batch.")
            .advanced(),
    ]
}

/// A policy in a field, which may be without any limit: batches then stay as they are.
pub(crate) fn batching_field(name: &str, docs: &str) -> FieldSpec {
    FieldSpec::new(name, FieldType::Object).with_fields(policy_fields()).with_docs(docs)
}

impl Policy {
    /// The policy in a field (the settings themselves, without a name); `None` where it says nothing.
    ///
    /// # Errors
    /// What is wrong with it, or what in it can't be opened.
    pub(crate) async fn open(
        opening: &structure::Opening<'_>,
        field: &str,
        budget: &Budget,
    ) -> Result<Option<Self>, OpenError> {
        let Some(settings) = opening.setup.config.pointer(field) else { return Ok(None) };
        let settings: Settings =
            serde_json::from_value(settings.clone()).map_err(|error| problem(field, &error.to_string()))?;
        let Settings { count, byte_size, period, jitter, check } = settings;
        let limit = |limit: i64| usize::try_from(limit).ok().filter(|limit| *limit > 0);
        let (count, byte_size) = (limit(count), limit(byte_size));
        let list = format!("{field}/processors");
        let row = opening.row(&list).await?;
        let source = source(&check);
        let is_limited = byte_size.is_some() || !source.is_empty() || !period.is_empty();
        if !is_limited && count.is_none_or(|count| count == 1) && row.is_empty() {
            return Ok(None);
        }
        if !is_limited && count.is_none() {
            return Err(problem(field, "batch policy must have at least one active trigger"));
        }
        if byte_size.is_some_and(|bytes| bytes > budget.most()) {
            let message = format!(
                "a batch can't have so many bytes when only {} may be in flight: make it smaller, or \
                 pipeline.in_flight_bytes larger",
                budget.most()
            );
            return Err(problem(&format!("{field}/byte_size"), &message));
        }
        let period = match period.as_str() {
            "" => None,
            text => Some(read_duration(text).map_err(|error| {
                problem(&format!("{field}/period"), &format!("failed to parse duration string: {error}"))
            })?),
        };
        if period.is_none() && byte_size.is_none() && count.is_none() {
            tracing::warn!(
                path = opening.setup.path,
                "a batching policy with nothing but a check has no bound: add a count, byte_size or period"
            );
        }
        let in_context = looks_beside(source);
        let check = opening.check(&format!("{field}/check")).await?;
        let period = period.filter(|period| !period.is_zero());
        let path = format!("{}{}", opening.setup.path, field.replace('/', "."));
        let meter = BatchMeter::of(&opening.metrics(), opening.setup.label.as_deref(), &path);
        let children = opening.children(&list);
        let growth = (!in_context)
            .then(|| Growth::of(opening.components, children, |child| opening.setup_of(child), budget))
            .flatten();
        let jitter = jitter.max(0.0);
        Ok(Some(Self { count, byte_size, period, jitter, check, in_context, meter, row, growth }))
    }

    /// Whether all processors behind it make large batches while they come.
    pub(crate) fn can_stream(&self) -> bool {
        self.growth.as_ref().is_some_and(|growth| growth.processors() == self.row.links().len())
    }

    #[cfg(test)]
    pub(super) fn of(count: Option<usize>, byte_size: Option<usize>, period: Option<Duration>) -> Self {
        let row = Row::new(Vec::new());
        let meter = BatchMeter::of(&Metrics::default(), None, "");
        let growth = None;
        Self { count, byte_size, period, jitter: 0.0, check: None, in_context: false, meter, row, growth }
    }

    /// When a batch goes on in any case, after one that went on at `flushed`.
    pub(super) fn due(&self, flushed: Instant) -> Option<Instant> {
        let period = self.period?;
        Some(flushed + period + period.mul_f64((self.jitter * random()).min(1e6)))
    }

    /// With how many messages of `arrived` the batch that waits is complete; `None` where it is not even with all of
    /// them. Messages that arrived as one batch stay together. `verdicts` keeps what the check said of the messages
    /// at the end of `arrived` from one call to the next.
    pub(super) async fn cut(
        &mut self,
        pending: &Pending,
        arrived: &Batch,
        flushed: Instant,
        verdicts: &mut Option<Vec<bool>>,
    ) -> Option<(usize, Mechanism)> {
        let together = !arrived.independent();
        let by_count = self.cut_by_count(pending).map(|messages| (messages, Mechanism::Count));
        let by_size = self.cut_by_size(pending, arrived).map(|messages| (messages, Mechanism::Size));
        let all = [by_count, by_size].into_iter().flatten();
        let mut first =
            all.filter(|(messages, _)| *messages <= arrived.len()).min_by_key(|(messages, _)| *messages);
        if self.period.is_some_and(|period| flushed.elapsed() > period)
            && first.is_none_or(|(messages, _)| messages > 1)
        {
            first = Some((1, Mechanism::Period));
        }
        if let Some(check) = &mut self.check
            && (first.is_none_or(|(messages, _)| messages > 1) || together)
        {
            let most = first.map_or(arrived.len(), |(messages, _)| messages);
            let said = if self.in_context {
                in_context(check, pending, arrived, most).await
            } else {
                alone(check, arrived, verdicts).await
            };
            let said = said.filter(|messages| first.is_none_or(|(first, _)| *messages < first));
            first = said.map(|messages| (messages, Mechanism::Check)).or(first);
        }
        first.map(|(messages, by)| (if together { arrived.len() } else { messages }, by))
    }

    /// Counts a batch.
    pub(super) fn created(&self, by: Mechanism) {
        self.meter.created(by);
    }

    fn cut_by_count(&self, pending: &Pending) -> Option<usize> {
        self.count.map(|count| count.saturating_sub(pending.messages).max(1))
    }

    fn cut_by_size(&self, pending: &Pending, arrived: &Batch) -> Option<usize> {
        let most = self.byte_size?;
        let (mut bytes, mut messages, mut cut) = (pending.bytes, 0, None);
        arrived.each_payload(|payload| {
            bytes += payload.len();
            messages += 1;
            if bytes >= most && cut.is_none() {
                cut = Some(messages);
            }
        });
        cut
    }
}

/// With how many messages a check that looks at nothing else is met first.
async fn alone(check: &mut Check, arrived: &Batch, verdicts: &mut Option<Vec<bool>>) -> Option<usize> {
    if verdicts.is_none() {
        *verdicts = Some(said(check.of(arrived).await));
    }
    let verdicts = verdicts.as_deref().unwrap_or_default();
    let rest = &verdicts[verdicts.len().saturating_sub(arrived.len())..];
    rest.iter().position(|met| *met).map(|index| index + 1)
}

/// The same for one that looks at the messages that wait: each is looked at as the last one of them.
async fn in_context(check: &mut Check, pending: &Pending, arrived: &Batch, most: usize) -> Option<usize> {
    let before: Vec<Batch> = pending.transactions.iter().map(|part| part.batch().clone()).collect();
    for messages in 1..=most {
        let mut batches = before.clone();
        batches.push(arrived.slice(0, messages)?);
        let batch = Batch::concatenate(&batches)?.with_independent(false);
        if said(check.of(&batch).await).last() == Some(&true) {
            return Some(messages);
        }
    }
    None
}

/// What a check says; what it can't say counts as no.
fn said(verdicts: Result<Vec<Result<bool, String>>, LostInstance>) -> Vec<bool> {
    let verdicts = verdicts.unwrap_or_else(|lost| {
        tracing::error!(error = %lost, "a batch check is lost");
        Vec::new()
    });
    let met = |verdict: Result<bool, String>| {
        verdict.unwrap_or_else(|error| {
            tracing::error!(error, "a batch check can't be evaluated");
            false
        })
    };
    verdicts.into_iter().map(met).collect()
}

/// The text of a check, which can name its language.
fn source(check: &Json) -> &str {
    check.as_str().or_else(|| check.get("code").and_then(Json::as_str)).unwrap_or_default()
}

/// Whether a text may look at other messages of its batch. One that does not is asked about many messages at once.
fn looks_beside(source: &str) -> bool {
    const BESIDE: [&str; 4] = ["batch_index", "batch_size", "from", "from_all"];
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let calls = |word: &&str| {
        source.match_indices(word).any(|(at, _)| {
            let (before, behind) = (&source[..at], &source[at + word.len()..]);
            !before.ends_with(is_of_word) && behind.trim_start().starts_with('(')
        })
    };
    // What is imported may call anything.
    source.contains("import") || BESIDE.iter().any(calls)
}

#[cfg(test)]
mod tests {
    use super::looks_beside;

    #[test]
    fn only_calls_look_beside() {
        for source in
            ["batch_size() == 4", "json(\"a\").from (0)", "this.x.from_all().sum() > 3", "import \"a\""]
        {
            assert!(looks_beside(source), "{source}");
        }
        for source in
            ["this.batch_id == 1", "this.from == \"a\"", "this.valid_from(1)", "@batch_size == \"4\""]
        {
            assert!(!looks_beside(source), "{source}");
        }
    }
}
