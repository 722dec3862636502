//! What is in flight: how much, and whom to tell when it has landed.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_pipeline_message::{Batch, Duty, Held, Outcome, Rejection, ResponseStore, Transaction};
use forebay_plugins_api::{Settlement, Token, Wakes};
use tokio::sync::Notify;

use crate::budget::{Budget, Weight};
use crate::meters::{InputMeter, Received};
use crate::reread::{Left, Numbers, Pass, Read};

/// Streams of which is kept what is left.
const MOST_LEFT: usize = 4096;

/// What one input of a pipeline has in flight.
#[derive(Debug)]
pub(crate) struct Sky {
    budget: Arc<Budget>,
    batches: Mutex<usize>,
    landed: Notify,
    failed: Mutex<VecDeque<FailedBatch>>,
    failed_changed: Notify,
    /// Whether nobody sends anything again.
    is_grounded: AtomicBool,
}

/// Settlements that wait to be handed to one instance of an input, and what that input is measured by.
#[derive(Debug)]
pub(crate) struct Settlements {
    waiting: Mutex<Vec<Settlement>>,
    /// What is still to be delivered of streams that the input reads again.
    left: Mutex<HashMap<Token, Left>>,
    wakes: Arc<Wakes>,
    meter: InputMeter,
}

/// A batch of the source until it is settled. Dropping it makes room for the next.
#[derive(Debug)]
pub(crate) struct Flight {
    sky: Arc<Sky>,
    /// Its bytes, until somebody has them.
    held: Mutex<Option<Held>>,
    /// Taken when the flight has landed.
    destination: Option<Destination>,
    /// Why it failed for good; set only where failed messages are not sent again.
    rejected: Mutex<Option<Rejection>>,
}

/// Who sends again what fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// The host, which keeps it in memory until it is delivered.
    Host,
    /// The input, when it is told.
    Input,
    Nobody,
}

/// Whom to tell.
#[derive(Debug)]
enum Destination {
    /// The input, about a batch of its own, and what was responded to it, where the input takes responses.
    Token(Token, Arc<Settlements>, Option<ResponseStore>),
    /// The stream that the batch was scanned from, which messages of that it has, and how many.
    Stream(Arc<StreamFlight>, Numbers, usize),
    /// Who has handed over the duty for the batch.
    Duty(Duty),
    /// Nobody: whoever handed it out has been told already.
    Nobody,
}

/// Rejects what waits to be sent again when it is dropped: nobody will send it.
pub(crate) struct Grounded<'s>(pub(crate) &'s Arc<Sky>);

impl Drop for Grounded<'_> {
    fn drop(&mut self) {
        let failed = {
            let mut failed = self.0.failed.lock().unwrap_or_else(PoisonError::into_inner);
            self.0.is_grounded.store(true, Ordering::Release);
            std::mem::take(&mut *failed)
        };
        drop(failed);
    }
}

/// A stream until everything that was scanned from it is settled.
#[derive(Debug)]
pub(crate) struct StreamFlight {
    token: Token,
    settlements: Arc<Settlements>,
    kind: StreamKind,
    /// What was left of it before.
    earlier: Option<Left>,
    pass: Mutex<Option<Pass>>,
}

/// Who tries again what is rejected of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamKind {
    /// The input, which is told to read it again.
    ReadAgain,
    /// Others or nobody, although the input does so with other streams: it is told not to.
    ReadOnce,
    /// Others or nobody, always.
    Final,
}

/// A batch to be sent again. Its flight counts as rejected when nobody does so.
#[derive(Debug)]
pub(crate) struct FailedBatch {
    pub(crate) attempts: u32,
    inner: Option<Failed>,
}

#[derive(Debug)]
struct Failed {
    batch: Batch,
    held: Option<Held>,
    rejection: Rejection,
    flight: Arc<Flight>,
}

impl FailedBatch {
    /// Why it failed, and what of it is to be sent again: all of these parts of the batch, which has the indexes that
    /// the rejection names.
    pub(crate) fn sent_again(
        mut self,
        parts: impl FnOnce(Batch, &Rejection) -> Vec<Batch>,
    ) -> Vec<Transaction> {
        let Some(Failed { batch, held, rejection, flight }) = self.inner.take() else { return Vec::new() };
        let again = |part| flight.transaction_of(part, held.clone(), self.attempts + 1, Again::Host);
        parts(batch, &rejection).into_iter().map(again).collect()
    }
}

impl Drop for FailedBatch {
    fn drop(&mut self) {
        if let Some(Failed { rejection, flight, .. }) = self.inner.take() {
            flight.set_rejected(rejection);
        }
    }
}

