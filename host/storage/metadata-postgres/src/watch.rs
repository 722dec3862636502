//! Waiting for logs to go on. All who wait in an agent share one query, which is asked again and again as long as there
//! is somebody, and tells only what has changed since.
//!
//! Whoever comes is told by a query that begins after that: what an earlier one had seen may be older than what they
//! know.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use forebay_lifecycle::Threads;
use forebay_model::{Offset, TopicIdPartition};
use forebay_storage_metadata::{LogBounds, StoreFailure};
use tokio::sync::Notify;

use crate::find;
use crate::pool::Pool;
use crate::rows::{LogKey, Vc, columns, place};
use crate::trouble::Trouble;

/// The pause between two queries.
const PAUSE: Duration = Duration::from_millis(15);
/// The pause after one that failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(250);

/// Logs that end elsewhere than at `$4`, or do not exist: the place in the question, and the bounds.
pub(crate) const CHANGED: &str = "\
    SELECT k.place, l.log_start, l.high_watermark \
    FROM unnest($1::BIGINT[], $2::UUID[], $3::BIGINT[], $4::BIGINT[]) WITH ORDINALITY \
        AS k(vc, topic, partition, seen, place) \
    LEFT JOIN LATERAL (SELECT log_start, high_watermark FROM logs \
        WHERE vc = k.vc AND topic = k.topic AND partition = k.partition AND NOT is_deleted LIMIT 1) AS l ON TRUE \
    WHERE l.high_watermark IS NULL OR l.high_watermark <> k.seen";

type Key = (Vc, LogKey);

/// Who waits, and what was seen last.
#[derive(Debug, Default)]
struct State {
    logs: HashMap<Key, Watched>,
    /// Who waits, by number.
    waiting: HashMap<u64, Arc<Waiter>>,
    next_waiter: u64,
    /// The numbers of the last query that has begun, and of the last that is over.
    begun: u64,
    over: u64,
}

/// A log that somebody waits for.
#[derive(Debug, Default)]
struct Watched {
    waiters: Vec<u64>,
    /// What the last query saw: nothing yet, or that there is none, or where it is.
    seen: Option<Option<LogBounds>>,
}

/// Somebody who waits.
#[derive(Debug)]
struct Waiter {
    woken: Notify,
    /// What queries after this one have seen is told.
    after: u64,
    failure: Mutex<Option<StoreFailure>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Somebody has come.
    arrived: Notify,
}

/// What queries on behalf of all who wait.
#[derive(Debug)]
pub(crate) struct Watch(Arc<Shared>);

/// Until this is dropped, somebody waits.
struct Waiting<'a> {
    shared: &'a Shared,
    number: u64,
    keys: &'a [Key],
    waiter: Arc<Waiter>,
}

impl Watch {
    /// Queries on the thread of the connections, as long as the pool is there.
    pub(crate) fn start(pool: &Arc<Pool>, driver: &Threads) -> Self {
        let shared = Arc::new(Shared::default());
        let (asking, pool_there) = (Arc::clone(&shared), Arc::downgrade(pool));
        driver.spawner(0).spawn(async move { asking.ask(pool_there).await });
        Self(shared)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, pool: Weak<Pool>) {
        loop {
            self.arrived.notified().await;
            while let Some(question) = self.begin() {
                // The pool is held for the length of a query only: it ends with the store.
                let Some(pool) = pool.upgrade() else { return };
                let answer = Box::pin(question.ask(&pool)).await;
                let pause = if answer.is_ok() { PAUSE } else { PAUSE_AFTER_FAILURE };
                if answer.is_err() {
                    pool.forget_idle();
                }
                drop(pool);
                self.tell(question, answer);
                tokio::time::sleep(pause).await;
            }
        }
    }

    fn begin(&self) -> Option<Question> {
        let mut state = self.state();
        if state.waiting.is_empty() {
            return None;
        }
        state.begun += 1;
        let logs = state.logs.iter().map(|(key, watched)| (*key, watched.seen)).collect();
        Some(Question { number: state.begun, logs })
    }

