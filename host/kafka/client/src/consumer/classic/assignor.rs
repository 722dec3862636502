//! How the leader of a classic group shares out partitions. Everything here follows from what members said and how many
//! partitions there are.

use std::collections::{BTreeMap, BTreeSet};

use super::codec::{Named, Subscribed};

/// How the members of a group share out its partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignor {
    /// Evenly, moving as little as possible, without anybody stopping meanwhile.
    CooperativeSticky,
    /// The same, but everybody stops for it.
    Sticky,
    /// Neighbouring partitions of each topic.
    Range,
    /// One partition after the other.
    RoundRobin,
}

/// A member as the leader knows it.
#[derive(Debug, Clone)]
pub(super) struct Joined {
    pub id: String,
    pub instance: Option<String>,
    pub said: Subscribed,
}

/// What each member gets, by its id.
pub(super) type Shares = BTreeMap<String, BTreeSet<Named>>;

impl Assignor {
    /// Kafka's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CooperativeSticky => "cooperative-sticky",
            Self::Sticky => "sticky",
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
        }
    }

    /// Shares out all partitions of `counts`, the number of partitions by topic.
    pub(super) fn share(
        self,
        members: &[Joined],
        counts: &BTreeMap<String, i32>,
        is_cooperative: bool,
    ) -> Shares {
        let mut members: Vec<_> = members.iter().collect();
        // Those with names of their own first, in their order, as Kafka does.
        members.sort_by_key(|member| (member.instance.is_none(), &member.instance, &member.id));
        let mut shares: Shares = members.iter().map(|member| (member.id.clone(), BTreeSet::new())).collect();
        match self {
            Self::Range => range(&members, counts, &mut shares),
            Self::RoundRobin => round_robin(&members, counts, &mut shares),
            Self::Sticky | Self::CooperativeSticky => sticky(&members, counts, &mut shares),
        }
        if is_cooperative {
            hold_back(&members, &mut shares);
        }
        shares
    }
}

fn give(shares: &mut Shares, member: &Joined, partition: Named) {
    shares.entry(member.id.clone()).or_default().insert(partition);
}

fn range(members: &[&Joined], counts: &BTreeMap<String, i32>, shares: &mut Shares) {
    for (topic, count) in counts {
        let readers: Vec<_> = members.iter().filter(|member| member.said.topics.contains(topic)).collect();
        let Ok(number) = i32::try_from(readers.len()) else { continue };
        if number == 0 {
            continue;
        }
        let (each, extra) = (count / number, count % number);
        let mut next = 0;
        for (member, index) in readers.into_iter().zip(0..) {
            let end = next + each + i32::from(index < extra);
            (next..end).for_each(|partition| give(shares, member, (topic.clone(), partition)));
            next = end;
        }
    }
}

fn round_robin(members: &[&Joined], counts: &BTreeMap<String, i32>, shares: &mut Shares) {
    let mut turn = 0;
    for (topic, count) in counts {
        if !members.iter().any(|member| member.said.topics.contains(topic)) {
            continue;
        }
        for partition in 0..*count {
            let reader = loop {
                let Some(member) = members.get(turn % members.len()) else { return };
                turn += 1;
                if member.said.topics.contains(topic) {
                    break member;
                }
            };
            give(shares, reader, (topic.clone(), partition));
        }
    }
}

/// Who had each partition last; nobody where two say so with the same right.
fn owners<'a>(members: &[&'a Joined]) -> BTreeMap<&'a Named, &'a Joined> {
    let mut claims: BTreeMap<&Named, (i32, Option<&Joined>)> = BTreeMap::new();
    for member in members {
        let said = &member.said;
        let (owned, generation) = match &said.before {
            Some((before, generation)) if said.owned.is_empty() => (before, *generation),
            _ => (&said.owned, said.generation),
        };
        for partition in owned {
            let claim = claims.entry(partition).or_insert((generation, Some(member)));
            if claim.1.is_some_and(|other| other.id == member.id) {
                continue;
            }
            if generation > claim.0 {
                *claim = (generation, Some(member));
            } else if generation == claim.0 {
                claim.1 = None;
            }
        }
    }
    claims.into_iter().filter_map(|(partition, (_, owner))| Some((partition, owner?))).collect()
}

fn sticky(members: &[&Joined], counts: &BTreeMap<String, i32>, shares: &mut Shares) {
    let mut free: BTreeSet<Named> = counts
        .iter()
        .flat_map(|(topic, count)| (0..*count).map(move |partition| (topic.clone(), partition)))
        .collect();
    for (partition, owner) in owners(members) {
        if owner.said.topics.contains(&partition.0) && free.remove(partition) {
            give(shares, owner, partition.clone());
        }
    }
    let load = |shares: &Shares, member: &Joined| shares.get(&member.id).map_or(0, BTreeSet::len);
    for partition in free {
        let readers = members.iter().filter(|member| member.said.topics.contains(&partition.0));
        if let Some(reader) = readers.min_by_key(|member| load(shares, member)) {
            give(shares, reader, partition);
        }
    }
    // Each move takes from one with two more than whoever gets it, so there is an end to them.
    while let Some((partition, from, to)) = best_move(members, shares) {
        if let Some(share) = shares.get_mut(&from) {
            share.remove(&partition);
        }
        shares.entry(to).or_default().insert(partition);
    }
}

