use std::collections::{BTreeMap, BTreeSet};

use forebay_model::{MemberId, TopicId};

use super::Subscriber;
use crate::consumer::Partitions;

/// Members by how many partitions they have.
struct Shares<'a> {
    members: &'a BTreeMap<MemberId, Subscriber>,
    owned: BTreeMap<&'a MemberId, BTreeSet<(TopicId, i32)>>,
    by_load: BTreeSet<(usize, &'a MemberId)>,
}

/// Who owned a partition keeps it as far as that is fair; the rest goes to who has least.
pub(super) fn assign(
    members: &BTreeMap<MemberId, Subscriber>,
    topics: &BTreeMap<TopicId, i32>,
) -> BTreeMap<MemberId, Partitions> {
    let mut shares = Shares {
        members,
        owned: members.keys().map(|id| (id, BTreeSet::new())).collect(),
        by_load: members.keys().map(|id| (0, id)).collect(),
    };
    let mut free: BTreeSet<(TopicId, i32)> =
        topics.iter().flat_map(|(topic, count)| (0..*count).map(|partition| (*topic, partition))).collect();
    for (id, member) in members {
        for (topic, partitions) in &member.owns {
            let keeps = partitions.iter().filter(|_| member.topics.contains(topic));
            for partition in keeps.map(|partition| (*topic, *partition)) {
                if free.remove(&partition) {
                    shares.give(id, partition);
                }
            }
        }
    }
    for partition in free {
        if let Some(id) = shares.least(partition.0) {
            shares.give(id, partition);
        }
    }
    while shares.even_out() {}
    let grouped = shares.owned.into_iter().map(|(id, owned)| {
        let mut partitions = Partitions::new();
        for (topic, partition) in owned {
            partitions.entry(topic).or_default().insert(partition);
        }
        (id.clone(), partitions)
    });
    grouped.collect()
}

impl<'a> Shares<'a> {
    fn load(&self, id: &MemberId) -> usize {
        self.owned.get(id).map_or(0, BTreeSet::len)
    }

    fn give(&mut self, id: &'a MemberId, partition: (TopicId, i32)) {
        let before = self.load(id);
        if self.owned.entry(id).or_default().insert(partition) {
            self.by_load.remove(&(before, id));
            self.by_load.insert((before + 1, id));
        }
    }

    fn take(&mut self, id: &'a MemberId, partition: (TopicId, i32)) {
        let before = self.load(id);
        if self.owned.entry(id).or_default().remove(&partition) {
            self.by_load.remove(&(before, id));
            self.by_load.insert((before - 1, id));
        }
    }

    /// Who has least of those that subscribe to a topic.
    fn least(&self, topic: TopicId) -> Option<&'a MemberId> {
        let subscribes =
            |id: &MemberId| self.members.get(id).is_some_and(|member| member.topics.contains(&topic));
        self.by_load.iter().map(|(_, id)| *id).find(|id| subscribes(id))
    }

    /// Moves one partition from who has more to who has fewer, if that is fairer. Each move makes the shares more even,
    /// so that there is an end.
    fn even_out(&mut self) -> bool {
        let Some(fewest) = self.by_load.first().map(|(load, _)| *load) else { return false };
        let mut found = None;
        'members: for (load, id) in self.by_load.iter().rev() {
            if *load <= fewest + 1 {
                break;
            }
            let mut last_topic = None;
            // The last ones first, so that lower numbers stay where they are.
            for (topic, partition) in self.owned.get(id).into_iter().flatten().rev() {
                if last_topic == Some(*topic) {
                    continue;
                }
                last_topic = Some(*topic);
                if let Some(to) = self.least(*topic)
                    && *load > self.load(to) + 1
                {
                    found = Some((*id, to, (*topic, *partition)));
                    break 'members;
                }
            }
        }
        let Some((from, to, partition)) = found else { return false };
        self.take(from, partition);
        self.give(to, partition);
        true
    }
}
