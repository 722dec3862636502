use std::collections::BTreeMap;
use std::time::Instant;

use forebay_lifecycle::clock;
use forebay_metrics::{Counter, Metrics, Timing};
use forebay_pipeline_config::ComponentConfig;
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::LostInstance;
use forebay_traces::Tracer;

use super::batches;
use super::series::Series;
use crate::spans::{OpenSpans, Traced, back_into};

const ERROR: &str = "processor_error";
const ERROR_HELP: &str = "Messages that a processor has failed for";

/// What a processor is measured by; nothing, where Bento does not measure it.
#[derive(Default)]
pub(crate) struct ProcessorMeter(Option<Inner>);

struct Inner {
    received: Counter,
    batch_received: Counter,
    sent: Counter,
    batch_sent: Counter,
    error: Counter,
    latency: Timing,
    blame: Blame,
    traced: Traced,
    /// Whether what runs inside is part of its spans.
    holds: bool,
}

/// A batch that a processor works on.
pub(crate) struct Begun {
    at: Instant,
    inside: Option<(Batch, OpenSpans)>,
}

impl Begun {
    /// The batch as the processor is to see it, where that is another one than it was given.
    pub(crate) fn inside(&self) -> Option<&Batch> {
        self.inside.as_ref().map(|(batch, _)| batch)
    }
}

/// Which messages that come out flagged a processor has failed for itself.
#[derive(Clone, Copy)]
enum Blame {
    All,
    /// None: it is others inside that fail, and what fails for itself it counts by [`own_errors`].
    None,
    /// Those whose error does not begin with this.
    Except(&'static str),
}

impl ProcessorMeter {
    pub(crate) fn of(metrics: &Metrics, tracer: &Tracer, config: &ComponentConfig) -> Self {
        let blame = match config.name.as_str() {
            "noop" | "metric" | "resource" => return Self(None),
            "cached" | "catch" | "for_each" | "group_by" | "parallel" | "processors" | "retry" | "switch"
            | "try" | "while" | "workflow" => Blame::None,
            "branch" => Blame::Except("processors failed: "),
            _ => Blame::All,
        };
        let label = config.label.as_ref().map(|label| label.as_str());
        let series = Series::of(&config.metric_naming.of(metrics), label, &config.path);
        Self(Some(Inner {
            received: series.counter("processor_received", "Messages that a processor was given"),
            batch_received: series.counter("processor_batch_received", "Batches that a processor was given"),
            sent: series.counter("processor_sent", "Messages that a processor has made"),
            batch_sent: series.counter("processor_batch_sent", "Batches that a processor has made"),
            error: series.counter(ERROR, ERROR_HELP),
            latency: series.timing("processor_latency_ns", "How long a processor takes for a batch"),
            blame,
            traced: Traced::of(tracer, config.name.as_str(), label, &config.path),
            holds: matches!(config.name.as_str(), "branch" | "workflow"),
        }))
    }

    /// Counts what a processor is given.
    pub(crate) fn begin(&self, source: &Batch) -> Option<Begun> {
        let inner = self.0.as_ref()?;
        inner.received.inc_by(source.len() as u64);
        inner.batch_received.inc_by(batches(source));
        let inside = if inner.holds { inner.traced.open(source) } else { None };
        Some(Begun { at: clock::now(), inside })
    }

    /// Counts that one message was made of so many, one after the other, or that this failed.
    pub(crate) fn grown(&self, messages: usize, begun: Instant, is_made: bool) {
        let Some(inner) = &self.0 else { return };
        inner.received.inc_by(messages as u64);
        inner.batch_received.inc_by(1);
        inner.latency.observe_times(begun.elapsed(), 1);
        if is_made {
            inner.sent.inc_by(1);
            inner.batch_sent.inc_by(1);
        } else {
            inner.error.inc_by(messages as u64);
        }
    }

