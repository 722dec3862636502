use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_kafka_groups::{
    Beats, ConsumerGroup, ConsumerHeartbeat, GroupError, GroupSettings, JOINS, LEAVES, Partitions,
    TopicCounts, assign,
};
use forebay_model::{MemberId, Timestamp, TopicId};
use proptest::prelude::*;

use crate::{START, member};

/// A member of the other protocol, and what it owns.
#[derive(Debug, Clone, Default)]
struct Consumer {
    id: Option<MemberId>,
    epoch: i32,
    owned: Partitions,
    is_to_own: Partitions,
}

fn beat(
    id: MemberId,
    epoch: i32,
    owned: Option<Partitions>,
    names: Option<BTreeSet<String>>,
) -> ConsumerHeartbeat {
    let joins = epoch == JOINS;
    ConsumerHeartbeat {
        member: id,
        epoch,
        instance: None,
        rack: None,
        client_id: "client".to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        rebalance_timeout_ms: joins.then_some(20_000),
        names,
        regex: None,
        assignor: None,
        owned,
    }
}

fn topics(counts: [i32; 3]) -> TopicCounts {
    let topics = (1..)
        .zip(counts)
        .map(|(number, count)| (format!("topic-{number}"), (TopicId::from_random(number), count)));
    topics.collect()
}

fn expect_disjoint<'a>(shares: impl Iterator<Item = &'a Partitions>) {
    let mut taken = BTreeSet::new();
    for (topic, partitions) in shares.flatten() {
        for partition in partitions {
            assert!(taken.insert((*topic, *partition)), "{topic:?} {partition} has two owners");
        }
    }
}

