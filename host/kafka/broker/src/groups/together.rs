//! Changes of a group that are made together.
//!
//! When a group is rebalanced all its members want to change it at the same moment. Made one after the other, each change
//! costs a look at the group and a write that is synced, and agents that do so are in each other's way most of the time.
//! So those that wait for their turn on this agent are decided one after the other in memory, and written once: as many
//! as can be decided in a short time, since the thread serves other clients too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay_kafka_groups::{Group, GroupError};
use forebay_lifecycle::{Here, clock};
use forebay_model::{GroupId, Timestamp};
use tokio::sync::oneshot;

use super::{Coordinator, GroupFailure, Standing};

/// How many wait at most, for all groups. Each is a request of a connection of its own.
const MOST: usize = 100_000;
/// How many are made with one write at most.
const AT_ONCE: usize = 250;
/// How long it decides them: meanwhile this thread does nothing else. One is decided, however long it takes.
const DECIDING: Duration = Duration::from_millis(10);

/// Changes that wait for their turn, by group, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Together(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    changes: HashMap<GroupId, Vec<Box<dyn Change>>>,
    count: usize,
}

/// A change that somebody waits for.
trait Change: Send {
    /// Changes the group as it is now; perhaps several times, each time another one. Who no longer waits changes nothing.
    fn decide(&mut self, group: &mut Group, now: Timestamp);

    /// Tells what became of the group with the last decision.
    fn answer(self: Box<Self>, outcome: Result<Standing, GroupFailure>);
}

impl std::fmt::Debug for dyn Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Change")
    }
}

struct Deciding<F, T> {
    decide: F,
    decided: Option<T>,
    answer: oneshot::Sender<Result<(T, Standing), GroupFailure>>,
}

impl<T: Send, F: FnMut(&mut Group, Timestamp) -> T + Send> Change for Deciding<F, T> {
    fn decide(&mut self, group: &mut Group, now: Timestamp) {
        if !self.answer.is_closed() {
            self.decided = Some((self.decide)(group, now));
        }
    }

    fn answer(self: Box<Self>, outcome: Result<Standing, GroupFailure>) {
        let Self { decide: _, decided, answer } = *self;
        let told = match (outcome, decided) {
            (Ok(standing), Some(decided)) => Ok((decided, standing)),
            (Ok(_), None) => return,
            (Err(failure), _) => Err(failure),
        };
        // Who no longer waits does not need it.
        let _ = answer.send(told);
    }
}

impl Together {
    /// Adds a change. Whether it is the first of its group: then somebody has to see to it.
    fn add(&self, id: &GroupId, change: Box<dyn Change>) -> Result<bool, GroupFailure> {
        let mut waiting = self.waiting();
        if waiting.count >= MOST {
            return Err(GroupFailure::Contended);
        }
        waiting.count += 1;
        let of_group = waiting.changes.entry(id.clone()).or_default();
        of_group.push(change);
        Ok(of_group.len() == 1)
    }

    /// The next changes of a group, and whether there are more.
    fn take(&self, id: &GroupId) -> (Vec<Box<dyn Change>>, bool) {
        let mut waiting = self.waiting();
        let mut taken = waiting.changes.remove(id).unwrap_or_default();
        let rest = taken.split_off(taken.len().min(AT_ONCE));
        let are_more = !rest.is_empty();
        if are_more {
            waiting.changes.insert(id.clone(), rest);
        }
        waiting.count -= taken.len();
        (taken, are_more)
    }

    /// Those that nobody sees to any more: who waits for them is told so.
    fn forget(&self, id: &GroupId) {
        let mut waiting = self.waiting();
        let left = waiting.changes.remove(id).unwrap_or_default();
        waiting.count -= left.len();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing in here panics half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who sees to the changes of a group. Where that does not come to its end, because of a fault, nobody is to
/// wait for ever.
struct Seeing<'a> {
    together: &'a Together,
    id: &'a GroupId,
    is_done: bool,
}

impl Drop for Seeing<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.together.forget(self.id);
        }
    }
}

