use async_trait::async_trait;
use forebay_pipeline_message::{Batch, Outcome, Transaction};
use tokio::sync::{Mutex, oneshot};

use super::{Destination, Refusal, delivered};
use crate::channel::{Sender, hand_on};

/// An output behind a channel.
pub(super) struct Leaf {
    to: Sender,
    /// The channel by itself lets who comes late pass by those who wait.
    turn: Mutex<()>,
}

impl Leaf {
    pub(super) fn new(to: Sender) -> Self {
        Self { to, turn: Mutex::default() }
    }
}

#[async_trait]
impl Destination for Leaf {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let (transaction, told) = told(batch);
        let turn = self.turn.lock().await;
        hand_on(&self.to, transaction).await;
        drop(turn);
        outcome(told).await
    }
}

/// Sends a batch through a channel and waits for what becomes of it.
pub(crate) async fn hand_over(to: &Sender, batch: Batch) -> Result<(), Refusal> {
    let (transaction, told) = told(batch);
    hand_on(to, transaction).await;
    outcome(told).await
}

/// A transaction, and what becomes of it.
pub(super) fn told(batch: Batch) -> (Transaction, oneshot::Receiver<Outcome>) {
    let (tell, told) = oneshot::channel();
    let transaction = Transaction::new(batch, move |outcome| {
        // Nobody listens only when the pipeline is given up.
        let _ = tell.send(outcome);
    });
    (transaction, told)
}

pub(super) async fn outcome(told: oneshot::Receiver<Outcome>) -> Result<(), Refusal> {
    told.await.map_or_else(|_| Err(Refusal::of_all("the output has ended")), delivered)
}