/// A consumer gives a sign of life, and does what it is told: at once, or later.
fn consume(
    group: &mut ConsumerGroup,
    consumer: &mut Consumer,
    all: &TopicCounts,
    now: Timestamp,
    obeys: bool,
) {
    let Some(id) = consumer.id.clone() else { return };
    let joins = consumer.epoch == JOINS;
    let names = joins.then(|| all.keys().cloned().collect());
    let owned = if joins { Partitions::new() } else { consumer.owned.clone() };
    let before = group.clone();
    match group.heartbeat(&beat(id, consumer.epoch, Some(owned), names), all, now, &GroupSettings::default())
    {
        Ok(reply) => {
            assert!(reply.epoch >= consumer.epoch, "member epochs never go back");
            consumer.epoch = reply.epoch;
            if let Some(assignment) = reply.assignment {
                consumer.is_to_own = assignment;
            }
            if obeys {
                consumer.owned.clone_from(&consumer.is_to_own);
            }
        }
        Err(GroupError::UnknownMember | GroupError::FencedMemberEpoch) => {
            *group = before;
            // What it had it gives up before it joins again.
            *consumer = Consumer { id: consumer.id.take(), ..Consumer::default() };
        }
        Err(error) => unreachable!("{error:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn consumers_never_own_the_same(
        steps in prop::collection::vec((0..4_usize, 0..10_u8), 1..80),
        counts in [1..6_i32, 0..4, 0..9],
    ) {
        let mut all = topics(counts);
        let settings = GroupSettings::default();
        let mut group = ConsumerGroup::empty(0, START);
        let mut consumers = vec![Consumer::default(); 4];
        let (mut now, mut next) = (START, 0);
        let mut beats = Beats::new();
        for (who, what) in steps {
            now = now.after(Duration::from_secs(2));
            let epoch = group.epoch;
            group.advance(now, &beats, &settings);
            match what {
                0 if consumers[who].id.is_none() => {
                    next += 1;
                    consumers[who] = Consumer { id: Some(member(next)), ..Consumer::default() };
                }
                1 => {
                    if let Some(id) = consumers[who].id.take() {
                        let _ = group.heartbeat(&beat(id, LEAVES, None, None), &all, now, &settings);
                    }
                    consumers[who] = Consumer::default();
                }
                2 => {
                    for (_, count) in all.values_mut() {
                        *count += 1;
                    }
                }
                _ => consume(&mut group, &mut consumers[who], &all, now, what > 5),
            }
            if let Some(id) = &consumers[who].id {
                beats.insert(id.clone(), now);
            }
            prop_assert!(group.epoch >= epoch && group.assignment_epoch <= group.epoch);
            let held: Vec<_> = group.members.values()
                .flat_map(|member| [&member.assigned, &member.revoking]).cloned().collect();
            expect_disjoint(held.iter());
            let there = consumers.iter().filter(|consumer| {
                // One that is out does not know it yet.
                consumer.id.as_ref().is_some_and(|id| group.members.contains_key(id))
            });
            expect_disjoint(there.map(|consumer| &consumer.owned));
        }
        for _ in 0..20 {
            for consumer in &mut consumers {
                now = now.after(Duration::from_secs(1));
                consume(&mut group, consumer, &all, now, true);
                consumer.id.iter().for_each(|id| { beats.insert(id.clone(), now); });
            }
            group.advance(now, &beats, &settings);
        }
        let there = consumers.iter().filter(|consumer| consumer.id.is_some());
        let owned: usize = there.clone().flat_map(|consumer| consumer.owned.values()).map(BTreeSet::len).sum();
        let partitions: i32 = all.values().map(|(_, count)| *count).sum();
        if there.clone().count() > 0 {
            prop_assert_eq!(i32::try_from(owned).unwrap(), partitions, "every partition has an owner");
            prop_assert_eq!(group.state_name(), "Stable");
        }
    }

    #[test]
    fn uniform_is_fair_and_moves_little(counts in [0..20_i32, 0..20, 0..20], before in 1..8_usize, after in 1..8_usize) {
        let by_id: BTreeMap<TopicId, i32> = topics(counts).into_values().collect();
        let subscriber = |owns| assign::Subscriber {
            instance: None,
            topics: by_id.keys().copied().collect(),
            owns,
        };
        let members = (0..before).map(|number| (member(number), subscriber(Partitions::new()))).collect();
        let first = assign::assign(assign::Assignor::Uniform, &members, &by_id);
        let members = (0..after)
            .map(|number| (member(number), subscriber(first.get(&member(number)).cloned().unwrap_or_default())))
            .collect();
        let second = assign::assign(assign::Assignor::Uniform, &members, &by_id);
        let load = |share: &Partitions| share.values().map(BTreeSet::len).sum::<usize>();
        let total: usize = counts.iter().map(|count| usize::try_from(*count).unwrap()).sum();
        let loads: Vec<usize> = second.values().map(load).collect();
        prop_assert_eq!(loads.iter().sum::<usize>(), total);
        prop_assert!(loads.iter().max().unwrap() - loads.iter().min().unwrap() <= 1, "{:?}", loads);
        expect_disjoint(second.values());
        // Who stays loses no more than what makes it fair.
        for (id, share) in &second {
            let Some(had) = first.get(id) else { continue };
            let kept: usize = share.iter().map(|(topic, partitions)| {
                had.get(topic).map_or(0, |had| had.intersection(partitions).count())
            }).sum();
            prop_assert!(kept >= load(had).min(total / after), "{} of {} kept", kept, load(had));
        }
    }
}

#[test]
fn range_gives_neighbouring_partitions() {
    let all = topics([5, 3, 0]);
    let by_id: BTreeMap<TopicId, i32> = all.values().copied().collect();
    let subscriber =
        assign::Subscriber { topics: by_id.keys().copied().collect(), ..assign::Subscriber::default() };
    let members = [(member(1), subscriber.clone()), (member(2), subscriber)].into();
    let shares = assign::assign(assign::Assignor::Range, &members, &by_id);
    let of = |number, topic: &str| shares[&member(number)][&all[topic].0].iter().copied().collect::<Vec<_>>();
    assert_eq!((of(1, "topic-1"), of(2, "topic-1")), (vec![0, 1, 2], vec![3, 4]));
    assert_eq!((of(1, "topic-2"), of(2, "topic-2")), (vec![0, 1], vec![2]));
}

#[test]
fn regular_expressions_match_whole_names() {
    let (all, settings) = (topics([1, 2, 3]), GroupSettings::default());
    let mut group = ConsumerGroup::empty(0, START);
    let with = |expression: &str| ConsumerHeartbeat {
        regex: Some(expression.to_owned()),
        ..beat(member(1), JOINS, Some(Partitions::new()), None)
    };
    let told = group.heartbeat(&with("topic-[12]"), &all, START, &settings).unwrap();
    assert_eq!(told.assignment.unwrap().len(), 2);
    let told = group.heartbeat(&with("opic-1"), &all, START, &settings).unwrap();
    assert_eq!(told.assignment.unwrap().len(), 0);
    let refused = group.heartbeat(&with("("), &all, START, &settings);
    assert!(matches!(refused, Err(GroupError::InvalidRegularExpression(_))), "{refused:?}");
}

#[test]
fn each_member_owns_of_what_its_own_expression_matches() {
    let (all, settings) = (topics([4, 4, 4]), GroupSettings::default());
    let mut group = ConsumerGroup::empty(0, START);
    for (number, expression) in [(1, "topic-[12]"), (2, "topic-3"), (3, "topic-[12]"), (4, "topic-[23]")] {
        let joins = ConsumerHeartbeat {
            regex: Some(expression.to_owned()),
            ..beat(member(number), JOINS, Some(Partitions::new()), None)
        };
        group.heartbeat(&joins, &all, START, &settings).unwrap();
    }
    let of = |number| group.target[&member(number)].keys().copied().collect::<BTreeSet<_>>();
    let ids = |names: &[&str]| names.iter().map(|name| all[*name].0).collect::<BTreeSet<_>>();
    assert!(of(1).is_subset(&ids(&["topic-1", "topic-2"])) && of(3).is_subset(&ids(&["topic-1", "topic-2"])));
    assert!(of(2).is_subset(&ids(&["topic-3"])) && of(4).is_subset(&ids(&["topic-2", "topic-3"])));
    let owned: usize = group.target.values().flat_map(Partitions::values).map(BTreeSet::len).sum();
    assert_eq!(owned, 12);
}
