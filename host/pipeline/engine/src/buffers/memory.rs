use std::sync::Arc;

use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_plugins_api::OpenError;
use serde::Deserialize;

use super::{Opening, Own, Receiver, Sender, spec};
use crate::batching::{Batcher, Policy, bytes, policy_fields};
use crate::budget::Budget;
use crate::flight::{Flight, Grounded, Sky};
use crate::ground::{QUEUE, Work};
use crate::meters::BufferMeter;
use crate::replay::{pause, replay};
use crate::structure::problem;

pub(super) const OWN: Own =
    Own { name: "memory", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let enabled = FieldSpec::new("enabled", FieldType::Bool)
        .with_default(false)
        .with_docs("Whether what leaves the buffer is collected to batches.");
    let policy = [enabled].into_iter().chain(policy_fields()).collect();
    let fields = vec![
        FieldSpec::new("limit", FieldType::Int)
            .with_default(524_288_000)
            .with_docs("Bytes of contents that may wait."),
        FieldSpec::new("spillover", FieldType::Bool)
            .with_default(false)
            .with_docs("Whether what there is no room for is dropped, instead of holding the input up.")
            .advanced(),
        FieldSpec::new("batch_policy", FieldType::Object)
            .with_fields(policy)
            .with_docs("Collects what leaves the buffer to batches.")
            .advanced(),
    ];
    let summary = "Takes messages from the input at once and keeps them in memory until they are delivered. What waits \
                   is lost when the process ends without warning.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(fields))
}

#[derive(Deserialize)]
struct Settings {
    limit: i64,
    spillover: bool,
    batch_policy: Enabled,
}

#[derive(Deserialize)]
struct Enabled {
    enabled: bool,
}

struct Memory {
    path: String,
    meter: Arc<BufferMeter>,
    sky: Arc<Sky>,
    budget: Arc<Budget>,
    limit: usize,
    spillover: bool,
    from: Receiver,
    to: Sender,
}

async fn open(opening: Opening<'_>) -> Result<Vec<Work>, OpenError> {
    let Opening { structure, budget, meter, from, to, .. } = opening;
    let Settings { limit, spillover, batch_policy } = structure.settings()?;
    let Some(limit) = usize::try_from(limit).ok().filter(|limit| *limit > 0) else {
        return Err(problem("/limit", "a buffer needs room for at least one byte"));
    };
    let budget = Arc::new(budget.beside(limit));
    let policy = match batch_policy {
        Enabled { enabled: true } => Policy::open(&structure, "/batch_policy", &budget).await?,
        Enabled { enabled: false } => None,
    };
    let path = structure.setup.path.clone();
    // All that waits is in this channel, so it has no bound but that of the budget.
    let (waiting, leaving) = async_channel::unbounded();
    let sky = Sky::new(&budget);
    let memory = Memory {
        path: path.clone(),
        meter: Arc::clone(&meter),
        sky,
        budget: Arc::clone(&budget),
        limit,
        spillover,
        from,
        to: waiting,
    };
    let mut works: Vec<Work> = vec![Box::pin(memory.run())];
    let collected = match policy {
        Some(policy) => {
            let (to, collected) = async_channel::bounded(QUEUE);
            works.push(Box::pin(Batcher { path, policy, budget, from: leaving, to }.run()));
            collected
        }
        None => leaving,
    };
    works.push(Box::pin(async move {
        while let Ok(transaction) = collected.recv().await {
            // Nobody receives only when the pipeline is given up; the transaction then fails by itself.
            let _ = to.send(super::leaving(&meter, transaction)).await;
        }
    }));
    Ok(works)
}

impl Memory {
    async fn run(self) {
        let (sky, to) = (Arc::clone(&self.sky), self.to.clone());
        let _grounded = Grounded(&sky);
        tokio::select! {
            () = self.take() => {}
            () = replay(Arc::clone(&sky), to, pause) => {}
        }
    }

    /// Takes what comes, then waits until everything is delivered.
    async fn take(self) {
        let mut dropped: u64 = 0;
        while let Ok(transaction) = self.from.recv().await {
            let batch = transaction.batch().clone();
            self.meter.received(&batch);
            let bytes = bytes(&batch);
            if bytes > self.limit {
                tracing::error!(
                    path = self.path,
                    bytes,
                    limit = self.limit,
                    "a batch is larger than the buffer"
                );
                transaction.reject("the batch is larger than the buffer: raise its limit");
                continue;
            }
            if self.spillover && !self.budget.has_room_for(bytes) {
                dropped += 1;
                if dropped.is_power_of_two() {
                    tracing::warn!(path = self.path, dropped, "the buffer is full, batches are dropped");
                }
                transaction.acknowledge();
                continue;
            }
            self.budget.room_for(bytes).await;
            let flight = Flight::of_buffer(&self.sky, bytes);
            transaction.acknowledge();
            // As above.
            let _ = self.to.send(flight.transaction(batch, 1, true)).await;
        }
        self.sky.empty().await;
    }
}
