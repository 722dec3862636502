use std::collections::BTreeMap;

use forebay_kafka_groups::{
    Beats, ClassicGroup, GroupError, GroupSettings, JoinReply, JoinRequest, Joining, LeavingMember,
    SyncRequest, Syncing,
};

use crate::{START, at, id};

fn request(new_id: &str) -> JoinRequest {
    JoinRequest {
        member: None,
        new_id: id(new_id),
        takes_id_first: false,
        can_skip_assignment: true,
        instance: None,
        client_id: "client".to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 20_000,
        protocol_type: "consumer".to_owned(),
        protocols: vec![("range".to_owned(), b"range".to_vec())],
    }
}

fn instance(new_id: &str, name: &str) -> JoinRequest {
    JoinRequest { instance: Some(name.to_owned()), ..request(new_id) }
}

fn settings() -> GroupSettings {
    GroupSettings::default()
}

fn join(group: &mut ClassicGroup, request: JoinRequest, seconds: u64) -> Joining {
    group.join(request, at(seconds), &settings()).unwrap()
}

fn sync(group: &mut ClassicGroup, member: &str) -> Result<Syncing, GroupError> {
    group.sync(SyncRequest {
        member: id(member),
        instance: None,
        generation: group.generation,
        protocol_type: None,
        protocol: None,
        assignments: BTreeMap::from([(id(member), b"all".to_vec())]),
    })
}

/// A group whose first generation of these is stable, three seconds after the start.
fn stable(requests: Vec<JoinRequest>) -> ClassicGroup {
    let mut group = ClassicGroup::empty(START);
    for request in requests {
        join(&mut group, request, 0);
    }
    // Those who came at once are waited for once more.
    for second in [3, 6] {
        group.advance(at(second), &Beats::new(), &settings());
    }
    let leader = group.leader.clone().unwrap();
    sync(&mut group, leader.as_str()).unwrap();
    assert_eq!((group.state_name(), group.generation), ("Stable", 1));
    group
}

fn reply(joining: Joining) -> JoinReply {
    let Joining::Joined(reply) = joining else { unreachable!("it waits: {joining:?}") };
    reply
}

#[test]
fn a_new_member_is_sent_back_for_its_id() {
    let mut group = ClassicGroup::empty(START);
    let anew = JoinRequest { takes_id_first: true, ..request("a") };
    let refused = group.join(anew, START, &settings());
    assert_eq!(refused, Err(GroupError::MemberIdRequired(id("a"))));
    assert!(group.pending.contains_key(&id("a")) && group.members.is_empty());
    let again = JoinRequest { member: Some(id("a")), ..request("x") };
    assert!(matches!(join(&mut group, again, 1), Joining::Waiting { .. }));
    let stranger = JoinRequest { member: Some(id("b")), ..request("x") };
    assert_eq!(group.join(stranger, at(1), &settings()), Err(GroupError::UnknownMember));
}

#[test]
fn an_empty_group_waits_for_more_as_long_as_some_come() {
    let mut group = ClassicGroup::empty(START);
    join(&mut group, request("a"), 0);
    join(&mut group, request("b"), 2);
    group.advance(at(3), &Beats::new(), &settings());
    assert_eq!(group.state_name(), "PreparingRebalance");
    assert_eq!(group.next_deadline(&Beats::new()), Some(at(6)));
    group.advance(at(6), &Beats::new(), &settings());
    assert_eq!((group.state_name(), group.generation), ("CompletingRebalance", 1));
    let leader = group.joined(&id("a"), 0).unwrap().unwrap();
    assert_eq!((leader.leader, leader.members.len()), (Some(id("a")), 2));
    assert_eq!(group.joined(&id("b"), 0).unwrap().unwrap().members, []);
}

#[test]
fn who_does_not_join_in_time_is_out() {
    let mut group = stable(vec![request("a"), request("b")]);
    assert!(matches!(join(&mut group, request("c"), 7), Joining::Waiting { .. }));
    assert_eq!(group.heartbeat(&id("a"), None, 1), Err(GroupError::RebalanceInProgress));
    let again = JoinRequest { member: Some(id("b")), ..request("x") };
    assert!(matches!(join(&mut group, again, 8), Joining::Waiting { .. }));
    // It gives signs of life, and yet does not join.
    let beats = Beats::from([(id("a"), at(26))]);
    group.advance(at(26), &beats, &settings());
    assert_eq!(group.state_name(), "PreparingRebalance");
    group.advance(at(27), &beats, &settings());
    assert_eq!((group.state_name(), group.generation), ("CompletingRebalance", 2));
    assert_eq!(group.leader, Some(id("b")));
    assert_eq!(group.heartbeat(&id("a"), None, 1), Err(GroupError::UnknownMember));
}