impl Coordinator {
    /// Changes a group, with others that want to change it at the same time. `decide` may be asked several times, each
    /// time about the group as it is then, with what was decided before it; one that does not exist is empty, and is made
    /// if that changes it.
    pub(crate) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        id: &GroupId,
        decide: impl FnMut(&mut Group, Timestamp) -> T + Send + 'static,
    ) -> Result<(T, Standing), GroupFailure> {
        let (answer, told) = oneshot::channel();
        if self.together.add(id, Box::new(Deciding { decide, decided: None, answer }))? {
            // It sees to those of others too, so that it does not end with the first one's connection.
            let (this, id) = (Arc::clone(self), id.clone());
            Here::spawn_detached(async move { Box::pin(this.change_together(&id)).await });
        }
        // Nobody is left to answer when this agent ends.
        told.await.unwrap_or(Err(GroupFailure::Retired))
    }

    /// Makes all changes of a group that wait, whenever it is their turn.
    async fn change_together(&self, id: &GroupId) {
        let mut seeing = Seeing { together: &self.together, id, is_done: false };
        while !seeing.is_done {
            let turn = self.turns.of(id);
            let _turn = turn.lock().await;
            let (changes, are_more) = self.together.take(id);
            // Whoever comes from then on is the first again.
            seeing.is_done = !are_more;
            self.make_all(id, changes).await;
        }
    }

    /// Makes changes with as few writes as possible.
    async fn make_all(&self, id: &GroupId, mut changes: Vec<Box<dyn Change>>) {
        while !changes.is_empty() {
            let (decided, outcome) = self.make(id, &mut changes).await;
            let is_full = matches!(outcome, Err(GroupFailure::Refused(GroupError::Full)));
            let later = match outcome {
                // What went wrong has nothing to do with them.
                Err(_) if !is_full => Vec::new(),
                _ => changes.split_off(decided),
            };
            if is_full && changes.len() > 1 {
                // They are too much for the group together, or one of them alone is.
                for change in changes {
                    let mut alone = vec![change];
                    let (_, outcome) = self.make(id, &mut alone).await;
                    alone.into_iter().for_each(|change| change.answer(outcome.clone()));
                }
            } else {
                changes.into_iter().for_each(|change| change.answer(outcome.clone()));
            }
            changes = later;
        }
    }

    /// Makes the first of these changes with one write. How many that are, and what became of them.
    async fn make(
        &self,
        id: &GroupId,
        changes: &mut [Box<dyn Change>],
    ) -> (usize, Result<Standing, GroupFailure>) {
        let mut decided = 0;
        let some = |group: &mut Group, now| {
            let begun = clock::now();
            decided = decide(changes, group, now, || begun.elapsed() >= DECIDING);
        };
        let outcome = self.change_in_turn(id, some).await;
        (decided, outcome.map(|(_, standing)| standing))
    }
}

