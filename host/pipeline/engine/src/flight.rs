//! What is in flight, and whom to tell when it has landed.

mod settlements;
mod sky;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use forebay_pipeline_message::{Batch, Duty, Held, Outcome, Rejection, ResponseStore, Transaction};
use forebay_plugins_api::{Settlement, Token};

use crate::meters::Received;
use crate::reread::Numbers;
pub(crate) use settlements::Settlements;
pub(crate) use sky::{FailedBatch, Grounded, Sky};
pub(crate) use stream::{StreamFlight, StreamKind};

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
                    sky.fail(FailedBatch::new(attempts, batch, held, rejection, flight));
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
            Some(Destination::Stream(stream, ..)) => stream.settlements(),
            Some(Destination::Duty(_) | Destination::Nobody) | None => return (batch, None),
        };
        let (batch, received) = settlements.received(batch);
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