#[test]
fn a_leader_that_never_assigns_is_out() {
    let mut group = ClassicGroup::empty(START);
    join(&mut group, request("a"), 0);
    join(&mut group, request("b"), 0);
    group.advance(at(3), &Beats::new(), &settings());
    group.advance(at(6), &Beats::new(), &settings());
    assert_eq!(sync(&mut group, "b"), Ok(Syncing::Waiting));
    let alive = |seconds| Beats::from([(id("a"), at(seconds)), (id("b"), at(seconds))]);
    group.advance(at(25), &alive(25), &settings());
    assert_eq!(group.state_name(), "CompletingRebalance");
    group.advance(at(26), &alive(26), &settings());
    assert_eq!(group.synced(&id("b"), 1), Err(GroupError::RebalanceInProgress));
    assert_eq!(group.synced(&id("a"), 1), Err(GroupError::UnknownMember));
}

#[test]
fn a_member_that_starts_anew_takes_its_place_again() {
    let mut group = stable(vec![instance("a", "one"), instance("b", "two")]);
    let again = reply(join(&mut group, instance("c", "two"), 7));
    assert_eq!((again.generation, again.member, again.leader), (1, id("c"), Some(id("a"))));
    assert_eq!(group.state_name(), "Stable");
    assert_eq!(group.heartbeat(&id("b"), Some("two"), 1), Err(GroupError::FencedInstance));
    // The leader is told to keep what it has assigned; an older one that another is the leader.
    let leader = reply(join(&mut group, instance("d", "one"), 7));
    assert_eq!((leader.leader, leader.skips_assignment, leader.members.len()), (Some(id("d")), true, 2));
    let older = JoinRequest { can_skip_assignment: false, ..instance("e", "one") };
    let leader = reply(join(&mut group, older, 7));
    assert_eq!((leader.leader, leader.members.len()), (Some(id("d")), 0));
    // What it says of itself has changed: everybody shares anew.
    let other =
        JoinRequest { protocols: vec![("range".to_owned(), b"new".to_vec())], ..instance("f", "two") };
    assert!(matches!(join(&mut group, other, 7), Joining::Waiting { .. }));
}

#[test]
fn a_lost_answer_is_given_again() {
    let mut group = stable(vec![request("a"), request("b")]);
    let again = JoinRequest { member: Some(id("b")), ..request("x") };
    assert_eq!(reply(join(&mut group, again, 7)).generation, 1);
    // A leader wants a new generation by that.
    let again = JoinRequest { member: Some(id("a")), ..request("x") };
    assert!(matches!(join(&mut group, again, 7), Joining::Waiting { .. }));
}

#[test]
fn the_protocol_is_one_that_all_speak() {
    let speaks = |new_id: &str, names: &[&str]| JoinRequest {
        protocols: names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect(),
        ..request(new_id)
    };
    let mut group = stable(vec![
        speaks("a", &["sticky", "range"]),
        speaks("b", &["range", "sticky", "own"]),
        speaks("c", &["own", "range", "sticky"]),
    ]);
    assert_eq!(group.protocol.as_deref(), Some("range"));
    let stranger = group.join(speaks("d", &["own"]), at(7), &settings());
    assert_eq!(stranger, Err(GroupError::InconsistentProtocol));
    let other = JoinRequest { protocol_type: "connect".to_owned(), ..speaks("d", &["range"]) };
    assert_eq!(group.join(other, at(7), &settings()), Err(GroupError::InconsistentProtocol));
    let short = JoinRequest { session_timeout_ms: 1, ..request("d") };
    let refused = group.join(short, at(7), &settings());
    assert!(matches!(refused, Err(GroupError::InvalidSessionTimeout { .. })), "{refused:?}");
}

#[test]
fn members_leave_by_either_id() {
    let mut group = stable(vec![instance("a", "one"), request("b"), request("c")]);
    let leaving = |member: Option<&str>, instance: Option<&str>| LeavingMember {
        member: member.map(id),
        instance: instance.map(str::to_owned),
    };
    let left = group.leave(
        &[leaving(None, Some("one")), leaving(Some("x"), None), leaving(Some("b"), Some("one"))],
        at(7),
        &settings(),
    );
    let unknown = GroupError::UnknownMember;
    assert_eq!(left, [Ok(id("a")), Err(unknown), Err(GroupError::FencedInstance)]);
    assert_eq!(group.state_name(), "PreparingRebalance");
    group.leave(&[leaving(Some("b"), None), leaving(Some("c"), None)], at(7), &settings());
    assert_eq!((group.state_name(), group.generation), ("Empty", 2));
}