    fn tell(&self, question: Question, answer: Result<Vec<(usize, Option<LogBounds>)>, Trouble>) {
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
        let before = std::mem::replace(&mut state.over, question.number);
        let State { logs, waiting, .. } = &mut *state;
        for (at, bounds) in changed {
            let Some(watched) = question.logs.get(at).and_then(|(key, _)| logs.get_mut(key)) else { continue };
            watched.seen = Some(bounds);
            for waiter in watched.waiters.iter().filter_map(|number| waiting.get(number)) {
                waiter.woken.notify_one();
            }
        }
        // Whoever has come since may find that it was so before.
        for waiter in waiting.values().filter(|waiter| waiter.after >= before) {
            waiter.woken.notify_one();
        }
    }

    fn wait<'a>(&'a self, keys: &'a [Key]) -> Waiting<'a> {
        let mut state = self.state();
        let number = state.next_waiter;
        state.next_waiter += 1;
        let waiter = Arc::new(Waiter { woken: Notify::new(), after: state.begun, failure: Mutex::default() });
        state.waiting.insert(number, Arc::clone(&waiter));
        for key in keys {
            state.logs.entry(*key).or_default().waiters.push(number);
        }
        drop(state);
        self.arrived.notify_one();
        Waiting { shared: self, number, keys, waiter }
    }
}

/// A query on behalf of all.
struct Question {
    number: u64,
    logs: Vec<(Key, Option<Option<LogBounds>>)>,
}

impl Question {
    /// Places of logs that are not as they were seen, and how they are.
    async fn ask(&self, pool: &Pool) -> Result<Vec<(usize, Option<LogBounds>)>, Trouble> {
        let vcs: Vec<i64> = self.logs.iter().map(|((vc, _), _)| vc.0).collect();
        let (topics, partitions) = columns(self.logs.iter().map(|((_, log), _)| *log));
        // No log ends there, so that what has not been seen is told.
        let seen = |seen: &Option<Option<LogBounds>>| seen.flatten().map_or(-1, |seen| seen.high_watermark.get());
        let seen: Vec<i64> = self.logs.iter().map(|(_, before)| seen(before)).collect();
        let rows = pool.query(CHANGED, &[&vcs, &topics, &partitions, &seen]).await?;
        let read = |row: &tokio_postgres::Row| {
            let is_there = row.try_get::<_, Option<i64>>(2)?.is_some();
            let bounds = if is_there { Some(find::bounds(row, 1)?) } else { None };
            Ok((place(row.try_get(0)?)?, bounds))
        };
        rows.iter().map(read).collect()
    }
}

impl Waiting<'_> {
    /// What has been seen since this began to wait, of each log in order; nothing if no query has.
    fn seen(&self) -> Result<Option<Vec<Option<LogBounds>>>, StoreFailure> {
        if let Some(failure) = self.waiter.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(failure);
        }
        let state = self.shared.state();
        if state.over <= self.waiter.after {
            return Ok(None);
        }
        let seen = |key| state.logs.get(key).and_then(|watched| watched.seen);
        Ok(self.keys.iter().map(seen).collect())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.waiting.remove(&self.number);
        for key in self.keys {
            let Some(watched) = state.logs.get_mut(key) else { continue };
            watched.waiters.retain(|number| *number != self.number);
            if watched.waiters.is_empty() {
                state.logs.remove(key);
            }
        }
    }
}

/// Waits for one of the logs to end elsewhere than is known.
pub(crate) async fn watch(
    watch: &Watch,
    vc: Vc,
    known: Vec<(TopicIdPartition, Offset)>,
    timeout: Duration,
) -> Result<Vec<(TopicIdPartition, Option<LogBounds>)>, StoreFailure> {
    if known.is_empty() {
        tokio::time::sleep(timeout).await;
        return Ok(Vec::new());
    }
    let keys: Vec<Key> = known.iter().map(|(log, _)| (vc, LogKey::from(*log))).collect();
    let waiting = watch.0.wait(&keys);
    let changed = async {
        loop {
            if let Some(seen) = waiting.seen()? {
                let is_other = |offset: Offset, bounds: &Option<LogBounds>| {
                    bounds.is_none_or(|bounds| bounds.high_watermark != offset)
                };
                let changed: Vec<_> = known
                    .iter()
                    .zip(seen)
                    .filter(|((_, offset), bounds)| is_other(*offset, bounds))
                    .map(|((log, _), bounds)| (*log, bounds))
                    .collect();
                if !changed.is_empty() {
                    return Ok(changed);
                }
            }
            waiting.waiter.woken.notified().await;
        }
    };
    tokio::time::timeout(timeout, changed).await.unwrap_or_else(|_| Ok(Vec::new()))
}
