use std::time::Duration;

use forebay_metrics::{Counter, MetricError, Metrics, Timing};
use forebay_storage_log::{Cleaned, Compacted};

/// What a job is measured by: `warpstream_agent_run_and_ack_job_latency{job,outcome}`, and what it removed and wrote.
pub(super) struct JobMeasures {
    success: Timing,
    error: Timing,
    runs: Counter,
    deleted: Counter,
    failed: Counter,
    written: Counter,
    superseded: Counter,
}

impl JobMeasures {
    pub(super) fn new(metrics: &Metrics, job: &str) -> Result<Self, MetricError> {
        let timing = |outcome| {
            let labels = [("job", job), ("outcome", outcome)];
            metrics.timing("warpstream_agent_run_and_ack_job_latency", "How long jobs took", &labels)
        };
        let outcome = |outcome| {
            let labels = [("job", job), ("outcome", outcome)];
            let help = "Objects that jobs deleted or could not delete";
            metrics.counter("warpstream_agent_deadscanner_outcomes", help, &labels)
        };
        let counter = |name: &str, help: &str| metrics.counter(name, help, &[("job", job)]);
        Ok(Self {
            success: timing("success")?,
            error: timing("error")?,
            runs: counter(
                "warpstream_agent_job_removed_runs",
                "Runs of records that jobs removed from the index",
            )?,
            deleted: outcome("deleted")?,
            failed: outcome("failed")?,
            written: counter("warpstream_agent_job_written_bytes", "Bytes of segments that jobs wrote anew")?,
            superseded: counter(
                "warpstream_agent_job_superseded_records",
                "Records that compaction by key left out",
            )?,
        })
    }

    pub(super) fn took(&self, time: Duration, is_done: bool) {
        let timing = if is_done { &self.success } else { &self.error };
        timing.observe(time);
    }

    pub(super) fn cleaned(&self, job: &str, cleaned: Cleaned) {
        let Cleaned { runs, objects, failed, is_more: _ } = cleaned;
        self.runs.inc_by(runs as u64);
        self.deleted.inc_by(objects as u64);
        self.failed.inc_by(failed as u64);
        if runs + objects + failed > 0 {
            tracing::debug!(job, runs, objects, failed, "cleaned");
        }
    }

    pub(super) fn compacted(&self, job: &str, compacted: Compacted) {
        let Compacted { segments, runs, bytes, records, in_vain, is_more: _ } = compacted;
        self.runs.inc_by(runs as u64);
        self.written.inc_by(bytes);
        self.superseded.inc_by(records);
        if segments > 0 {
            tracing::debug!(job, segments, runs, bytes, records, in_vain, "compacted");
        }
    }
}
