//! Collecting messages to batches, wherever a configuration has a batching policy.
//!
//! Batches that come in are added as they are; of one whose messages stand for themselves each is added alone, so that
//! what goes on is cut exactly where the policy says. What goes on settles each batch that it was made of.

mod policy;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use forebay_pipeline_message::{Batch, Transaction};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::budget::{Budget, Hurry};
use crate::channel::{Receiver, Sender, hand_on};
use crate::meters::Mechanism;
use crate::structure::order::in_sequence;
pub(crate) use policy::{Policy, batching_field, policy_fields};

/// How long nothing more may come, while an input ends, before what was collected goes on.
const GRACE: Duration = Duration::from_millis(50);

/// Takes batches and hands on larger ones.
pub(crate) struct Batcher {
    path: String,
    policy: Policy,
    budget: Arc<Budget>,
    from: Receiver,
    to: Sender,
    unsettled: Arc<Unsettled>,
    /// How long nothing more may come before there is hurry.
    grace: Duration,
}

/// Batches that were handed on and are not settled.
#[derive(Default)]
struct Unsettled {
    count: AtomicUsize,
    changed: Notify,
}

/// What waits for a batch to be complete.
#[derive(Default)]
pub(super) struct Pending {
    transactions: Vec<Transaction>,
    messages: usize,
    /// Bytes of contents.
    bytes: usize,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.transactions.is_empty()
    }

    fn add(&mut self, transaction: Transaction) {
        self.messages += transaction.batch().len();
        self.bytes += bytes(transaction.batch());
        self.transactions.push(transaction);
    }
}

impl Batcher {
    pub(crate) fn new(path: &str, policy: Policy, budget: &Arc<Budget>, from: Receiver, to: Sender) -> Self {
        let (path, budget) = (path.to_owned(), Arc::clone(budget));
        Self { path, policy, budget, from, to, unsettled: Arc::default(), grace: GRACE }
    }

    /// The same behind others that collect batches, and whose hurry comes first.
    pub(crate) fn behind_others(self) -> Self {
        Self { grace: 4 * GRACE, ..self }
    }

    /// Works until nothing more comes; what is left then goes on as well.
    pub(crate) async fn run(mut self) {
        let mut pending = Pending::default();
        let mut flushed = Instant::now();
        let mut due = self.policy.due(flushed);
        let handed_on = Arc::clone(&self.unsettled);
        loop {
            let settled = handed_on.changed.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            let unsettled = handed_on.count.load(Ordering::Acquire) > 0;
            tokio::select! {
                biased;
                received = self.from.recv() => match received {
                    Ok(transaction) => self.take(transaction, &mut pending, &mut flushed).await,
                    Err(_) => break,
                },
                // As in Bento, the clock of the period starts anew even where nothing waits.
                () = until(due) => {
                    flushed = Instant::now();
                    due = self.policy.due(flushed);
                    if pending.messages > 0 {
                        self.policy.created(Mechanism::Period);
                    }
                    self.flush(&mut pending).await;
                }
                // What was handed on may be what there is no room for; then more of it does not help.
                () = settled, if unsettled && !pending.is_empty() => {}
                hurry = hurried(&self.budget, unsettled, self.grace), if !pending.is_empty() => {
                    if hurry == Hurry::Stalled {
                        tracing::warn!(
                            path = self.path,
                            messages = pending.messages,
                            most_bytes = self.budget.most(),
                            "a batch goes on before it is complete, because as much is in flight as may be"
                        );
                    }
                    flushed = Instant::now();
                    self.flush(&mut pending).await;
                }
            }
        }
        self.flush(&mut pending).await;
        self.policy.row.close().await;
    }

    async fn take(&mut self, transaction: Transaction, pending: &mut Pending, flushed: &mut Instant) {
        let mut rest = Some(transaction);
        let mut verdicts = None;
        while let Some(transaction) = rest.take() {
            let cut = self.policy.cut(pending, transaction.batch(), *flushed, &mut verdicts).await;
            let Some((messages, by)) = cut else {
                pending.add(transaction);
                return;
            };
            let (first, behind) = transaction.cut(messages);
            pending.add(first);
            self.policy.created(by);
            *flushed = Instant::now();
            self.flush(pending).await;
            rest = behind;
        }
    }

    /// Hands on what is there.
    async fn flush(&mut self, pending: &mut Pending) {
        let Pending { transactions, .. } = std::mem::take(pending);
        let Some(transaction) = together(transactions) else { return };
        let Some(transaction) = self.process(transaction).await else { return };
        self.unsettled.count.fetch_add(1, Ordering::AcqRel);
        let unsettled = Arc::clone(&self.unsettled);
        let watched = transaction.watched(move || {
            if unsettled.count.fetch_sub(1, Ordering::AcqRel) == 1 {
                unsettled.changed.notify_waiters();
            }
        });
        hand_on(&self.to, watched).await;
    }

    /// What the policy's processors make of a batch, as one batch.
    async fn process(&mut self, transaction: Transaction) -> Option<Transaction> {
        if self.policy.row.is_empty() {
            return Some(transaction);
        }
        let results = match self.policy.row.run(transaction.batch().clone()).await {
            Ok(results) => in_sequence(results, transaction.batch()),
            Err(lost) => {
                tracing::error!(path = self.path, error = %lost, "processor lost, the batch is rejected");
                transaction.reject_apart(&lost.to_string());
                return None;
            }
        };
        match transaction.derive(vec![results]) {
            Ok(mut derived) => derived.pop().and_then(|transaction| {
                if transaction.batch().is_empty() {
                    transaction.acknowledge();
                    None
                } else {
                    Some(transaction)
                }
            }),
            Err((transaction, error)) => {
                transaction.reject_apart(&error.to_string());
                None
            }
        }
    }
}

/// Waits until there is need for hurry, and then a moment more for what is on its way here.
async fn hurried(budget: &Budget, patient: bool, grace: Duration) -> Hurry {
    let hurry = budget.hurried(patient).await;
    tokio::time::sleep(grace).await;
    hurry
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// All messages of several transactions as one batch; `None` where there are none, or too many for one.
pub(crate) fn together(mut transactions: Vec<Transaction>) -> Option<Transaction> {
    if transactions.len() == 1
        && let Some(only) = transactions.pop()
    {
        let batch = only.batch().with_independent(false);
        return Some(only.with_batch(batch));
    }
    if transactions.is_empty() {
        return None;
    }
    match Transaction::join(transactions) {
        Ok(transaction) => Some(transaction),
        Err(transactions) => {
            for transaction in transactions {
                transaction.reject("a batch can't have more than 2^32 messages");
            }
            None
        }
    }
}

/// Bytes of the contents of all messages.
pub(crate) fn bytes(batch: &Batch) -> usize {
    let mut bytes = 0;
    batch.each_payload(|payload| bytes += payload.len());
    bytes
}