impl Sky {
    /// One with nothing in it, whose batches count for `budget`.
    pub(crate) fn new(budget: &Arc<Budget>) -> Arc<Self> {
        Arc::new(Self {
            budget: Arc::clone(budget),
            batches: Mutex::default(),
            landed: Notify::new(),
            failed: Mutex::default(),
            failed_changed: Notify::new(),
            is_grounded: AtomicBool::new(false),
        })
    }

    /// Notes that a part of the input could not be read, or was rejected for good.
    pub(crate) fn note_incomplete(&self) {
        self.budget.note_incomplete();
    }

    /// Waits until there is room for another batch.
    ///
    /// # Cancel safety
    /// Safe: it owns nothing.
    pub(crate) async fn room(&self) {
        self.budget.room().await;
    }

    /// Waits until nothing of this input is in flight. Whoever collects batches lets go of them meanwhile.
    ///
    /// # Cancel safety
    /// Safe: it owns nothing.
    pub(crate) async fn empty(&self) {
        self.budget.ending(self.until_empty()).await;
    }

    async fn until_empty(&self) {
        loop {
            let landed = self.landed.notified();
            tokio::pin!(landed);
            landed.as_mut().enable();
            if *self.batches() == 0 {
                return;
            }
            landed.await;
        }
    }

    fn batches(&self) -> MutexGuard<'_, usize> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch to be sent again.
    ///
    /// # Cancel safety
    /// Safe: a batch is taken out only when it is returned.
    pub(crate) async fn next_failed(&self) -> FailedBatch {
        loop {
            let changed = self.failed_changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let next = self.failed.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            if let Some(next) = next {
                return next;
            }
            changed.await;
        }
    }

    fn fail(&self, failed: FailedBatch) {
        // Bounded: what fails was in flight, and that is.
        let mut all = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_grounded.load(Ordering::Acquire) {
            drop(all);
            return drop(failed);
        }
        all.push_back(failed);
        drop(all);
        self.failed_changed.notify_waiters();
    }

    fn add(&self, bytes: usize) -> Weight {
        *self.batches() += 1;
        self.budget.add(bytes)
    }

    fn remove(&self) {
        self.budget.remove();
        *self.batches() -= 1;
        self.landed.notify_waiters();
    }
}

impl Settlements {
    pub(crate) fn new(wakes: &Arc<Wakes>, meter: &InputMeter) -> Arc<Self> {
        let (wakes, meter) = (Arc::clone(wakes), meter.clone());
        Arc::new(Self { waiting: Mutex::default(), left: Mutex::default(), wakes, meter })
    }

    /// What is left of a stream that was rejected.
    pub(crate) fn take_left(&self, token: Token) -> Option<Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).remove(&token)
    }

    /// Keeps that. Where an input leaves many unread it reads all of the others again.
    fn leave(&self, token: Token, left: Left) {
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MOST_LEFT {
            all.insert(token, left);
        }
    }

    /// All that wait, to be handed over now.
    pub(crate) fn take(&self) -> Vec<Settlement> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        self.wakes.settlements_taken();
        std::mem::take(&mut waiting)
    }

    /// All that wait, to be handed over now, and how many of them the input is to read something again for: what was
    /// tried and failed, and not only not reached.
    pub(crate) fn take_counted(&self) -> (Vec<Settlement>, usize) {
        let taken = self.take();
        let failed = taken.iter().filter(|settlement| self.is_failed(settlement)).count();
        (taken, failed)
    }

    /// Whether something waits there that was tried and failed.
    pub(crate) fn has_rejected(&self) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.iter().any(
            |settlement| matches!(&settlement.outcome, Outcome::Rejected(rejection) if !rejection.declined),
        )
    }

    /// Whether something waits there that failed, and not only what was not reached.
    pub(crate) fn has_failed(&self) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.iter().any(|settlement| self.is_failed(settlement))
    }

    fn is_failed(&self, settlement: &Settlement) -> bool {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        match &settlement.outcome {
            Outcome::Rejected(rejection) if !rejection.declined => {
                rejection.messages.as_ref().is_none_or(|messages| !messages.is_empty())
                    && left.get(&settlement.token).is_none_or(Left::has_rejected)
            }
            _ => false,
        }
    }

    fn push(&self, settlement: Settlement) {
        // Under the lock, so that a wake is not taken back by a `take` that came before it.
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(settlement);
        self.wakes.settlement();
    }
}