    /// Counts what it makes of that, and gives it back as the next one is to see it.
    ///
    /// # Errors
    /// It was lost, and stays so.
    pub(crate) fn end(
        &self,
        begun: Option<Begun>,
        source: &Batch,
        results: Result<Vec<Processed>, LostInstance>,
    ) -> Result<Vec<Processed>, LostInstance> {
        let (Some(inner), Some(Begun { at, inside })) = (&self.0, begun) else { return results };
        let count = batches(source).max(1);
        inner.latency.observe_times(at.elapsed() / u32::try_from(count).unwrap_or(u32::MAX), count);
        match &results {
            Err(_) => inner.error.inc_by(source.len() as u64),
            Ok(results) => {
                inner.sent.inc_by(results.iter().map(|result| result.batch.len() as u64).sum());
                inner.batch_sent.inc_by(results.iter().map(|result| batches(&result.batch)).sum());
                let failed: usize = results.iter().map(|result| inner.blame.failed(source, result)).sum();
                inner.error.inc_by(failed as u64);
            }
        }
        if inner.traced.is_on() {
            let failures = inner.blame.failures(source, &results);
            let error = |index: usize| failures.get(&index).map(String::as_str);
            match inside {
                Some((_, spans)) => {
                    spans.end(error);
                    return results.map(|results| back_into(source, results));
                }
                None => inner.traced.over(source, at, error),
            }
        }
        results
    }
}

impl Blame {
    /// How many messages of a result this is so for.
    fn failed(self, source: &Batch, result: &Processed) -> usize {
        let Some((_, count)) = result.batch.errors() else { return 0 };
        match self {
            Self::None => 0,
            Self::All if source.errors().is_none() => count,
            Self::All | Self::Except(_) => self.own(source, result).count(),
        }
    }

    /// The messages of a result that this is so for, and their errors.
    fn own<'r>(self, source: &'r Batch, result: &'r Processed) -> impl Iterator<Item = (usize, &'r str)> {
        let is_own = move |error: &str| match self {
            Self::All => true,
            Self::None => false,
            Self::Except(start) => !error.starts_with(start),
        };
        let errors = result.batch.iter().map(|message| message.error()).enumerate();
        errors
            .filter_map(|(index, error)| Some((index, error?)))
            .filter(move |(index, error)| is_own(error) && !had(source, &result.origins, *index, error))
    }

    /// What the processor failed for, by the indexes of the messages that it was given.
    fn failures(
        self,
        source: &Batch,
        results: &Result<Vec<Processed>, LostInstance>,
    ) -> BTreeMap<usize, String> {
        let results = match results {
            Ok(results) => results,
            Err(lost) => return (0..source.len()).map(|index| (index, lost.to_string())).collect(),
        };
        let mut failures = BTreeMap::new();
        for result in results.iter().filter(|result| result.batch.errors().is_some()) {
            for (index, error) in self.own(source, result) {
                for source in sources(&result.origins, index, source.len()) {
                    failures.entry(source).or_insert_with(|| error.to_owned());
                }
            }
        }
        failures
    }
}

/// The messages that one of a result comes from.
fn sources(origins: &Origins, index: usize, messages: usize) -> Vec<usize> {
    match origins {
        Origins::Same => vec![index],
        Origins::Each(each) => each.get(index).map(|index| *index as usize).into_iter().collect(),
        Origins::Sets(sets) => {
            sets.get(index).map_or_else(Vec::new, |set| set.iter().map(|index| *index as usize).collect())
        }
        Origins::Whole => (0..messages).collect(),
    }
}

/// Whether a message that another one comes from had this error already.
fn had(source: &Batch, origins: &Origins, index: usize, error: &str) -> bool {
    let has = |index: usize| source.get(index).is_some_and(|message| message.error() == Some(error));
    match origins {
        Origins::Same => has(index),
        Origins::Each(each) => each.get(index).is_some_and(|index| has(*index as usize)),
        Origins::Sets(_) | Origins::Whole => sources(origins, index, source.len()).into_iter().any(has),
    }
}

/// The errors of a processor that contains others, where it counts its own.
pub(crate) fn own_errors(metrics: &Metrics, label: Option<&str>, path: &str) -> Counter {
    Series::of(metrics, label, path).counter(ERROR, ERROR_HELP)
}
