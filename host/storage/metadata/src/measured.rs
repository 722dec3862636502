use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_lifecycle::clock;
use forebay_metrics::{MetricError, Metrics, Timing};

use crate::{Decorated, Decorator, MetadataStore, Operation, StoreFailure};

/// Times what a store is asked for: `warpstream_agent_control_plane_operation_latency{operation,outcome}`. What the
/// store refuses is an error too; waits are not timed.
#[derive(Debug)]
pub struct Measured {
    timings: BTreeMap<Operation, Outcomes>,
}

#[derive(Debug)]
struct Outcomes {
    success: Timing,
    error: Timing,
}

impl Measured {
    /// Counts in `metrics` what `store` does.
    ///
    /// # Errors
    /// When the name is taken by a metric of another kind.
    pub fn new(store: Arc<dyn MetadataStore>, metrics: &Metrics) -> Result<Decorated<Self>, MetricError> {
        let timing = |operation: Operation, outcome| {
            let labels = [("operation", operation.name()), ("outcome", outcome)];
            let help = "How long the metadata store took to answer";
            metrics.timing("warpstream_agent_control_plane_operation_latency", help, &labels)
        };
        let mut timings = BTreeMap::new();
        for operation in Operation::ALL.iter().copied().filter(|operation| !operation.is_wait()) {
            let outcomes =
                Outcomes { success: timing(operation, "success")?, error: timing(operation, "error")? };
            timings.insert(operation, outcomes);
        }
        Ok(Decorated::new(store, Self { timings }))
    }
}

impl Decorator for Measured {
    async fn around<T: Send, E: From<StoreFailure> + Send>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let started = clock::now();
        let result = work.await;
        if let Some(Outcomes { success, error }) = self.timings.get(&operation) {
            let timing = if result.is_ok() { success } else { error };
            timing.observe(clock::now().saturating_duration_since(started));
        }
        result
    }
}