impl Flight {
    /// A batch that an input has handed out under a token. Responses to it, where the input takes any, are in
    /// `responses` when it has landed.
    pub(crate) fn of_token(
        sky: &Arc<Sky>,
        batch: &Batch,
        token: Token,
        settlements: &Arc<Settlements>,
        responses: Option<ResponseStore>,
    ) -> Arc<Self> {
        Self::new(sky, batch, Destination::Token(token, Arc::clone(settlements), responses))
    }

    /// A batch that was scanned from a stream.
    pub(crate) fn of_stream(
        sky: &Arc<Sky>,
        batch: &Batch,
        stream: &Arc<StreamFlight>,
        numbers: Numbers,
    ) -> Arc<Self> {
        Self::new(sky, batch, Destination::Stream(Arc::clone(stream), numbers, batch.len()))
    }

    /// A batch of a buffer, by the bytes of its contents.
    pub(crate) fn of_buffer(sky: &Arc<Sky>, bytes: usize) -> Arc<Self> {
        Self::of_bytes(sky, bytes, Destination::Nobody)
    }

    /// The batch of a transaction, which is settled when this has landed.
    pub(crate) fn of_transaction(sky: &Arc<Sky>, transaction: Transaction) -> (Arc<Self>, Batch) {
        let (held, bytes) = (transaction.held().cloned(), transaction.batch().byte_size());
        let (batch, duty) = transaction.into_parts();
        let flight = Self::of_bytes(sky, bytes, Destination::Duty(duty));
        if let Some(held) = held {
            let mut own = flight.held.lock().unwrap_or_else(PoisonError::into_inner);
            *own = Some(Held::new((own.take(), held)));
        }
        (flight, batch)
    }

    fn new(sky: &Arc<Sky>, batch: &Batch, destination: Destination) -> Arc<Self> {
        Self::of_bytes(sky, batch.byte_size(), destination)
    }

    fn of_bytes(sky: &Arc<Sky>, bytes: usize, destination: Destination) -> Arc<Self> {
        let held = Held::new(sky.add(bytes));
        Arc::new(Self {
            sky: Arc::clone(sky),
            held: Mutex::new(Some(held)),
            destination: Some(destination),
            rejected: Mutex::default(),
        })
    }

    /// The transaction of the batch of this flight.
    pub(crate) fn transaction(self: &Arc<Self>, batch: Batch, again: Again) -> Transaction {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.transaction_of(batch, held, 1, again)
    }

    /// The transaction of a batch of this flight, or of a part of it, that is tried for the so manieth time.
    fn transaction_of(
        self: &Arc<Self>,
        batch: Batch,
        held: Option<Held>,
        attempts: u32,
        again: Again,
    ) -> Transaction {
        let flight = Arc::clone(self);
        // The bytes count as long as they are kept here.
        let kept = (again == Again::Host).then(|| (batch.clone(), held.clone()));
        let (batch, received) = self.received(batch);
        let transaction = Transaction::new(batch, move |outcome| {
            received.into_iter().for_each(Received::settled);
            // What is sent again may be a part, whose indexes are not those of the whole.
            let of_whole = |rejection: Rejection| match attempts {
                1 => rejection,
                _ => rejection.of_all(),
            };
            match (outcome, kept) {
                (Outcome::Acknowledged, _) => {}
                (Outcome::Rejected(rejection), _) if rejection.declined => {
                    flight.set_rejected(of_whole(rejection));
                }
                (Outcome::Rejected(rejection), Some((batch, held))) => {
                    let sky = Arc::clone(&flight.sky);
                    sky.fail(FailedBatch {
                        attempts,
                        inner: Some(Failed { batch, held, rejection, flight }),
                    });
                }
                (Outcome::Rejected(rejection), None) => {
                    if again == Again::Nobody && !flight.is_answered() {
                        flight.sky.note_incomplete();
                    }
                    flight.set_rejected(of_whole(rejection));
                }
            }
        });
        match held {
            Some(held) => transaction.holding(held),
            None => transaction,
        }
    }

    /// Whether who waits for an answer is told what became of it.
    fn is_answered(&self) -> bool {
        matches!(self.destination, Some(Destination::Token(_, _, Some(_))))
    }

    /// Counts a batch where it comes in; it is then as it is to go on.
    fn received(&self, batch: Batch) -> (Batch, Option<Received>) {
        let settlements = match &self.destination {
            Some(Destination::Token(_, settlements, _)) => settlements,
            Some(Destination::Stream(stream, ..)) => &stream.settlements,
            Some(Destination::Duty(_) | Destination::Nobody) | None => return (batch, None),
        };
        let (batch, received) = settlements.meter.received(batch);
        (batch, Some(received))
    }

