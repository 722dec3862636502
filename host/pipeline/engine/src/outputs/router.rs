//! The task of a pipeline's output, where that is one of the host.

use forebay_pipeline_message::Transaction;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::{Destination, settle};
use crate::chain::Chain;
use crate::channel::Receiver;

/// Batches that may be under way at once. How many each output inside has at once is its own affair, and those that wait
/// for it must not keep others from theirs; what is in flight is bounded by bytes elsewhere.
const MOST_UNDER_WAY: usize = 100_000;

/// Hands on what comes, until nothing more does and everything is settled.
pub(crate) struct Router {
    pub(crate) path: String,
    pub(crate) processors: Chain,
    pub(crate) destination: Box<dyn Destination>,
    pub(crate) from: Receiver,
}

impl Router {
    pub(crate) async fn run(self) {
        let Self { path, mut processors, destination, from } = self;
        let mut under_way = FuturesUnordered::new();
        loop {
            let has_room = under_way.len() < MOST_UNDER_WAY;
            tokio::select! {
                biased;
                Some(()) = under_way.next(), if !under_way.is_empty() => {}
                received = from.recv(), if has_room => match received {
                    Ok(transaction) => {
                        for transaction in processors.process(transaction).await {
                            under_way.push(hand_on(&*destination, transaction, &path));
                        }
                    }
                    Err(_) => break,
                },
            }
        }
        while under_way.next().await.is_some() {}
        processors.close().await;
    }
}

async fn hand_on(destination: &dyn Destination, transaction: Transaction, path: &str) {
    let result = destination.deliver(transaction.batch().clone()).await;
    if let Err(refusal) = &result {
        tracing::error!(path, error = refusal.reason(), "messages were not delivered");
    }
    settle(transaction, result);
}
