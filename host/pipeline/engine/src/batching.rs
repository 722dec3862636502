//! Collecting messages to batches, wherever a configuration has a batching policy.
//!
//! Batches that come in are added as they are; of one whose messages stand for themselves each is added alone, so that
//! what goes on is cut exactly where the policy says. What goes on settles each batch that it was made of.
//!
//! Messages that failed maybe because of one among them go on by themselves: nothing is collected to them.

mod growth;
mod lanes;
mod policy;
mod streamed;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use forebay_pipeline_message::{Batch, Transaction, Tried};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::budget::{Budget, Hurry};
use crate::channel::{Receiver, Sender, hand_on};
use crate::meters::Mechanism;
use crate::structure::order::in_sequence;
use growth::{Fault, Growing, Grown};
use lanes::Lanes;
pub(crate) use policy::{Policy, batching_field, policy_fields};
pub(crate) use streamed::Parcel;

/// How long nothing more may come, while an input ends, before what was collected goes on.
const GRACE: Duration = Duration::from_millis(50);
/// After so many times that long what was collected goes on although there comes more and more.
const MOST_GRACES: u32 = 10;

/// Takes batches and hands on larger ones.
pub(crate) struct Batcher {
    path: String,
    policy: Policy,
    budget: Arc<Budget>,
    from: Receiver,
    to: Outlet,
    unsettled: Arc<Unsettled>,
    /// How long nothing more may come before there is hurry.
    grace: Duration,
    /// Keys of metadata: messages of which a value differs are not collected to one batch.
    keys: Vec<String>,
}