    fn set_rejected(&self, rejection: Rejection) {
        let mut rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        *rejected = Some(match rejected.take() {
            None => rejection,
            // The indexes of parts are not those of the whole.
            Some(first) => {
                let (apart, declined) = (first.apart | rejection.apart, first.declined & rejection.declined);
                Rejection { apart, declined, ..first.of_all() }
            }
        });
    }
}

impl Drop for Flight {
    /// The last transaction of the batch is settled.
    fn drop(&mut self) {
        let rejected = self.rejected.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        match (self.destination.take(), rejected) {
            (Some(Destination::Token(token, settlements, responses)), rejected) => {
                let outcome = rejected.map_or(Outcome::Acknowledged, Outcome::Rejected);
                let responses = responses.map(|responses| responses.take()).unwrap_or_default();
                settlements.push(Settlement { token, outcome, responses });
            }
            (Some(Destination::Stream(stream, numbers, messages)), rejected) => {
                stream.with_pass(|pass| match rejected {
                    Some(rejection) => pass.rejected(rejection, &numbers, messages),
                    None => pass.delivered(messages),
                });
            }
            (Some(Destination::Duty(duty)), Some(rejection)) if rejection.declined => {
                duty.decline(&rejection.reason);
            }
            (Some(Destination::Duty(duty)), Some(rejection)) => duty.reject(&rejection.reason),
            (Some(Destination::Duty(duty)), None) => duty.acknowledge(),
            (Some(Destination::Nobody) | None, _) => {}
        }
        // Last: the source waits for an empty sky, then takes the settlements for the last time. That of
        // a stream is made when the last of its flights lets go of it, which is done by now.
        self.sky.remove();
    }
}

impl StreamFlight {
    /// That of a stream, or of what is left of it.
    pub(crate) fn new(
        token: Token,
        settlements: &Arc<Settlements>,
        kind: StreamKind,
        earlier: Option<Left>,
    ) -> Arc<Self> {
        let pass = Mutex::new(Some(Pass::over(earlier.as_ref())));
        Arc::new(Self { token, settlements: Arc::clone(settlements), kind, earlier, pass })
    }

    /// Says that the stream can't be delivered as a whole, however often it is read.
    pub(crate) fn fail(&self, reason: String) {
        self.with_pass(|pass| pass.broke(reason));
    }

    /// Says that the scanner was stopped before the message with this number.
    pub(crate) fn stop_at(&self, number: u64, reason: &str) {
        self.with_pass(|pass| match self.kind {
            StreamKind::ReadAgain => pass.stopped_at(number, reason),
            StreamKind::ReadOnce | StreamKind::Final => pass.broke(reason.to_owned()),
        });
    }

    /// Whether to stop the scanner: the input reads again what is rejected, and hardly anything is delivered.
    pub(crate) fn is_in_vain(&self) -> bool {
        let mut is_in_vain = false;
        self.with_pass(|pass| is_in_vain = pass.is_in_vain());
        is_in_vain && self.kind == StreamKind::ReadAgain
    }

    /// What of it is wanted, where that is not all.
    pub(crate) fn earlier(&self) -> Option<&Left> {
        self.earlier.as_ref()
    }

    fn with_pass(&self, note: impl FnOnce(&mut Pass)) {
        if let Some(pass) = &mut *self.pass.lock().unwrap_or_else(PoisonError::into_inner) {
            note(pass);
        }
    }

    fn outcome(&mut self) -> Outcome {
        let pass = self.pass.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let rejected = |reason, messages, declined| {
            Outcome::Rejected(Rejection { reason, messages, reasons: Vec::new(), apart: false, declined })
        };
        // None of its messages are to be read again.
        let none = (self.kind != StreamKind::Final).then(Vec::new);
        match pass.map_or(Read::Delivered, |pass| pass.end(self.earlier.as_ref())) {
            Read::Delivered => Outcome::Acknowledged,
            Read::Broken(reason) => rejected(reason, none, false),
            Read::Again { left, reason, is_declined } => {
                let again = self.kind == StreamKind::ReadAgain;
                if again {
                    self.settlements.leave(self.token, left);
                }
                rejected(reason, if again { None } else { none }, again && is_declined)
            }
        }
    }
}

impl Drop for StreamFlight {
    /// The scanner is done with the stream, and so is every batch of it.
    fn drop(&mut self) {
        let outcome = self.outcome();
        self.settlements.push(Settlement::new(self.token, outcome));
    }
}

#[cfg(test)]
mod tests;
