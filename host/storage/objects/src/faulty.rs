use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::error::{ErrorKind, ObjectError, Operation};
use crate::name::{ObjectName, ObjectPrefix};
use crate::objects::{Listed, Objects};
use crate::payload::Payload;

/// A store that misbehaves, for tests: as it is told for single operations, or by chance that follows from a seed.
#[derive(Debug)]
pub struct Faulty {
    inner: Arc<dyn Objects>,
    faults: Arc<Faults>,
}

/// What an operation does instead of what it should.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Fails, and does nothing.
    Fail,
    /// Fails after a while, and does nothing.
    FailAfter(Duration),
    /// Is done after a while.
    Delay(Duration),
    /// Is done, and reported as failed.
    DoneButFailed,
    /// Reported as failed at once, and done after a while: a request that is still on its way.
    FailedButDoneAfter(Duration),
    /// A put leaves half of its bytes under the name, and is reported as failed.
    Torn,
    /// Fails as a full disk does: for good.
    Full,
    /// Is never answered, nor done.
    Hang,
    /// Is done when somebody adds a permit.
    Held(Arc<Semaphore>),
}

/// Which operations misbehave, and how often.
#[derive(Debug)]
pub struct Faults(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    scripts: HashMap<Operation, VecDeque<Fault>>,
    always: HashMap<Operation, Fault>,
    /// Of 1,000 operations, and what those do.
    random: Vec<(u64, Fault)>,
    chance: u64,
    counts: HashMap<Operation, Count>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    all: usize,
    now: usize,
    most: usize,
}

impl Faults {
    /// No faults yet; those that come by chance follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(State { chance: seed, ..State::default() }))
    }

    /// The next operations of this kind do that, one after the other.
    pub fn next(&self, operation: Operation, faults: impl IntoIterator<Item = Fault>) {
        self.state().scripts.entry(operation).or_default().extend(faults);
    }

    /// From now on every operation of this kind does that, unless it is told otherwise.
    pub fn always(&self, operation: Operation, fault: Fault) {
        self.state().always.insert(operation, fault);
    }

    /// From now on `per_mille` of 1,000 operations of any kind do that.
    pub fn randomly(&self, per_mille: u16, fault: Fault) {
        self.state().random.push((u64::from(per_mille), fault));
    }

    /// No more faults.
    pub fn clear(&self) {
        let mut state = self.state();
        state.scripts.clear();
        state.always.clear();
        state.random.clear();
    }

    /// How often an operation was asked for.
    #[must_use]
    pub fn count(&self, operation: Operation) -> usize {
        self.state().counts.get(&operation).map_or(0, |count| count.all)
    }

    /// How many of a kind were under way at once, at most.
    #[must_use]
    pub fn most_at_once(&self, operation: Operation) -> usize {
        self.state().counts.get(&operation).map_or(0, |count| count.most)
    }

    fn begin(&self, operation: Operation) -> (Option<Fault>, Running<'_>) {
        let mut state = self.state();
        let count = state.counts.entry(operation).or_default();
        count.all += 1;
        count.now += 1;
        count.most = count.most.max(count.now);
        let fault = state.fault(operation);
        drop(state);
        (fault, Running { faults: self, operation })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn fault(&mut self, operation: Operation) -> Option<Fault> {
        if let Some(fault) = self.scripts.get_mut(&operation).and_then(VecDeque::pop_front) {
            return Some(fault);
        }
        if let Some(fault) = self.always.get(&operation) {
            return Some(fault.clone());
        }
        // A step of SplitMix64.
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.chance ^ (self.chance >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let mut drawn = (mixed >> 33) % 1000;
        for (per_mille, fault) in &self.random {
            if drawn < *per_mille {
                return Some(fault.clone());
            }
            drawn -= per_mille;
        }
        None
    }
}

/// An operation under way.
struct Running<'f> {
    faults: &'f Faults,
    operation: Operation,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(count) = self.faults.state().counts.get_mut(&self.operation) {
            count.now -= 1;
        }
    }
}

impl Faulty {
    /// What `inner` does, with `faults`.
    #[must_use]
    pub fn new(inner: Arc<dyn Objects>, faults: Arc<Faults>) -> Self {
        Self { inner, faults }
    }

