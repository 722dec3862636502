//! Shadows: processors that get the same batches as others, and whose results are compared and dropped.
//!
//! A shadow runs in a task of its own and is fed through a short queue. What it has no time for is left out
//! and counted; what it traps on, waits for or gets wrong is its own affair. The main path pays for handing
//! a batch over, and for the CPU that the shadow takes away from it.

mod compare;
mod report;

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Threads};
use forebay_metrics::Metrics;
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{LostInstance, Processor, Setup};
use futures_util::future::{BoxFuture, join_all};

use crate::chain::outcome;
use crate::shadow::compare::compare;
use crate::shadow::report::{Report, Side};

/// Batches that may wait for a shadow. Short: each keeps its memory alive beyond what counts as in flight.
const QUEUE: usize = 8;
/// How long a pipeline that has ended waits for what its shadows still have to do.
const LAST_BATCHES: Duration = Duration::from_secs(1);

/// What a processor gave for a batch.
#[derive(Debug, Clone)]
pub(crate) enum Given {
    Results(Vec<Processed>),
    /// It returned an error.
    Failed(String),
    /// Its instance was lost.
    Lost(LostInstance),
}

/// A batch, and what the main processor made of it.
struct Case {
    source: Batch,
    given: Given,
    cpu: Duration,
}

/// The end of a shadow that the main path holds.
pub(crate) struct ShadowFeed {
    to: async_channel::Sender<Case>,
    report: Arc<Report>,
}

/// A shadow, before its task runs.
pub(crate) struct Shadow {
    processor: Box<dyn Processor>,
    from: async_channel::Receiver<Case>,
    report: Arc<Report>,
}

impl ShadowFeed {
    /// Hands a batch over, unless the shadow lags behind.
    pub(crate) fn offer(&self, source: &Batch, given: &Given, cpu: Duration) {
        let case = Case { source: source.without_responses(), given: given.clone(), cpu };
        if self.to.try_send(case).is_err() {
            self.report.left_out();
        }
    }
}

impl Shadow {
    pub(crate) fn new(
        processor: Box<dyn Processor>,
        setup: &Setup,
        metrics: &Metrics,
        secrets: Arc<[String]>,
    ) -> (Self, ShadowFeed) {
        let report = Arc::new(Report::new(setup, metrics, secrets));
        let (to, from) = async_channel::bounded(QUEUE);
        (Self { processor, from, report: Arc::clone(&report) }, ShadowFeed { to, report })
    }

    /// Works until nothing more is handed over.
    async fn run(mut self) {
        while let Ok(Case { source, given, cpu }) = self.from.recv().await {
            let before = self.processor.cpu();
            let shadowed = outcome(self.processor.as_mut(), source.clone()).await;
            let own = self.processor.cpu().saturating_sub(before);
            self.report.cost(Side::Main, source.len(), cpu);
            self.report.cost(Side::Shadow, source.len(), own);
            self.report.compared(&compare(source.len(), &given, &shadowed), &shadowed);
        }
        self.processor.close().await;
    }
}

/// The tasks of all shadows of a pipeline.
pub(crate) struct Running {
    tasks: Vec<BoxFuture<'static, ()>>,
    give_up: Shutdown,
}

/// Starts shadows on the threads from `first` on.
pub(crate) fn spawn(shadows: Vec<Shadow>, threads: &Threads, first: usize, give_up: &Shutdown) -> Running {
    let give_up = give_up.child_token();
    let mut tasks: Vec<BoxFuture<'static, ()>> = Vec::new();
    for (index, shadow) in shadows.into_iter().enumerate() {
        let stop = give_up.clone();
        let task = threads.spawn(first + index, "a shadow", async move {
            tokio::select! {
                () = shadow.run() => {}
                () = stop.cancelled() => {}
            }
        });
        tasks.push(Box::pin(async move {
            if let Err(error) = task.await {
                tracing::error!(%error, "a shadow failed");
            }
        }));
    }
    Running { tasks, give_up }
}

impl Running {
    /// Waits a little for what is still to be compared; then it is given up.
    pub(crate) async fn end(self) {
        let ended = tokio::time::timeout(LAST_BATCHES, join_all(self.tasks)).await;
        if ended.is_err() {
            self.give_up.cancel();
        }
    }
}
