use std::collections::{BTreeMap, BTreeSet};

use forebay_model::{Offset, TopicName};
use tokio::time::Instant;

use super::super::state::{Leader, Owned, Place, State};
use super::Seat;
use crate::topic_partition::TopicPartition;

/// What can be asked now.
pub(super) struct Plan {
    /// Topics whose leaders are not known.
    pub locate: BTreeSet<TopicName>,
    /// Partitions whose starts are not known, by leader.
    pub find: BTreeMap<i32, Finding>,
    /// Partitions to be fetched, by request.
    pub fetch: BTreeMap<Seat, Vec<Wanted>>,
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

/// Requests to one broker at a time.
const SEATS: usize = 2;

impl Plan {
    /// Marks what it names as busy. `is_full`: nothing more may be fetched for now; nor from brokers all whose `seats` are
    /// taken.
    pub(super) fn of(state: &mut State, is_full: bool, (locating, seats): (bool, &BTreeSet<Seat>)) -> Self {
        let now = Instant::now();
        let mut plan =
            Self { locate: BTreeSet::new(), find: BTreeMap::new(), fetch: BTreeMap::new(), wake: None };
        for (partition, owned) in &mut state.partitions {
            if !owned.is_free(now) {
                if let Some(not_before) = owned.not_before.filter(|_| !owned.is_busy && !owned.is_stuck) {
                    plan.wake = Some(plan.wake.map_or(not_before, |wake| wake.min(not_before)));
                }
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
                    let mut free = (0..SEATS).map(|number| (broker, number));
                    let Some(seat) = free.find(|seat| !seats.contains(seat)) else { continue };
                    if owned.is_paused || is_full {
                        continue;
                    }
                    owned.is_busy = true;
                    let (partition, stint) = (partition.clone(), owned.stint);
                    let wanted = Wanted { partition, stint, offset, leader };
                    plan.fetch.entry(seat).or_default().push(wanted);
                }
            }
        }
        plan
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