    /// Does `work`, or what a fault says. `later` does the same for somebody who does not wait for it, and `torn` a part of it.
    async fn run<T: Send>(
        &self,
        operation: Operation,
        name: &str,
        work: impl Future<Output = Result<T, ObjectError>> + Send,
        later: impl FnOnce(Arc<dyn Objects>, Duration) + Send,
        torn: impl Future<Output = Result<(), ObjectError>> + Send,
    ) -> Result<T, ObjectError> {
        let (fault, _running) = self.faults.begin(operation);
        let failed =
            || Err(ObjectError::new(operation, name, ErrorKind::Retry, "a fault that a test asked for"));
        match fault {
            None => work.await,
            Some(Fault::Fail) => failed(),
            Some(Fault::FailAfter(time)) => {
                tokio::time::sleep(time).await;
                failed()
            }
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                work.await
            }
            Some(Fault::DoneButFailed) => {
                work.await?;
                failed()
            }
            Some(Fault::FailedButDoneAfter(time)) => {
                later(Arc::clone(&self.inner), time);
                failed()
            }
            Some(Fault::Torn) => {
                torn.await?;
                failed()
            }
            Some(Fault::Full) => {
                let full = io::Error::from(io::ErrorKind::StorageFull);
                Err(ObjectError::new(operation, name, ErrorKind::Internal, full))
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Held(held)) => {
                // The permits are used up, not given back. Nobody closes it.
                if let Ok(permit) = held.acquire().await {
                    permit.forget();
                }
                work.await
            }
        }
    }
}

fn not_later(_: Arc<dyn Objects>, _: Duration) {}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Objects for Faulty {
    async fn put(&self, name: &ObjectName, payload: Payload) -> Result<(), ObjectError> {
        let half = payload.truncated(payload.len() / 2);
        let torn = self.inner.put(name, half);
        let (name_later, payload_later) = (name.clone(), payload.clone());
        let later = |inner: Arc<dyn Objects>, time| {
            forebay_lifecycle::Here::spawn_detached(async move {
                tokio::time::sleep(time).await;
                // Nobody waits for it any more.
                let _ = inner.put(&name_later, payload_later).await;
            });
        };
        let work = self.inner.put(name, payload);
        self.run(Operation::Put, name.as_str(), work, later, torn).await
    }

    async fn get(&self, name: &ObjectName, range: Range<u64>) -> Result<Bytes, ObjectError> {
        let nothing = async { Ok(()) };
        self.run(Operation::Get, name.as_str(), self.inner.get(name, range), not_later, nothing).await
    }

    async fn head(&self, name: &ObjectName) -> Result<Listed, ObjectError> {
        let nothing = async { Ok(()) };
        self.run(Operation::Head, name.as_str(), self.inner.head(name), not_later, nothing).await
    }

    async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectName>,
        most: usize,
    ) -> Result<Vec<Listed>, ObjectError> {
        let nothing = async { Ok(()) };
        let work = self.inner.list(prefix, after, most);
        self.run(Operation::List, prefix.as_str(), work, not_later, nothing).await
    }

    async fn remove_leftovers(&self, prefix: &ObjectPrefix) -> Result<usize, ObjectError> {
        self.inner.remove_leftovers(prefix).await
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), ObjectError> {
        let name_later = name.clone();
        let later = |inner: Arc<dyn Objects>, time| {
            forebay_lifecycle::Here::spawn_detached(async move {
                tokio::time::sleep(time).await;
                // Nobody waits for it any more.
                let _ = inner.delete(&name_later).await;
            });
        };
        let nothing = async { Ok(()) };
        self.run(Operation::Delete, name.as_str(), self.inner.delete(name), later, nothing).await
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open;

    #[tokio::test(start_paused = true)]
    async fn faults_do_what_they_say() {
        let faults = Arc::new(Faults::new(1));
        let objects = Faulty::new(open("mem://faulty", []).unwrap(), Arc::clone(&faults));
        let name = |name: &str| name.parse::<ObjectName>().unwrap();
        let wait = Duration::from_secs(1);
        faults.next(
            Operation::Put,
            [Fault::DoneButFailed, Fault::Fail, Fault::Torn, Fault::FailedButDoneAfter(wait)],
        );
        for at in ["done", "failed", "torn", "late"] {
            objects.put(&name(at), Payload::from_static(b"abcd")).await.unwrap_err();
        }
        assert_eq!(objects.head(&name("done")).await.unwrap().size, 4);
        assert_eq!(objects.head(&name("failed")).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(objects.head(&name("torn")).await.unwrap().size, 2);
        assert_eq!(objects.head(&name("late")).await.unwrap_err().kind(), ErrorKind::NotFound);
        tokio::time::sleep(wait * 2).await;
        assert_eq!(objects.head(&name("late")).await.unwrap().size, 4);
    }

    #[test]
    fn chance_follows_from_the_seed() {
        let draw = |seed| {
            let faults = Faults::new(seed);
            faults.randomly(300, Fault::Fail);
            (0..64).map(|_| faults.begin(Operation::Get).0.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
        let failing = draw(3).into_iter().filter(|fails| *fails).count();
        assert!((5..35).contains(&failing), "{failing} of 64");
    }
}
