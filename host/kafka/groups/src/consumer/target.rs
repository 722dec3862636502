//! Every change of the group epoch and of the target.

use std::collections::{BTreeMap, BTreeSet};

use super::assign::{self, Subscriber};
use super::expressions::compiled;
use super::{ConsumerGroup, ConsumerMember, Partitions, TopicCounts};
use forebay_model::{MemberId, Timestamp, TopicId};

impl ConsumerGroup {
    /// Something may change who owns what: the next epoch begins, with a target of its own.
    pub(super) fn retarget(&mut self, topics: TopicCounts) {
        self.epoch = self.epoch.checked_add(1).unwrap_or(1);
        let by_id: BTreeMap<TopicId, i32> = topics.values().copied().collect();
        let matching = self.matching(&topics);
        let subscribers = self.members.iter().map(|(id, member)| {
            let subscriber = Subscriber {
                instance: member.instance.clone(),
                topics: subscribed(member, &matching)
                    .filter_map(|name| topics.get(name))
                    .map(|(id, _)| *id)
                    .collect(),
                owns: self.target.get(id).cloned().unwrap_or_default(),
            };
            (id.clone(), subscriber)
        });
        self.target = assign::assign(self.assignor(), &subscribers.collect(), &by_id);
        self.topics = topics;
        self.assignment_epoch = self.epoch;
    }

    /// Members are gone; what they owned goes to the others.
    pub(super) fn remove(&mut self, gone: &[MemberId], now: Timestamp) {
        if gone.is_empty() {
            return;
        }
        for id in gone {
            self.members.remove(id);
            self.target.remove(id);
        }
        if self.members.is_empty() {
            self.empty_since = now;
        }
        let names: BTreeSet<String> = self.subscribed_names(&self.topics).map(str::to_owned).collect();
        let mut topics = self.topics.clone();
        topics.retain(|name, _| names.contains(name));
        self.retarget(topics);
    }

    /// What of `all` topics somebody subscribes to.
    pub(super) fn subscribed_topics(&self, all: &TopicCounts) -> TopicCounts {
        let names = self.subscribed_names(all);
        names.filter_map(|name| Some((name.to_owned(), *all.get(name)?))).collect()
    }

    fn subscribed_names<'a>(&'a self, all: &'a TopicCounts) -> impl Iterator<Item = &'a str> {
        let matched = self.matching(all).into_values().flatten();
        let mut names: BTreeSet<&str> = matched.collect();
        names.extend(self.members.values().flat_map(|member| &member.names).map(String::as_str));
        names.into_iter()
    }

    /// Of each expression of a member the names of topics that match it. Many members have the same one.
    fn matching<'a>(&'a self, topics: &'a TopicCounts) -> Matching<'a> {
        let mut matching = Matching::new();
        for expression in self.members.values().filter_map(|member| member.regex.as_deref()) {
            matching.entry(expression).or_insert_with(|| {
                // It was checked when it came.
                let Ok(regex) = compiled(expression) else { return Vec::new() };
                topics.keys().map(String::as_str).filter(|name| regex.is_match(name)).collect()
            });
        }
        matching
    }
}

/// Names of topics by the expression that they match.
type Matching<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// The names of the topics that a member subscribes to.
fn subscribed<'a>(member: &'a ConsumerMember, matching: &Matching<'a>) -> impl Iterator<Item = &'a str> {
    let matched = member.regex.as_deref().and_then(|expression| matching.get(expression));
    let mut names: BTreeSet<&str> = matched.into_iter().flatten().copied().collect();
    names.extend(member.names.iter().map(String::as_str));
    names.into_iter()
}

/// What of `all` is not in `some`.
pub(super) fn without(all: &Partitions, some: &Partitions) -> Partitions {
    let mut left = Partitions::new();
    for (topic, partitions) in all {
        let others = some.get(topic);
        let rest =
            partitions.iter().filter(|partition| !others.is_some_and(|others| others.contains(partition)));
        let rest: BTreeSet<i32> = rest.copied().collect();
        if !rest.is_empty() {
            left.insert(*topic, rest);
        }
    }
    left
}

/// What is in both.
pub(super) fn both(one: &Partitions, other: &Partitions) -> Partitions {
    without(one, &without(one, other))
}

/// What is in one of them.
pub(super) fn either(one: &Partitions, other: &Partitions) -> Partitions {
    let mut all = one.clone();
    for (topic, partitions) in other {
        all.entry(*topic).or_default().extend(partitions);
    }
    all
}
