//! Random members do random things, and the laws of a group hold after each.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_kafka_groups::{
    Beats, ConsumerGroup, ConsumerHeartbeat, Group, GroupError, GroupSettings, JOINS, JoinRequest, Joining,
    LEAVES, LeavingMember, Partitions, SyncRequest, Syncing, TopicCounts, assign,
};
use forebay_model::{MemberId, Timestamp, TopicId};
use proptest::prelude::*;

const START: Timestamp = Timestamp::from_millis(1_000_000);

#[cfg(test)]
fn member(number: usize) -> MemberId {
    format!("member-{number}").parse().unwrap()
}

#[cfg(test)]
fn joining(number: usize, id: Option<MemberId>) -> JoinRequest {
    JoinRequest {
        member: id,
        new_id: member(number),
        takes_id_first: false,
        can_skip_assignment: true,
        instance: None,
        client_id: "client".to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 20_000,
        protocol_type: "consumer".to_owned(),
        protocols: vec![("range".to_owned(), vec![1]), ("sticky".to_owned(), vec![2])],
    }
}

/// What a client of the classic protocol is about.
#[derive(Debug, Clone, Default)]
struct Client {
    id: Option<MemberId>,
    /// Set while it waits for a generation: in which it began to.
    joins: Option<i32>,
    /// Its generation, and whether it waits for its share.
    generation: Option<i32>,
    syncs: bool,
    share: Option<(i32, Vec<u8>)>,
}

#[derive(Debug, Clone)]
enum Step {
    Join(usize),
    Sync(usize),
    Beat(usize),
    Leave(usize),
    Pass(u64),
}

#[cfg(test)]
fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..5_usize).prop_map(Step::Join),
        4 => (0..5_usize).prop_map(Step::Sync),
        2 => (0..5_usize).prop_map(Step::Beat),
        1 => (0..5_usize).prop_map(Step::Leave),
        2 => (0..8_000_u64).prop_map(Step::Pass),
    ]
}

/// A group with clients, all through the bytes of the store at each step.
#[cfg(test)]
struct World {
    group: Group,
    beats: Beats,
    now: Timestamp,
    clients: Vec<Client>,
    /// Who had what in each generation.
    shares: BTreeMap<i32, BTreeMap<MemberId, Vec<u8>>>,
    settings: GroupSettings,
    /// Ids are never given twice.
    next: usize,
}

#[cfg(test)]
impl World {
    fn new() -> Self {
        Self {
            group: Group::empty(START),
            beats: Beats::new(),
            now: START,
            clients: vec![Client::default(); 5],
            shares: BTreeMap::new(),
            settings: GroupSettings::default(),
            next: 0,
        }
    }

    fn look(&mut self) {
        let before = self.group.generation();
        self.group.advance(self.now, &self.beats, &self.settings);
        assert!(self.group.generation() >= before, "generations never go back");
        assert_eq!(Group::decode(&self.group.encode().unwrap()).unwrap(), self.group);
    }

    fn take(&mut self, step: &Step) {
        self.look();
        let classic = self.group.classic().unwrap();
        match *step {
            Step::Join(who) => {
                let known = self.clients[who].id.clone();
                self.next += 1;
                match classic.join(joining(self.next, known), self.now, &self.settings) {
                    Ok(Joining::Joined(reply)) => self.joined(who, reply.member, reply.generation),
                    Ok(Joining::Waiting { member, generation }) => {
                        let client = &mut self.clients[who];
                        (client.id, client.joins) = (Some(member), Some(generation));
                        (client.generation, client.syncs) = (None, false);
                    }
                    Err(error) => self.refused(who, &error),
                }
            }
            Step::Sync(who) => self.sync(who),
            Step::Beat(who) => {
                let Client { id: Some(id), generation: Some(generation), .. } = self.clients[who].clone()
                else {
                    return;
                };
                self.beats.insert(id.clone(), self.now);
                match classic.heartbeat(&id, None, generation) {
                    Ok(()) | Err(GroupError::RebalanceInProgress) => {}
                    Err(error) => self.refused(who, &error),
                }
            }
            Step::Leave(who) => {
                if let Some(id) = self.clients[who].id.take() {
                    let leaving = [LeavingMember { member: Some(id), instance: None }];
                    classic.leave(&leaving, self.now, &self.settings);
                }
                self.clients[who] = Client::default();
            }
            Step::Pass(millis) => self.now = self.now.after(Duration::from_millis(millis)),
        }
        self.look();
        self.tell_all();
    }

    fn sync(&mut self, who: usize) {
        let Client { id: Some(id), generation: Some(generation), .. } = self.clients[who].clone() else {
            return;
        };
        let classic = self.group.classic().unwrap();
        let assignments = classic.members.keys().map(|id| (id.clone(), format!("{id}@{generation}").into_bytes()));
        let request = SyncRequest {
            member: id.clone(),
            instance: None,
            generation,
            protocol_type: None,
            protocol: None,
            assignments: assignments.collect(),
        };
        match classic.sync(request) {
            Ok(Syncing::Synced(share)) => self.synced(who, generation, share),
            Ok(Syncing::Waiting) => self.clients[who].syncs = true,
            Err(GroupError::RebalanceInProgress) => self.clients[who].generation = None,
            Err(error) => self.refused(who, &error),
        }
    }

