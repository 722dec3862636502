//! Waiting for something to become another. All who wait for the same kind of thing in an agent share one query, which
//! is asked again and again as long as there is somebody, and tells only what has changed since.
//!
//! Whoever comes is told by a query that begins after that: what an earlier one had seen may be older than what they
//! know.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use forebay_lifecycle::Threads;
use forebay_storage_metadata::StoreFailure;
use tokio::sync::Notify;

use crate::pool::Pool;
use crate::trouble::Trouble;

/// A kind of thing that is waited for.
#[async_trait]
pub(crate) trait Watched: Debug + Send + Sync + 'static {
    /// What it is known by.
    type Key: Debug + Clone + Eq + Hash + Send + Sync;
    /// What is seen of one.
    type Sight: Debug + Clone + PartialEq + Send + Sync;

    /// The pause between two queries.
    const PAUSE: Duration;

    /// Asks for what is not as it was seen: the place in the question, and how it is, `None` where there is none.
    async fn ask(pool: &Pool, question: &[Seen<Self>]) -> Result<Vec<(usize, Option<Self::Sight>)>, Trouble>;
}

/// A thing, and what the last query has seen of it: nothing yet, or that there is none, or how it is.
pub(crate) type Seen<W> = (<W as Watched>::Key, Option<Option<<W as Watched>::Sight>>);
/// What was found of things, by their place in the question.
pub(crate) type Answers<W> = Vec<(usize, Option<<W as Watched>::Sight>)>;

/// The pause after a query that failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(250);

/// Who waits, and what was seen last.
#[derive(Debug)]
struct State<W: Watched + ?Sized> {
    things: HashMap<W::Key, Thing<W>>,
    /// Who waits, by number.
    waiting: HashMap<u64, Arc<Waiter>>,
    next_waiter: u64,
    /// The numbers of the last query that has begun, and of the last that is over.
    begun: u64,
    over: u64,
}

/// Something that somebody waits for.
#[derive(Debug)]
struct Thing<W: Watched + ?Sized> {
    waiters: Vec<u64>,
    seen: Option<Option<W::Sight>>,
}

/// Somebody who waits.
#[derive(Debug)]
struct Waiter {
    woken: Notify,
    /// What queries after this one have seen is told.
    after: u64,
    failure: Mutex<Option<StoreFailure>>,
}

#[derive(Debug)]
struct Shared<W: Watched> {
    state: Mutex<State<W>>,
    /// Somebody has come.
    arrived: Notify,
}

/// What queries on behalf of all who wait.
#[derive(Debug)]
pub(crate) struct Watch<W: Watched>(Arc<Shared<W>>);

/// Until this is dropped, somebody waits.
struct Waiting<'a, W: Watched> {
    shared: &'a Shared<W>,
    number: u64,
    keys: Vec<W::Key>,
    waiter: Arc<Waiter>,
}

impl<W: Watched> Watch<W> {
    /// Queries on the thread of the connections, as long as the pool is there.
    pub(crate) fn start(pool: &Arc<Pool>, driver: &Threads) -> Self {
        let state =
            State { things: HashMap::new(), waiting: HashMap::new(), next_waiter: 0, begun: 0, over: 0 };
        let shared = Arc::new(Shared { state: Mutex::new(state), arrived: Notify::new() });
        let (asking, pool) = (Arc::clone(&shared), Arc::downgrade(pool));
        driver.spawner(0).spawn(async move { asking.ask(pool).await });
        Self(shared)
    }

    /// Waits until `has_changed` says of something that it has, and tells those things by their place; none when the
    /// time is over.
    pub(crate) async fn until(
        &self,
        keys: Vec<W::Key>,
        timeout: Duration,
        has_changed: impl Fn(usize, &Option<W::Sight>) -> bool,
    ) -> Result<Vec<(usize, Option<W::Sight>)>, StoreFailure> {
        if keys.is_empty() {
            tokio::time::sleep(timeout).await;
            return Ok(Vec::new());
        }
        let waiting = self.0.wait(keys);
        let changed = async {
            loop {
                if let Some(seen) = waiting.seen()? {
                    let seen = seen.into_iter().enumerate();
                    let changed: Vec<_> = seen.filter(|(place, sight)| has_changed(*place, sight)).collect();
                    if !changed.is_empty() {
                        return Ok(changed);
                    }
                }
                waiting.waiter.woken.notified().await;
            }
        };
        tokio::time::timeout(timeout, changed).await.unwrap_or_else(|_| Ok(Vec::new()))
    }
}

