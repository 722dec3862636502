use std::sync::Arc;

use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::Transaction;
use forebay_plugins_api::OpenError;
use serde::Deserialize;

use super::{Opening, Own, spec};
use crate::batching::{Batcher, Policy, bytes, policy_fields};
use crate::budget::Budget;
use crate::channel::{Receiver, Sender, channel, hand_on};
use crate::flight::{Again, Flight, Sky};
use crate::ground::Work;
use crate::meters::BufferMeter;
use crate::replay::{pause, sending_again};
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
    /// That of the pipeline.
    pipeline: Arc<Budget>,
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
    let pipeline = Arc::clone(budget);
    let budget = Arc::new(pipeline.beside(limit));
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
        pipeline,
        limit,
        spillover,
        from,
        to: waiting,
    };
    let mut works: Vec<Work> = vec![Box::pin(memory.run())];
    let collected = match policy {
        Some(policy) => {
            let (to, collected) = channel();
            works.push(Box::pin(Batcher::new(&path, policy, &budget, leaving, to).run()));
            collected
        }
        None => leaving,
    };
    works.push(Box::pin(async move {
        while let Ok(transaction) = collected.recv().await {
            hand_on(&to, super::leaving(&meter, transaction)).await;
        }
    }));
    Ok(works)
}

impl Memory {
    async fn run(self) {
        let (sky, to) = (Arc::clone(&self.sky), self.to.clone());
        sending_again(&sky, &to, pause, self.take()).await;
    }

    /// Takes what comes, then waits until everything is delivered.
    async fn take(self) {
        let mut dropped: u64 = 0;
        while let Ok(transaction) = self.from.recv().await {
            self.meter.received(transaction.batch());
            let mut rest = Some(transaction);
            while let Some(transaction) = rest.take() {
                let (first, behind) = self.that_fits(transaction);
                rest = behind;
                self.add(first, &mut dropped).await;
            }
        }
        self.sky.empty().await;
    }
    /// Of messages that stand for themselves as many as the buffer has room for when it is empty, and the others.
    fn that_fits(&self, transaction: Transaction) -> (Transaction, Option<Transaction>) {
        if !transaction.batch().independent() || bytes(transaction.batch()) <= self.limit {
            return (transaction, None);
        }
        let (mut sum, mut fit) = (0_usize, 0);
        transaction.batch().each_payload(|payload| {
            sum = sum.saturating_add(payload.len());
            fit += usize::from(sum <= self.limit);
        });
        transaction.cut(fit.max(1))
    }

    async fn add(&self, transaction: Transaction, dropped: &mut u64) {
        let batch = transaction.batch().clone();
        let bytes = bytes(&batch);
        if bytes > self.limit {
            tracing::error!(path = self.path, bytes, limit = self.limit, "a batch is larger than the buffer");
            self.pipeline.note_incomplete();
            // Another try would do no better.
            return transaction.decline("the batch is larger than the buffer: raise its limit");
        }
        if self.spillover && !self.budget.has_room_for(bytes) {
            *dropped += 1;
            if dropped.is_power_of_two() {
                tracing::warn!(path = self.path, dropped, "the buffer is full, batches are dropped");
            }
            return transaction.acknowledge();
        }
        self.budget.room_for(bytes).await;
        let flight = Flight::of_buffer(&self.sky, bytes);
        transaction.acknowledge();
        hand_on(&self.to, self.meter.traced(flight.transaction(batch, Again::Host))).await;
    }
}
