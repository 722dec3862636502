use forebay_metrics::{Counter, Metrics};

use super::series::Series;

/// What made a batch complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mechanism {
    Count,
    Size,
    Period,
    Check,
}

/// What a batching policy is measured by.
pub(crate) struct BatchMeter {
    count: Counter,
    size: Counter,
    period: Counter,
    check: Counter,
}

impl BatchMeter {
    /// `path` is that of the policy: `input.broker.batching`, say.
    pub(crate) fn of(metrics: &Metrics, label: Option<&str>, path: &str) -> Self {
        let series = Series::of(metrics, label, path);
        let created = |mechanism: &str| {
            let own = Some(("mechanism", mechanism));
            series.counter_with("batch_created", "Batches that a policy has made", own)
        };
        Self {
            count: created("count"),
            size: created("size"),
            period: created("period"),
            check: created("check"),
        }
    }

    pub(crate) fn created(&self, by: Mechanism) {
        match by {
            Mechanism::Count => &self.count,
            Mechanism::Size => &self.size,
            Mechanism::Period => &self.period,
            Mechanism::Check => &self.check,
        }
        .inc();
    }
}