    /// Whoever waits is told what there is to tell.
    fn tell_all(&mut self) {
        for who in 0..self.clients.len() {
            let client = self.clients[who].clone();
            let Some(id) = client.id else { continue };
            let classic = self.group.classic().unwrap();
            if let Some(generation) = client.joins {
                match classic.joined(&id, generation) {
                    Ok(Some(reply)) => self.joined(who, reply.member, reply.generation),
                    Ok(None) => {}
                    Err(error) => self.refused(who, &error),
                }
            } else if let (true, Some(generation)) = (client.syncs, client.generation) {
                match classic.synced(&id, generation) {
                    Ok(Syncing::Synced(share)) => self.synced(who, generation, share),
                    Ok(Syncing::Waiting) => {}
                    Err(_) => (self.clients[who].syncs, self.clients[who].generation) = (false, None),
                }
            }
        }
    }

    fn joined(&mut self, who: usize, id: MemberId, generation: i32) {
        let client = &mut self.clients[who];
        (client.id, client.joins, client.generation) = (Some(id), None, Some(generation));
    }

    fn synced(&mut self, who: usize, generation: i32, share: Vec<u8>) {
        let client = &mut self.clients[who];
        client.syncs = false;
        let id = client.id.clone().unwrap();
        assert_eq!(share, format!("{id}@{generation}").into_bytes(), "a share is of its generation");
        client.share = Some((generation, share.clone()));
        let before = self.shares.entry(generation).or_default().insert(id, share.clone());
        assert!(before.is_none_or(|before| before == share), "a share never changes within a generation");
    }

    fn refused(&mut self, who: usize, error: &GroupError) {
        let expected = matches!(error, GroupError::UnknownMember | GroupError::IllegalGeneration);
        assert!(expected, "{error:?}");
        self.clients[who] = Client::default();
    }

    /// When nobody comes or goes any more, everybody gets an answer in the end.
    fn settle(&mut self) {
        for _ in 0..100 {
            self.now = self.now.after(Duration::from_secs(3));
            self.look();
            self.tell_all();
            for who in 0..self.clients.len() {
                let Client { id, joins, generation, .. } = self.clients[who].clone();
                match (id, joins, generation) {
                    (None, ..) | (Some(_), Some(_), _) => {}
                    (Some(_), None, None) => self.take(&Step::Join(who)),
                    (Some(id), None, Some(generation)) => {
                        self.beats.insert(id.clone(), self.now);
                        match self.group.classic().unwrap().heartbeat(&id, None, generation) {
                            Ok(()) if self.clients[who].share.as_ref().is_none_or(|(of, _)| *of != generation) => {
                                self.sync(who);
                            }
                            Ok(()) => {}
                            Err(GroupError::RebalanceInProgress) => self.clients[who].generation = None,
                            Err(error) => self.refused(who, &error),
                        }
                    }
                }
            }
            self.tell_all();
        }
        let there: Vec<&Client> = self.clients.iter().filter(|client| client.id.is_some()).collect();
        let generation = self.group.generation();
        for client in &there {
            assert_eq!((client.joins, client.syncs), (None, false), "nobody waits for ever");
            assert_eq!(client.generation, Some(generation), "all are of one generation");
        }
        assert_eq!(self.group.member_ids().len(), there.len());
        assert_eq!(self.group.state_name(), if there.is_empty() { "Empty" } else { "Stable" });
    }
}

/// A member of the other protocol, and what it owns.
#[derive(Debug, Clone, Default)]
struct Consumer {
    id: Option<MemberId>,
    epoch: i32,
    owned: Partitions,
    is_to_own: Partitions,
}

#[cfg(test)]
fn beat(id: MemberId, epoch: i32, owned: Option<Partitions>, names: Option<BTreeSet<String>>) -> ConsumerHeartbeat {
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

#[cfg(test)]
fn topics(counts: [i32; 3]) -> TopicCounts {
    let topics = (1..).zip(counts).map(|(number, count)| {
        (format!("topic-{number}"), (TopicId::from_random(number), count))
    });
    topics.collect()
}

#[cfg(test)]
fn expect_disjoint<'a>(shares: impl Iterator<Item = &'a Partitions>) {
    let mut taken = BTreeSet::new();
    for (topic, partitions) in shares.flatten() {
        for partition in partitions {
            assert!(taken.insert((*topic, *partition)), "{topic:?} {partition} has two owners");
        }
    }
}

/// A consumer gives a sign of life, and does what it is told: at once, or later.
#[cfg(test)]
fn consume(group: &mut ConsumerGroup, consumer: &mut Consumer, all: &TopicCounts, now: Timestamp, obeys: bool) {
    let Some(id) = consumer.id.clone() else { return };
    let joins = consumer.epoch == JOINS;
    let names = joins.then(|| all.keys().cloned().collect());
    let owned = if joins { Partitions::new() } else { consumer.owned.clone() };
    let before = group.clone();
    match group.heartbeat(&beat(id, consumer.epoch, Some(owned), names), all, now, &GroupSettings::default()) {
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
    fn classic_groups_keep_the_laws(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.settle();
    }

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
    let subscriber = assign::Subscriber { topics: by_id.keys().copied().collect(), ..assign::Subscriber::default() };
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
