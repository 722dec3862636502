//! Messages that go to an output while they are made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use forebay_pipeline_message::{Batch, Duty, Outcome, Rejection, Transaction};
use forebay_plugins_api::ByteStream;
use tokio::sync::{mpsc, oneshot};

use super::growth::Fault;

/// Pieces that wait for the output.
const PIECES: usize = 4;

/// What comes to an output that takes streams.
pub(crate) enum Parcel {
    Whole(Transaction),
    /// A message without its payload, and that.
    Stream(Transaction, Box<dyn ByteStream>),
}

/// The end of a stream at which it is made.
pub(super) struct Streaming {
    to: Option<mpsc::Sender<Vec<u8>>>,
    finished: Option<oneshot::Sender<()>>,
    owed: Arc<Owed>,
}

/// What is owed for a stream.
#[derive(Default)]
struct Owed {
    duties: Mutex<Vec<Duty>>,
    is_whole: AtomicBool,
}

/// The end at which it is read.
struct Pieces {
    from: mpsc::Receiver<Vec<u8>>,
    rest: Bytes,
    end: End,
}

/// Whether all pieces have come.
enum End {
    /// That will be said.
    Open(oneshot::Receiver<()>),
    Whole,
    GivenUp,
}

/// Begins a stream to an output. Its metadata is that of the first message.
pub(super) async fn begin(output: &async_channel::Sender<Parcel>, first: &Batch) -> Result<Streaming, Fault> {
    let (to, from) = mpsc::channel(PIECES);
    let (finished, is_finished) = oneshot::channel();
    let owed = Arc::new(Owed::default());
    let of_output = Arc::clone(&owed);
    let errors = first.errors().map(|(error, _)| error.to_owned());
    let head = first.emptied();
    let head = match &errors {
        Some(error) => head.flagged(error),
        None => head,
    };
    let head = Transaction::new(head, move |outcome| of_output.settle(outcome));
    let payload = Pieces { from, rest: Bytes::new(), end: End::Open(is_finished) };
    let parcel = Parcel::Stream(head, Box::new(payload));
    // As with other channels, the output goes only when the pipeline is given up.
    output.send(parcel).await.map_err(|_| gone())?;
    Ok(Streaming { to: Some(to), finished: Some(finished), owed })
}

fn gone() -> Fault {
    Fault { reason: "the output has given the message up".to_owned(), apart: false, whole: false }
}

impl Streaming {
    pub(super) fn owe(&self, duty: Duty) {
        self.owed.lock().push(duty);
    }

    /// Waits until there is room.
    pub(super) async fn write(&self, piece: Vec<u8>) -> Result<(), Fault> {
        let Some(to) = &self.to else { return Err(gone()) };
        to.send(piece).await.map_err(|_| gone())
    }

    /// Says that this was all.
    pub(super) fn finish(&mut self) {
        self.owed.is_whole.store(true, Ordering::Release);
        if let Some(finished) = self.finished.take()
            && finished.send(()).is_err()
        {
            // The output has gone before the end, which it did not know of: it can't have delivered it.
            self.owed.is_whole.store(false, Ordering::Release);
            let rejection = Rejection {
                reason: gone().reason,
                messages: None,
                reasons: Vec::new(),
                apart: false,
                declined: false,
            };
            Outcome::Rejected(rejection).settle(self.owed.take());
        }
        self.to = None;
    }

    /// Gives the message up; what is still owed for it.
    pub(super) fn give_up(self) -> Vec<Duty> {
        self.owed.take()
    }
}

impl Owed {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Duty>> {
        self.duties.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Duty> {
        std::mem::take(&mut *self.lock())
    }

    fn settle(&self, outcome: Outcome) {
        if outcome == Outcome::Acknowledged && !self.is_whole.load(Ordering::Acquire) {
            // Whoever makes it learns that nobody reads any more, and rejects its messages.
            tracing::error!("an output says that it has delivered a message before its end");
            return;
        }
        outcome.settle(self.take());
    }
}

#[async_trait]
impl ByteStream for Pieces {
    async fn read(&mut self, most: usize) -> Result<Bytes, String> {
        while self.rest.is_empty() {
            if let Some(piece) = self.from.recv().await {
                self.rest = piece.into();
                continue;
            }
            match &mut self.end {
                End::Open(finished) => {
                    self.end = if finished.await.is_ok() { End::Whole } else { End::GivenUp };
                }
                End::Whole => return Ok(Bytes::new()),
                End::GivenUp => return Err("the message was given up before its end".to_owned()),
            }
        }
        Ok(self.rest.split_to(most.min(self.rest.len())))
    }
}