/// Where batches go on to.
enum Outlet {
    Channel(Sender),
    /// An output that takes streams as well.
    Output(async_channel::Sender<Parcel>),
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
    /// What of it is being made already, before all else.
    growing: Option<Growing>,
    transactions: Vec<Transaction>,
    messages: usize,
    /// Bytes of contents.
    bytes: usize,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.transactions.is_empty() && self.growing.is_none()
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
        let (to, unsettled) = (Outlet::Channel(to), Arc::default());
        Self { path, policy, budget, from, to, unsettled, grace: GRACE, keys: Vec::new() }
    }

    /// One whose batches go to an output that takes large ones while they are made.
    pub(crate) fn streaming(
        path: &str,
        mut policy: Policy,
        budget: &Arc<Budget>,
        from: Receiver,
        to: async_channel::Sender<Parcel>,
    ) -> Self {
        if let Some(growth) = &mut policy.growth {
            growth.stream_to(to.clone());
        }
        let (path, budget) = (path.to_owned(), Arc::clone(budget));
        let (to, unsettled) = (Outlet::Output(to), Arc::default());
        Self { path, policy, budget, from, to, unsettled, grace: GRACE, keys: Vec::new() }
    }

    /// The same, which collects what has different values under these keys of metadata apart. It goes by the first
    /// message of what comes, and makes large batches in one piece.
    pub(crate) fn with_lanes(mut self, keys: Vec<String>) -> Self {
        if !keys.is_empty() {
            self.policy.growth = None;
        }
        Self { keys, ..self }
    }

    /// The same behind others that collect batches, and whose hurry comes first.
    pub(crate) fn behind_others(self) -> Self {
        Self { grace: 4 * GRACE, ..self }
    }

    /// Works until nothing more comes; what is left then goes on as well.
    pub(crate) async fn run(mut self) {
        let mut lanes = Lanes::new(std::mem::take(&mut self.keys), &self.policy);
        let handed_on = Arc::clone(&self.unsettled);
        let mut hurrying = None;
        loop {
            // Before more is taken, which may be there whenever somebody looks.
            self.flush_overdue(&mut lanes).await;
            self.flush_where_hurry_lasts(&mut lanes, &mut hurrying).await;
            let settled = handed_on.changed.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            let unsettled = handed_on.count.load(Ordering::Acquire) > 0;
            tokio::select! {
                biased;
                received = self.from.recv() => match received {
                    Ok(transaction) => {
                        let lane = lanes.of(transaction.batch(), &self.policy);
                        let before = lane.flushed;
                        self.take(transaction, &mut lane.pending, &mut lane.flushed).await;
                        if lane.flushed != before {
                            lane.due = self.policy.due(lane.flushed);
                        }
                    }
                    Err(_) => break,
                },
                () = until(lanes.due()) => {}
                // What was handed on may be what there is no room for; then more of it does not help.
                () = settled, if unsettled && lanes.any_waits() => {}
                hurry = hurried(&self.budget, unsettled, self.grace), if lanes.any_waits() => {
                    self.flush_hurrying(&mut lanes, hurry).await;
                }
            }
            lanes.forget_empty();
        }
        for lane in lanes.all() {
            self.flush(&mut lane.pending).await;
        }
        self.policy.row.close().await;
        if let Some(growth) = &mut self.policy.growth {
            growth.close().await;
        }
    }

    /// Hands on what has waited for a period.
    async fn flush_overdue(&mut self, lanes: &mut Lanes) {
        let now = Instant::now();
        if lanes.due().is_none_or(|due| due > now) {
            return;
        }
        // As in Bento, the clock of the period starts anew even where nothing waits.
        for lane in lanes.overdue(now) {
            lane.due = self.policy.due(lane.flushed);
            if lane.pending.messages > 0 {
                self.policy.created(Mechanism::Period);
            }
            self.flush(&mut lane.pending).await;
        }
    }

    /// Hands on what waits where there is hurry for long, and comes more and more: nobody waits for that to end.
    /// `since`: when it was seen first, while it lasts.
    async fn flush_where_hurry_lasts(&mut self, lanes: &mut Lanes, since: &mut Option<Instant>) {
        let is_unsettled = self.unsettled.count.load(Ordering::Acquire) > 0;
        let hurry = self.budget.hurry_now(is_unsettled).filter(|_| lanes.any_waits());
        let Some(hurry) = hurry else {
            *since = None;
            return;
        };
        let now = Instant::now();
        if *since.get_or_insert(now) + self.grace * MOST_GRACES <= now {
            *since = None;
            self.flush_hurrying(lanes, hurry).await;
        }
    }

    /// Hands on all that waits, because somebody waits for it.
    async fn flush_hurrying(&mut self, lanes: &mut Lanes, hurry: Hurry) {
        if hurry == Hurry::Stalled {
            tracing::warn!(
                path = self.path,
                messages = lanes.messages(),
                most_bytes = self.budget.most(),
                "a batch goes on before it is complete, because as much is in flight as may be"
            );
        }
        for lane in lanes.all().filter(|lane| !lane.pending.is_empty()) {
            lane.flushed = Instant::now();
            lane.due = self.policy.due(lane.flushed);
            self.flush(&mut lane.pending).await;
        }
    }

    async fn take(&mut self, transaction: Transaction, pending: &mut Pending, flushed: &mut Instant) {
        if transaction.batch().tried() == Tried::Apart {
            let mut alone = Pending::default();
            alone.add(transaction);
            return self.flush_whole(alone).await;
        }
        let mut rest = Some(transaction);
        let mut verdicts = None;
        while let Some(transaction) = rest.take() {
            let cut = self.policy.cut(pending, transaction.batch(), *flushed, &mut verdicts).await;
            let Some((messages, by)) = cut else {
                pending.add(transaction);
                self.grow(pending).await;
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

    /// Begins to make a batch that is large, or goes on with it.
    async fn grow(&mut self, pending: &mut Pending) {
        let Some(growth) = &mut self.policy.growth else { return };
        if pending.growing.is_none() {
            let Some(first) = pending.transactions.first().filter(|_| growth.is_for(pending.bytes)) else {
                return;
            };
            match growth.begin(first.batch(), &self.budget).await {
                Ok(growing) => pending.growing = Some(growing),
                // Nothing was taken of it: it is made in one piece.
                Err(fault) => return growth.refuse(&self.path, &fault, pending.messages).await,
            }
        }
        let Some(growing) = &mut pending.growing else { return };
        let mut waiting = std::mem::take(&mut pending.transactions).into_iter();
        while let Some(transaction) = waiting.next() {
            if let Err(fault) = growth.add(growing, transaction).await {
                pending.transactions = waiting.collect();
                return self.give_up(pending, &fault).await;
            }
        }
    }

    /// Rejects all that waits.
    async fn give_up(&mut self, pending: &mut Pending, fault: &Fault) {
        let Pending { growing, transactions, .. } = std::mem::take(pending);
        let Some(growth) = &mut self.policy.growth else { return };
        tracing::error!(path = self.path, error = fault.reason, "a batch can't be made, and is rejected");
        if let Some(growing) = growing {
            growth.abort(growing, &mut self.policy.row, fault).await;
        }
        let duties = transactions.into_iter().map(|transaction| transaction.into_parts().1);
        growth.reject(duties.collect(), fault);
    }

    /// Hands on what is there.
    async fn flush(&mut self, pending: &mut Pending) {
        if pending.growing.is_none() {
            return self.flush_whole(std::mem::take(pending)).await;
        }
        self.grow(pending).await;
        let (Some(growth), Some(growing)) = (&mut self.policy.growth, &mut pending.growing) else { return };
        match growth.finish(growing, &mut self.policy.row).await {
            Ok(grown) => {
                let made = growth.processors();
                *pending = Pending::default();
                if let Grown::Kept(transaction) = grown {
                    self.hand_on(made, transaction).await;
                }
            }
            Err(fault) => self.give_up(pending, &fault).await,
        }
    }

    /// Hands on what was not begun to be made.
    async fn flush_whole(&mut self, pending: Pending) {
        if let Some(growth) = &mut self.policy.growth {
            growth.made_whole(pending.messages);
        }
        if let Some(transaction) = together(pending.transactions) {
            self.hand_on(0, transaction).await;
        }
    }

    /// Hands a batch on, which the first so many processors have made.
    async fn hand_on(&mut self, made: usize, transaction: Transaction) {
        let Some(transaction) = self.process(made, transaction).await else { return };
        self.unsettled.count.fetch_add(1, Ordering::AcqRel);
        let unsettled = Arc::clone(&self.unsettled);
        let watched = transaction.watched(move || {
            if unsettled.count.fetch_sub(1, Ordering::AcqRel) == 1 {
                unsettled.changed.notify_waiters();
            }
        });
        match &self.to {
            Outlet::Channel(to) => hand_on(to, watched).await,
            Outlet::Output(to) => {
                // As with any channel: it ends only when the pipeline is given up.
                let _ = to.send(Parcel::Whole(watched)).await;
            }
        }
    }

    /// What the policy's processors make of a batch, as one batch: those behind the first so many.
    async fn process(&mut self, made: usize, transaction: Transaction) -> Option<Transaction> {
        let row = &mut self.policy.row;
        if row.links().len() <= made {
            return Some(transaction);
        }
        let results = match row.run_behind(made, transaction.batch().clone()).await {
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
