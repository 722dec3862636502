use forebay_metrics::{Counter, MetricError, Metrics, Timing};

/// What a writer counts, under `warpstream_agent_segment_batcher_flush_`.
#[derive(Debug, Clone, Default)]
pub struct WriterMetrics {
    pub(super) bytes: Counter,
    pub(super) batches: Counter,
    pub(super) records: Counter,
    pub(super) hedges: Counter,
    pub(super) succeeded: Counter,
    pub(super) put_failed: Counter,
    pub(super) commit_failed: Counter,
    pub(super) put: Timing,
    pub(super) to_commit: Timing,
    pub(super) total: Timing,
}

impl WriterMetrics {
    /// Counts in `metrics`. The default counts for nobody.
    ///
    /// # Errors
    /// When one of the names is taken by a metric of another kind.
    pub fn new(metrics: &Metrics) -> Result<Self, MetricError> {
        let counter = |name: &str, help, labels: &[(&str, &str)]| {
            metrics.counter(&format!("warpstream_agent_segment_batcher_flush_{name}"), help, labels)
        };
        let timing = |name: &str, help| {
            metrics.timing(&format!("warpstream_agent_segment_batcher_flush_{name}"), help, &[])
        };
        let outcome = |outcome| counter("outcome", "What became of segments", &[("outcome", outcome)]);
        Ok(Self {
            bytes: counter("file_size_compressed_bytes", "Bytes of segments that were written", &[])?,
            batches: counter("num_batches", "Batches in segments that were committed", &[])?,
            records: counter("num_records_counter", "Records in segments that were committed", &[])?,
            hedges: counter("hedged_puts", "Puts made a second time under another name", &[])?,
            succeeded: outcome("success")?,
            put_failed: outcome("put_failed")?,
            commit_failed: outcome("commit_failed")?,
            put: timing("put_file_duration", "How long it took to write a segment")?,
            to_commit: timing("to_start_commit_duration", "From the first batch to the start of the commit")?,
            total: timing("total_duration", "From the first batch of a segment to its answers")?,
        })
    }
}
