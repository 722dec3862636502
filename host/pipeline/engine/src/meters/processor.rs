use std::time::Instant;

use forebay_lifecycle::clock;
use forebay_metrics::{Counter, Metrics, Timing};
use forebay_pipeline_config::ComponentConfig;
use forebay_pipeline_message::{Batch, Origins, Processed};

use super::batches;
use super::series::Series;

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
    pub(crate) fn of(metrics: &Metrics, config: &ComponentConfig) -> Self {
        let blame = match config.name.as_str() {
            "noop" | "metric" | "resource" => return Self(None),
            "cached" | "catch" | "for_each" | "group_by" | "parallel" | "processors" | "retry" | "switch"
            | "try" | "while" | "workflow" => Blame::None,
            "branch" => Blame::Except("processors failed: "),
            _ => Blame::All,
        };
        let series = Series::of(metrics, config.label.as_ref().map(|label| label.as_str()), &config.path);
        Self(Some(Inner {
            received: series.counter("processor_received", "Messages that a processor was given"),
            batch_received: series.counter("processor_batch_received", "Batches that a processor was given"),
            sent: series.counter("processor_sent", "Messages that a processor has made"),
            batch_sent: series.counter("processor_batch_sent", "Batches that a processor has made"),
            error: series.counter(ERROR, ERROR_HELP),
            latency: series.timing("processor_latency_ns", "How long a processor takes for a batch"),
            blame,
        }))
    }

    /// Counts what a processor is given.
    pub(crate) fn begin(&self, source: &Batch) -> Option<Instant> {
        let inner = self.0.as_ref()?;
        inner.received.inc_by(source.len() as u64);
        inner.batch_received.inc_by(batches(source));
        Some(clock::now())
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

    /// Counts what it makes of that; nothing, where it was lost.
    pub(crate) fn end(&self, begun: Option<Instant>, source: &Batch, results: Option<&[Processed]>) {
        let (Some(inner), Some(begun)) = (&self.0, begun) else { return };
        let count = batches(source).max(1);
        inner.latency.observe_times(begun.elapsed() / u32::try_from(count).unwrap_or(u32::MAX), count);
        let Some(results) = results else {
            inner.error.inc_by(source.len() as u64);
            return;
        };
        inner.sent.inc_by(results.iter().map(|result| result.batch.len() as u64).sum());
        inner.batch_sent.inc_by(results.iter().map(|result| batches(&result.batch)).sum());
        let failed: usize = results.iter().map(|result| inner.blame.failed(source, result)).sum();
        inner.error.inc_by(failed as u64);
    }
}

impl Blame {
    /// How many messages of a result this is so for.
    fn failed(self, source: &Batch, result: &Processed) -> usize {
        let Some((_, count)) = result.batch.errors() else { return 0 };
        let is_own = |error: &str| match self {
            Self::All => true,
            Self::None => false,
            Self::Except(start) => !error.starts_with(start),
        };
        match self {
            Self::None => 0,
            Self::All if source.errors().is_none() => count,
            Self::All | Self::Except(_) => {
                let errors = result.batch.iter().map(|message| message.error()).enumerate();
                errors
                    .filter_map(|(index, error)| Some((index, error?)))
                    .filter(|(index, error)| is_own(error) && !had(source, &result.origins, *index, error))
                    .count()
            }
        }
    }
}

/// Whether a message that another one comes from had this error already.
fn had(source: &Batch, origins: &Origins, index: usize, error: &str) -> bool {
    let has = |index: usize| source.get(index).is_some_and(|message| message.error() == Some(error));
    match origins {
        Origins::Same => has(index),
        Origins::Each(each) => each.get(index).is_some_and(|index| has(*index as usize)),
        Origins::Sets(sets) => {
            sets.get(index).is_some_and(|set| set.iter().any(|index| has(*index as usize)))
        }
        Origins::Whole => (0..source.len()).any(has),
    }
}

/// The errors of a processor that contains others, where it counts its own.
pub(crate) fn own_errors(metrics: &Metrics, label: Option<&str>, path: &str) -> Counter {
    Series::of(metrics, label, path).counter(ERROR, ERROR_HELP)
}