/// A partition that can go from one member to another who has at least two fewer.
fn best_move(members: &[&Joined], shares: &Shares) -> Option<(Named, String, String)> {
    let mut by_load: Vec<_> =
        members.iter().map(|member| (shares.get(&member.id).map_or(0, BTreeSet::len), *member)).collect();
    by_load.sort_by_key(|(load, _)| *load);
    for (least, to) in &by_load {
        for (most, from) in by_load.iter().rev() {
            if *most < least + 2 {
                break;
            }
            let share = shares.get(&from.id)?;
            let fitting = share.iter().rev().find(|(topic, _)| to.said.topics.contains(topic));
            if let Some(partition) = fitting {
                return Some((partition.clone(), from.id.clone(), to.id.clone()));
            }
        }
    }
    None
}

/// Leaves out what somebody else still has: it is given away when that member has joined without it.
fn hold_back(members: &[&Joined], shares: &mut Shares) {
    for member in members {
        for partition in &member.said.owned {
            for (id, share) in shares.iter_mut() {
                if *id != member.id {
                    share.remove(partition);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, topics: &[&str], owned: &[(&str, i32)]) -> Joined {
        let said = Subscribed {
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            owned: owned.iter().map(|(topic, partition)| ((*topic).to_owned(), *partition)).collect(),
            generation: if owned.is_empty() { -1 } else { 3 },
            before: None,
        };
        Joined { id: id.to_owned(), instance: None, said }
    }

    fn counts(counts: &[(&str, i32)]) -> BTreeMap<String, i32> {
        counts.iter().map(|(topic, count)| ((*topic).to_owned(), *count)).collect()
    }

    fn shown(shares: &Shares) -> Vec<String> {
        let share = |share: &BTreeSet<Named>| {
            share.iter().map(|(topic, partition)| format!("{topic}{partition}")).collect::<Vec<_>>().join(" ")
        };
        shares.iter().map(|(id, partitions)| format!("{id}: {}", share(partitions))).collect()
    }

    #[test]
    fn range_and_round_robin_are_those_of_kafka() {
        let members = [member("x", &["a", "b"], &[]), member("y", &["a", "b"], &[])];
        let counts = counts(&[("a", 3), ("b", 3)]);
        assert_eq!(shown(&Assignor::Range.share(&members, &counts, false)), ["x: a0 a1 b0 b1", "y: a2 b2"]);
        let shares = Assignor::RoundRobin.share(&members, &counts, false);
        assert_eq!(shown(&shares), ["x: a0 a2 b1", "y: a1 b0 b2"]);
    }

    #[test]
    fn round_robin_leaves_out_who_does_not_subscribe() {
        let members = [member("x", &["a"], &[]), member("y", &["a", "b"], &[]), member("z", &[], &[])];
        let shares = Assignor::RoundRobin.share(&members, &counts(&[("a", 2), ("b", 2), ("c", 1)]), false);
        assert_eq!(shown(&shares), ["x: a0", "y: a1 b0 b1", "z: "]);
    }

    #[test]
    fn sticky_moves_as_little_as_it_can() {
        let members =
            [member("x", &["a"], &[("a", 0), ("a", 1), ("a", 2), ("a", 3)]), member("y", &["a"], &[])];
        let counts = counts(&[("a", 4)]);
        assert_eq!(shown(&Assignor::Sticky.share(&members, &counts, false)), ["x: a0 a1", "y: a2 a3"]);
        // What x still has is not given to anybody yet.
        let shares = Assignor::CooperativeSticky.share(&members, &counts, true);
        assert_eq!(shown(&shares), ["x: a0 a1", "y: "]);
        let members = [member("x", &["a"], &[("a", 0), ("a", 1)]), member("y", &["a"], &[])];
        let shares = Assignor::CooperativeSticky.share(&members, &counts, true);
        assert_eq!(shown(&shares), ["x: a0 a1", "y: a2 a3"]);
    }

    #[test]
    fn what_two_members_claim_goes_to_the_later_generation() {
        let mut late = member("y", &["a"], &[("a", 0)]);
        late.said.generation = 4;
        let members = [member("x", &["a"], &[("a", 0), ("a", 1)]), late];
        let shares = Assignor::Sticky.share(&members, &counts(&[("a", 2)]), false);
        assert_eq!(shown(&shares), ["x: a1", "y: a0"]);
    }
}