impl<W: Watched> Shared<W> {
    fn state(&self) -> MutexGuard<'_, State<W>> {
        // Nothing in here panics half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, pool: Weak<Pool>) {
        loop {
            self.arrived.notified().await;
            while let Some((number, question)) = self.begin() {
                // The pool is held for the length of a query only: it ends with the store.
                let Some(pool) = pool.upgrade() else { return };
                let answer = W::ask(&pool, &question).await;
                let pause = if answer.is_ok() { W::PAUSE } else { PAUSE_AFTER_FAILURE };
                if answer.is_err() {
                    pool.forget_idle();
                }
                drop(pool);
                self.tell(number, &question, answer);
                tokio::time::sleep(pause).await;
            }
        }
    }

    fn begin(&self) -> Option<(u64, Vec<Seen<W>>)> {
        let mut state = self.state();
        if state.waiting.is_empty() {
            return None;
        }
        state.begun += 1;
        let question = state.things.iter().map(|(key, thing)| (key.clone(), thing.seen.clone()));
        let question = question.collect();
        Some((state.begun, question))
    }

    fn tell(&self, number: u64, question: &[Seen<W>], answer: Result<Answers<W>, Trouble>) {
        let mut state = self.state();
        let changed = match answer {
            Ok(changed) => changed,
            Err(trouble) => {
                let failure = StoreFailure::from(trouble);
                for waiter in state.waiting.values() {
                    *waiter.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.clone());
                    waiter.woken.notify_one();
                }
                return;
            }
        };
        let before = std::mem::replace(&mut state.over, number);
        let State { things, waiting, .. } = &mut *state;
        for (place, sight) in changed {
            let Some(thing) = question.get(place).and_then(|(key, _)| things.get_mut(key)) else { continue };
            thing.seen = Some(sight);
            for waiter in thing.waiters.iter().filter_map(|number| waiting.get(number)) {
                waiter.woken.notify_one();
            }
        }
        // Whoever has come since may find that it was so before.
        for waiter in waiting.values().filter(|waiter| waiter.after >= before) {
            waiter.woken.notify_one();
        }
    }

    fn wait(&self, keys: Vec<W::Key>) -> Waiting<'_, W> {
        let mut state = self.state();
        let number = state.next_waiter;
        state.next_waiter += 1;
        let waiter = Arc::new(Waiter { woken: Notify::new(), after: state.begun, failure: Mutex::default() });
        state.waiting.insert(number, Arc::clone(&waiter));
        for key in &keys {
            let new = || Thing { waiters: Vec::new(), seen: None };
            state.things.entry(key.clone()).or_insert_with(new).waiters.push(number);
        }
        drop(state);
        self.arrived.notify_one();
        Waiting { shared: self, number, keys, waiter }
    }
}

impl<W: Watched> Waiting<'_, W> {
    /// What has been seen since this began to wait, of each thing in order; nothing if no query has.
    fn seen(&self) -> Result<Option<Vec<Option<W::Sight>>>, StoreFailure> {
        if let Some(failure) = self.waiter.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(failure);
        }
        let state = self.shared.state();
        if state.over <= self.waiter.after {
            return Ok(None);
        }
        let seen = |key| state.things.get(key).and_then(|thing| thing.seen.clone());
        Ok(self.keys.iter().map(seen).collect())
    }
}

impl<W: Watched> Drop for Waiting<'_, W> {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.waiting.remove(&self.number);
        for key in &self.keys {
            let Some(thing) = state.things.get_mut(key) else { continue };
            thing.waiters.retain(|number| *number != self.number);
            if thing.waiters.is_empty() {
                state.things.remove(key);
            }
        }
    }
}
