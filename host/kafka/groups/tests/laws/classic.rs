use std::collections::BTreeMap;
use std::time::Duration;

use forebay_kafka_groups::{
    Beats, Group, GroupError, GroupSettings, JoinRequest, Joining, LeavingMember, SyncRequest, Syncing,
};
use forebay_model::{MemberId, Timestamp};
use proptest::prelude::*;

use crate::{START, member};

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
        let assignments =
            classic.members.keys().map(|id| (id.clone(), format!("{id}@{generation}").into_bytes()));
        let request = SyncRequest {
            member: id,
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
                            Ok(())
                                if self.clients[who]
                                    .share
                                    .as_ref()
                                    .is_none_or(|(of, _)| *of != generation) =>
                            {
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
}
