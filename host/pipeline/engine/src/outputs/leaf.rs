use async_trait::async_trait;
use forebay_pipeline_message::{Batch, Transaction};
use tokio::sync::oneshot;

use super::{Destination, Refusal, delivered};

/// An output behind a channel.
pub(super) struct Leaf(pub(super) async_channel::Sender<Transaction>);

#[async_trait]
impl Destination for Leaf {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        hand_over(&self.0, batch).await
    }
}

/// Sends a batch through a channel and waits for what becomes of it.
pub(crate) async fn hand_over(to: &async_channel::Sender<Transaction>, batch: Batch) -> Result<(), Refusal> {
    let (tell, told) = oneshot::channel();
    let transaction = Transaction::new(batch, move |outcome| {
        // Nobody listens only when the pipeline is given up.
        let _ = tell.send(outcome);
    });
    // A transaction that nobody takes any more says itself that it failed.
    let _ = to.send(transaction).await;
    told.await.map_or_else(|_| Err(Refusal::of_all("the output has ended")), delivered)
}
