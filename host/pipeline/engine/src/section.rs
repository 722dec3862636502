//! A part of a pipeline that runs by itself: processors, with the caches, the rate limits and the other processors that they use.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use forebay_lifecycle::Threads;
use forebay_pipeline_config::{Excerpt, Problem};
use forebay_pipeline_message::{Batch, Outcome, Transaction};
use forebay_plugins_api::{Components, Resources, Wakes};

use crate::caches::RunningCaches;
use crate::chain::{Chain, Link};
use crate::check;
use crate::meters::ProcessorMeter;
use crate::rate_limits;
use crate::run::{Identity, setup};

/// How long caches may take to close.
const CLOSING: Duration = Duration::from_secs(5);

/// Processors that are given batches by hand. Their shadows don't run.
pub struct Section {
    chain: Chain,
    caches: RunningCaches,
}

impl Section {
    /// Opens processors and caches.
    ///
    /// # Errors
    /// All of them that can't be opened, in the order of their file; never empty.
    pub async fn open(
        identity: &Identity,
        excerpt: &Excerpt,
        components: &Arc<dyn Components>,
        threads: &Threads,
    ) -> Result<Self, Vec<Problem>> {
        let Excerpt { processors, caches, rate_limits, resources } = excerpt;
        let resources = Resources::new(resources.iter().cloned());
        let wakes = Arc::new(Wakes::default());
        let mut problems = Vec::new();
        let limits = rate_limits::open(identity, rate_limits, &components.metrics(), &mut problems);
        let caches = RunningCaches::open(
            &identity.file,
            caches,
            components,
            |config, caches| setup(identity, config, &wakes, caches, limits.clone(), Resources::default()),
            (threads, 0),
            &mut problems,
        )
        .await;
        let mut links = Vec::new();
        for config in processors {
            let caches = caches.caches.clone();
            let setup = setup(identity, config, &wakes, caches, limits.clone(), resources.clone());
            match components.open_processor(setup).await {
                Ok(processor) => links.push(Link {
                    path: config.path.clone(),
                    name: config.name.clone(),
                    processor,
                    shadow: None,
                    meter: ProcessorMeter::of(&components.metrics(), &components.tracer(), config),
                }),
                Err(error) => problems.extend(check::problems(&identity.file, config, "", &error)),
            }
        }
        if problems.is_empty() {
            return Ok(Self { chain: Chain::new(links), caches });
        }
        problems.sort_by_key(|problem| (problem.line, problem.column));
        Err(problems)
    }

    /// What the processors make of batches, each processor of all of them before the next one of any. Messages that
    /// fail come out flagged; with the results comes why batches were rejected, if some were.
    pub async fn process(&mut self, batches: Vec<Batch>) -> (Vec<Batch>, Option<String>) {
        let rejected = Arc::new(Mutex::new(None));
        let note = |outcome: Outcome, rejected: &Mutex<Option<String>>| {
            if let Outcome::Rejected(rejection) = outcome {
                rejected.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(rejection.reason);
            }
        };
        let transactions = batches.into_iter().map(|batch| {
            let rejected = Arc::clone(&rejected);
            Transaction::new(batch, move |outcome| note(outcome, &rejected))
        });
        let results = self.chain.process_all(transactions.collect()).await;
        let batches = results
            .into_iter()
            .map(|transaction| {
                let batch = transaction.batch().clone();
                transaction.acknowledge();
                batch
            })
            .collect();
        let rejected = rejected.lock().unwrap_or_else(PoisonError::into_inner).take();
        (batches, rejected)
    }

    pub async fn close(mut self) {
        self.chain.close().await;
        self.caches.close(CLOSING).await;
    }
}

impl std::fmt::Debug for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Section").finish_non_exhaustive()
    }
}
