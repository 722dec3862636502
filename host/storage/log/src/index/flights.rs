use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use forebay_model::{Offset, TopicIdPartition};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// What the store is asked for.
type Key = (TopicIdPartition, Offset);

/// The questions that are under way, so that nobody asks what another is asking.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Key, Weak<Turn<()>>>>);

/// Until this is dropped, others who want the same wait.
#[derive(Debug)]
pub(super) struct Flight<'a> {
    flights: &'a Flights,
    keys: Vec<Key>,
    turns: Vec<OwnedMutexGuard<()>>,
}

impl Flights {
    /// Waits for whoever asks for one of these now.
    ///
    /// # Cancel safety
    /// Whoever no longer waits keeps nobody waiting.
    pub(super) async fn enter(&self, mut keys: Vec<Key>) -> Flight<'_> {
        // All take their turns in the same order: no two ever wait for each other.
        keys.sort_unstable();
        keys.dedup();
        let turns: Vec<_> = {
            let mut known = self.lock();
            keys.iter().map(|key| turn(&mut known, *key)).collect()
        };
        let mut flight = Flight { flights: self, keys, turns: Vec::with_capacity(turns.len()) };
        for turn in turns {
            flight.turns.push(turn.lock_owned().await);
        }
        flight
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Weak<Turn<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn turn(known: &mut HashMap<Key, Weak<Turn<()>>>, key: Key) -> Arc<Turn<()>> {
    if let Some(turn) = known.get(&key).and_then(Weak::upgrade) {
        return turn;
    }
    let turn = Arc::new(Turn::new(()));
    known.insert(key, Arc::downgrade(&turn));
    turn
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.turns.clear();
        let mut known = self.flights.lock();
        for key in &self.keys {
            if known.get(key).is_some_and(|turn| turn.strong_count() == 0) {
                known.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_model::TopicId;

    use super::*;

    #[tokio::test]
    async fn who_wants_the_same_waits_and_nothing_is_left_behind() {
        let flights = Flights::default();
        let key = |partition: i32| {
            (TopicIdPartition::new(TopicId::from_random(1), partition.try_into().unwrap()), Offset::ZERO)
        };
        let first = flights.enter(vec![key(1), key(0), key(1)]).await;
        let mut second = Box::pin(flights.enter(vec![key(1), key(2)]));
        assert!(futures_util::poll!(&mut second).is_pending());
        let other = flights.enter(vec![key(3)]).await;
        drop(first);
        let second = second.await;
        let given_up = Box::pin(flights.enter(vec![key(2)]));
        drop(given_up);
        drop((second, other));
        assert!(flights.lock().is_empty());
    }
}
