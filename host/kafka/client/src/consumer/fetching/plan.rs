//! Which request asks for what.
//!
//! A request that waits for records can't be joined by partitions that become free later, such as those that were
//! paused. So a broker is asked in two seats: what waits long sits in the first one, and who comes meanwhile takes the
//! second one, which is back soon and takes along who has come since. When the first one ends, all sit down there
//! together again. A second one that is late (it brings much, or its connection is still to be made) would hold up who
//! comes behind it: for those there is a third one, and no more than that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_model::{Offset, TopicName};
use tokio::time::Instant;

use super::super::state::{Leader, Owned, Place, State};
use crate::topic_partition::TopicPartition;

/// What can be asked now.
pub(super) struct Plan {
    /// Topics whose leaders are not known.
    pub locate: BTreeSet<TopicName>,
    /// Partitions whose starts are not known, by leader.
    pub find: BTreeMap<i32, Finding>,
    /// Partitions to be fetched, by request.
    pub fetch: BTreeMap<(i32, Seat), Vec<Wanted>>,
    /// When something can be asked that can't be now.
    pub wake: Option<Instant>,
}

/// Partitions of one leader: each with its stint, and what is known of where it starts.
type Finding = Vec<(TopicPartition, u64, Place)>;

/// A partition as it is asked for.
pub(super) struct Wanted {
    pub partition: TopicPartition,
    pub stint: u64,
    pub offset: Offset,
    pub leader: Leader,
}

/// Which of the requests to a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Seat {
    /// It waits for records as long as the settings say.
    First,
    /// It is for those that come while the first one waits.
    Second,
    /// It is for those that come when the second one is late as well.
    Third,
}

/// Requests that are not answered, by broker, and since when.
pub(super) type Seats = BTreeMap<(i32, Seat), Instant>;

/// How long the requests behind the first one wait for records, and thus whoever comes while they are under way.
const SHORT: Duration = Duration::from_millis(50);
/// From then on nobody waits for one of those any more: it may bring much, or be lost.
const LATE: Duration = Duration::from_millis(200);

impl Seat {
    /// How long a broker is to wait for records.
    pub(super) fn wait(self, max_wait: Duration) -> Duration {
        match self {
            Self::First => max_wait,
            Self::Second | Self::Third => max_wait.min(SHORT),
        }
    }

    /// Where a partition sits down now, or when to look again, if not before, since a request ends.
    fn of(broker: i32, is_at_end: bool, seats: &Seats, now: Instant) -> Result<Self, Option<Instant>> {
        let since = |seat| seats.get(&(broker, seat)).copied();
        let [first, second, third] = [Self::First, Self::Second, Self::Third].map(since);
        match (first, second, third) {
            (None, second, third) => {
                // Who is at the end waits for the others: apart they would stay apart.
                let late = second.max(third).map(|since| since + LATE);
                late.filter(|late| is_at_end && now < *late).map_or(Ok(Self::First), |late| Err(Some(late)))
            }
            (Some(_), None, _) => Ok(Self::Second),
            (Some(_), Some(since), None) if now >= since + LATE => Ok(Self::Third),
            (Some(_), Some(since), None) => Err(Some(since + LATE)),
            (Some(_), Some(_), Some(_)) => Err(None),
        }
    }
}

impl Plan {
    /// Marks what it names as busy. `is_full`: nothing more may be fetched for now; nor from brokers all whose `seats` are
    /// taken.
    pub(super) fn of(state: &mut State, is_full: bool, (locating, seats): (bool, &Seats)) -> Self {
        let now = Instant::now();
        let mut plan =
            Self { locate: BTreeSet::new(), find: BTreeMap::new(), fetch: BTreeMap::new(), wake: None };
        for (partition, owned) in &mut state.partitions {
            if !owned.is_free(now) {
                plan.wake_at(owned.not_before.filter(|_| !owned.is_busy && !owned.is_stuck));
                continue;
            }
            let Some(leader) = owned.leader else {
                if !locating {
                    plan.locate.insert(partition.topic.clone());
                }
                continue;
            };
            match owned.place {
                place @ (Place::Committed { .. } | Place::Find(_)) => {
                    owned.is_busy = true;
                    let finding = plan.find.entry(leader.broker).or_default();
                    finding.push((partition.clone(), owned.stint, place));
                }
                Place::At(offset) => {
                    let broker = leader.replica.unwrap_or(leader.broker);
                    if owned.is_paused || is_full {
                        continue;
                    }
                    let seat = match Seat::of(broker, owned.is_at_end, seats, now) {
                        Ok(seat) => seat,
                        Err(back) => {
                            plan.wake_at(back);
                            continue;
                        }
                    };
                    owned.is_busy = true;
                    let (partition, stint) = (partition.clone(), owned.stint);
                    let wanted = Wanted { partition, stint, offset, leader };
                    plan.fetch.entry((broker, seat)).or_default().push(wanted);
                }
            }
        }
        plan
    }

    fn wake_at(&mut self, at: Option<Instant>) {
        self.wake = [self.wake, at].into_iter().flatten().min();
    }
}

impl Wanted {
    /// The broker that is asked.
    pub(super) fn broker(&self) -> i32 {
        self.leader.replica.unwrap_or(self.leader.broker)
    }

    /// The partition, as long as nobody has gone elsewhere in it.
    pub(super) fn owned<'a>(&self, state: &'a mut State) -> Option<&'a mut Owned> {
        state.partitions.get_mut(&self.partition).filter(|owned| owned.stint == self.stint)
    }
}
