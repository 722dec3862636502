//! The channels between tasks, through which batches go.

use forebay_pipeline_message::Transaction;

/// Batches that wait between two tasks. What is in flight is bounded by bytes elsewhere; this only keeps a fast task
/// from running far ahead of a slow one.
const QUEUE: usize = 16;

pub(crate) type Sender = async_channel::Sender<Transaction>;
pub(crate) type Receiver = async_channel::Receiver<Transaction>;

/// Both ends of a channel between two tasks.
pub(crate) fn channel() -> (Sender, Receiver) {
    async_channel::bounded(QUEUE)
}

/// Sends a batch on its way.
///
/// Whoever receives does so until the channel ends, or the pipeline is given up: the transaction then fails by itself.
/// A receiver that goes earlier would have its senders try for ever.
pub(crate) async fn hand_on(to: &Sender, transaction: Transaction) {
    let _ = to.send(transaction).await;
}

/// Sends all that comes on its way.
pub(crate) async fn hand_on_all(from: Receiver, to: Sender) {
    while let Ok(transaction) = from.recv().await {
        hand_on(&to, transaction).await;
    }
}
