//! What a guest offers, and those who take it: one after the other, in the order in which they ask.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use forebay_pipeline_message::Batch;
use tokio::sync::{Notify, oneshot};

/// Batches that wait for somebody to take them.
#[derive(Debug, Default)]
pub(super) struct Offers {
    waiting: Mutex<VecDeque<Offer>>,
    changed: Notify,
}

#[derive(Debug)]
struct Offer {
    /// Not empty.
    batch: Batch,
    /// What of it has not been taken, for messages that are taken one by one.
    from: usize,
    /// Dropped when it will not be delivered.
    delivered: oneshot::Sender<()>,
}

/// What somebody has taken. Dropped without a word it is offered again, before all others.
#[derive(Debug)]
pub(super) struct Taken {
    offers: Arc<Offers>,
    offer: Option<Offer>,
}

impl Offers {
    /// Offers a batch; the end of the channel says whether it was delivered.
    pub(super) fn offer(&self, batch: Batch) -> oneshot::Receiver<()> {
        let (delivered, told) = oneshot::channel();
        if batch.is_empty() {
            let _ = delivered.send(());
            return told;
        }
        self.lock().push_back(Offer { batch, from: 0, delivered });
        self.changed.notify_one();
        told
    }

    /// Waits for the next batch.
    ///
    /// # Cancel safety
    /// Safe: what was taken is offered again.
    pub(super) async fn take(self: &Arc<Self>) -> Taken {
        loop {
            let changed = self.changed.notified();
            let next = self.lock().pop_front();
            match next {
                // Nobody waits for it any more.
                Some(offer) if offer.delivered.is_closed() => {}
                Some(offer) => return Taken { offers: Arc::clone(self), offer: Some(offer) },
                None => changed.await,
            }
        }
    }

    /// Gives up what waits.
    pub(super) fn clear(&self) {
        let given_up = std::mem::take(&mut *self.lock());
        drop(given_up);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Offer>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(&self, offer: Offer) {
        self.lock().push_front(offer);
        self.changed.notify_one();
    }
}

impl Taken {
    /// The messages to be delivered now: a batch, or one of those that stand for themselves.
    pub(super) fn batch(&self) -> Batch {
        let Some(Offer { batch, from, .. }) = &self.offer else {
            return Batch::from_payloads([Some("")], false);
        };
        let whole = || batch.clone();
        if batch.independent() { batch.slice(*from, from + 1).unwrap_or_else(whole) } else { whole() }
    }

    /// They are delivered. What is left is offered before all others.
    pub(super) fn delivered(mut self) {
        let Some(mut offer) = self.offer.take() else { return };
        offer.from += 1;
        if offer.batch.independent() && offer.from < offer.batch.len() {
            self.offers.put_back(offer);
        } else {
            // Whoever has offered it may have gone.
            let _ = offer.delivered.send(());
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(offer) = self.offer.take() {
            self.offers.put_back(offer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(payloads: &[&str], independent: bool) -> Batch {
        Batch::from_payloads(payloads.iter().copied().map(Some), independent)
    }

    fn texts(batch: &Batch) -> Vec<String> {
        batch.iter().map(|message| String::from_utf8_lossy(message.payload().unwrap()).into_owned()).collect()
    }

    #[tokio::test]
    async fn what_is_not_delivered_is_offered_again_before_all_others() {
        let offers = Arc::new(Offers::default());
        let mut first = offers.offer(batch(&["a", "b"], false));
        let second = offers.offer(batch(&["c"], false));
        drop(offers.take().await);
        assert!(first.try_recv().is_err());
        let taken = offers.take().await;
        assert_eq!(texts(&taken.batch()), ["a", "b"]);
        taken.delivered();
        assert_eq!(first.try_recv(), Ok(()));
        drop(second);
        let _third = offers.offer(batch(&["d"], false));
        assert_eq!(texts(&offers.take().await.batch()), ["d"]);
    }

    #[tokio::test]
    async fn messages_that_stand_for_themselves_are_offered_one_by_one() {
        let offers = Arc::new(Offers::default());
        let mut told = offers.offer(batch(&["a", "b"], true));
        for expected in ["a", "b"] {
            assert!(told.try_recv().is_err());
            let taken = offers.take().await;
            assert_eq!(texts(&taken.batch()), [expected]);
            taken.delivered();
        }
        assert_eq!(told.try_recv(), Ok(()));
        assert_eq!(offers.offer(batch(&[], false)).try_recv(), Ok(()));
    }

    #[tokio::test]
    async fn who_waits_is_told() {
        let offers = Arc::new(Offers::default());
        let (one, other) = (offers.take(), offers.take());
        let offering = async {
            tokio::task::yield_now().await;
            [offers.offer(batch(&["a"], false)), offers.offer(batch(&["b"], false))]
        };
        let (one, other, [mut first, _second]) = tokio::join!(one, other, offering);
        assert_eq!(
            (texts(&one.batch()), texts(&other.batch())),
            (vec!["a".to_owned()], vec!["b".to_owned()])
        );
        drop((one, other));
        offers.clear();
        assert!(first.try_recv().is_err());
    }
}