/// Decides changes in their order until that takes too long. How many have been.
fn decide(
    changes: &mut [Box<dyn Change>],
    group: &mut Group,
    now: Timestamp,
    mut is_long: impl FnMut() -> bool,
) -> usize {
    for (before, change) in changes.iter_mut().enumerate() {
        if before > 0 && is_long() {
            return before;
        }
        change.decide(group, now);
    }
    changes.len()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use forebay_kafka_groups::GroupSettings;
    use forebay_storage_metadata::MetadataStore;
    use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};
    use futures_util::future::join_all;

    use super::*;
    use crate::topics::Topics;

    type Told = oneshot::Receiver<Result<(usize, Standing), GroupFailure>>;

    /// Counts how often it was asked.
    fn counting() -> (Box<dyn Change>, Told) {
        let (answer, told) = oneshot::channel();
        let mut count = 0;
        let decide = move |_: &mut Group, _| {
            count += 1;
            count
        };
        (Box::new(Deciding { decide, decided: None, answer }), told)
    }

    #[test]
    fn so_many_are_taken_at_once_and_the_first_one_says_so() {
        let together = Together::default();
        let [one, other]: [GroupId; 2] = ["one", "other"].map(|id| id.parse().unwrap());
        for number in 0..AT_ONCE + 2 {
            assert_eq!(together.add(&one, counting().0).unwrap(), number == 0);
        }
        assert!(together.add(&other, counting().0).unwrap());
        let taken = |(changes, are_more): (Vec<_>, bool)| (changes.len(), are_more);
        assert_eq!(taken(together.take(&one)), (AT_ONCE, true));
        assert!(!together.add(&one, counting().0).unwrap());
        assert_eq!(taken(together.take(&one)), (3, false));
        assert_eq!(taken(together.take(&other)), (1, false));
        assert!(together.add(&one, counting().0).unwrap());
        assert_eq!(together.waiting().count, 1);
    }

    #[test]
    fn they_are_decided_until_it_takes_too_long_but_one_is() {
        let now = Timestamp::from_millis(0);
        let mut group = Group::empty(now);
        let mut changes: Vec<_> = (0..5).map(|_| counting().0).collect();
        for (patience, decided) in [(0, 1), (2, 3), (4, 5), (9, 5)] {
            let mut asked = 0;
            let is_long = || {
                asked += 1;
                asked > patience
            };
            assert_eq!(decide(&mut changes, &mut group, now, is_long), decided);
        }
        assert_eq!(decide(&mut [], &mut group, now, || true), 0);
    }

    #[tokio::test]
    async fn those_that_take_long_are_written_one_by_one_and_all_are_made() {
        let store = SqliteMetadataStore::open(&"sqlite://:memory:".parse::<Location>().unwrap()).unwrap();
        let cluster = "vci_test".parse().unwrap();
        let store: Arc<dyn MetadataStore> = Arc::new(store);
        let configs = Arc::new(Topics::new(cluster, Arc::clone(&store)));
        let coordinator = Arc::new(Coordinator::new(configs, store, GroupSettings::default()));
        let (id, decided) = ("group".parse().unwrap(), Arc::new(Mutex::new(0)));
        let changes = (0..4).map(|_| {
            let decided = Arc::clone(&decided);
            coordinator.change(&id, move |_, _| {
                let begun = clock::now();
                while begun.elapsed() <= DECIDING {
                    std::hint::spin_loop();
                }
                *decided.lock().unwrap() += 1;
                *decided.lock().unwrap()
            })
        });
        let made = join_all(changes).await.into_iter();
        let (numbers, standings): (BTreeSet<_>, Vec<_>) = made.map(Result::unwrap).unzip();
        assert_eq!(numbers, (1..=4).collect());
        // Each has a group of its own that it was decided about.
        for (index, one) in standings.iter().enumerate() {
            let others = &standings[index + 1..];
            assert!(others.iter().all(|other| !Arc::ptr_eq(&one.group, &other.group)));
        }
    }

    #[test]
    fn where_nobody_sees_to_them_any_more_nobody_waits_for_ever() {
        let (together, id): (_, GroupId) = (Together::default(), "group".parse().unwrap());
        for is_done in [true, false] {
            let (change, mut told) = counting();
            assert!(together.add(&id, change).unwrap());
            drop(Seeing { together: &together, id: &id, is_done });
            let gone = matches!(told.try_recv(), Err(oneshot::error::TryRecvError::Closed));
            assert_eq!(gone, !is_done);
            together.forget(&id);
        }
        assert_eq!(together.waiting().count, 0);
    }

    #[test]
    fn who_no_longer_waits_changes_nothing() {
        let now = Timestamp::from_millis(0);
        let mut group = Group::empty(now);
        let standing =
            || Standing { version: None, group: Arc::new(Group::empty(now)), now, deadline: None, bytes: 0 };
        let [(mut stays, mut told), (mut gone, _)] = [counting(), counting()];
        for _ in 0..3 {
            stays.decide(&mut group, now);
            gone.decide(&mut group, now);
        }
        // The last decision is the one that holds.
        stays.answer(Ok(standing()));
        gone.answer(Ok(standing()));
        assert_eq!(told.try_recv().unwrap().unwrap().0, 3);
    }
}
