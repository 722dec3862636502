use std::collections::BTreeSet;

use forebay_kafka_groups::{
    Beats, ConsumerGroup, ConsumerHeartbeat, Group, GroupError, GroupSettings, HeartbeatReply, JOINS,
    JoinRequest, LEAVES, LEAVES_FOR_A_WHILE, Partitions, TopicCounts,
};
use forebay_model::TopicId;

use crate::{START, at, id};

fn topics() -> TopicCounts {
    [("topic".to_owned(), (topic(), 2))].into()
}

fn topic() -> TopicId {
    TopicId::from_random(1)
}

fn some(partitions: &[i32]) -> Partitions {
    if partitions.is_empty() {
        return Partitions::new();
    }
    [(topic(), partitions.iter().copied().collect())].into()
}

fn says(member: &str, epoch: i32, owned: Option<&[i32]>) -> ConsumerHeartbeat {
    let joins = epoch == JOINS;
    ConsumerHeartbeat {
        member: id(member),
        epoch,
        instance: None,
        rack: None,
        client_id: "client".to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        rebalance_timeout_ms: joins.then_some(20_000),
        names: joins.then(|| BTreeSet::from(["topic".to_owned()])),
        regex: None,
        assignor: None,
        owned: if joins { Some(Partitions::new()) } else { owned.map(some) },
    }
}

fn with_instance(beat: ConsumerHeartbeat) -> ConsumerHeartbeat {
    ConsumerHeartbeat { instance: Some("one".to_owned()), ..beat }
}

fn take(group: &mut ConsumerGroup, beat: &ConsumerHeartbeat) -> Result<HeartbeatReply, GroupError> {
    group.heartbeat(beat, &topics(), START, &GroupSettings::default())
}

fn told(epoch: i32, partitions: Option<&[i32]>) -> Result<HeartbeatReply, GroupError> {
    Ok(HeartbeatReply { epoch, assignment: partitions.map(some) })
}

#[test]
fn what_is_given_up_goes_to_others_afterwards() {
    let mut group = ConsumerGroup::empty(0, START);
    assert_eq!(take(&mut group, &says("a", JOINS, None)), told(1, Some(&[0, 1])));
    // The second one waits for the first, which is told to give something up and stays in its epoch until then.
    assert_eq!(take(&mut group, &says("b", JOINS, None)), told(2, Some(&[])));
    assert_eq!(take(&mut group, &says("a", 1, None)), told(1, Some(&[0])));
    assert_eq!(group.state_name(), "Reconciling");
    assert_eq!(take(&mut group, &says("b", 2, None)), told(2, None));
    assert_eq!(take(&mut group, &says("a", 1, Some(&[0, 1]))), told(1, None));
    assert_eq!(take(&mut group, &says("a", 1, Some(&[0]))), told(2, None));
    assert_eq!(take(&mut group, &says("b", 2, None)), told(2, Some(&[1])));
    assert_eq!(group.state_name(), "Stable");
}

#[test]
fn who_does_not_give_up_in_time_is_out() {
    let mut group = ConsumerGroup::empty(0, START);
    for beat in [says("a", JOINS, None), says("b", JOINS, None), says("a", 1, None)] {
        take(&mut group, &beat).unwrap();
    }
    assert_eq!(group.revoked_at(), Some(at(20)));
    group.advance(at(20), &Beats::from([(id("a"), at(20)), (id("b"), at(20))]), &GroupSettings::default());
    assert_eq!(take(&mut group, &says("a", 1, None)), Err(GroupError::UnknownMember));
    assert_eq!(take(&mut group, &says("b", 2, None)), told(3, Some(&[0, 1])));
    // By its silence alone.
    group.advance(at(65), &Beats::from([(id("b"), at(20))]), &GroupSettings::default());
    assert_eq!((group.state_name(), group.empty_since), ("Empty", at(65)));
}

#[test]
fn epochs_tell_who_is_behind() {
    let mut group = ConsumerGroup::empty(0, START);
    for beat in [says("a", JOINS, None), says("b", JOINS, None), says("a", 1, None)] {
        take(&mut group, &beat).unwrap();
    }
    take(&mut group, &says("a", 1, Some(&[0]))).unwrap();
    // The answer was lost, as what it owns shows.
    assert_eq!(take(&mut group, &says("a", 1, Some(&[0]))), told(2, None));
    for beat in [says("a", 1, None), says("a", 1, Some(&[0, 1])), says("a", 3, None)] {
        assert_eq!(take(&mut group, &beat), Err(GroupError::FencedMemberEpoch));
    }
    assert_eq!(group.check_commit(Some(&id("a")), 1), Err(GroupError::StaleMemberEpoch));
    assert_eq!(group.check_commit(Some(&id("a")), 2), Ok(()));
    assert_eq!(group.check_commit(None, -1), Err(GroupError::UnknownMember));
}

#[test]
fn a_member_with_an_instance_id_comes_back_to_what_it_had() {
    let mut group = ConsumerGroup::empty(0, START);
    take(&mut group, &with_instance(says("a", JOINS, None))).unwrap();
    let other = with_instance(says("b", JOINS, None));
    assert_eq!(take(&mut group, &other), Err(GroupError::UnreleasedInstance));
    let leaves = with_instance(says("a", LEAVES_FOR_A_WHILE, None));
    assert_eq!(take(&mut group, &leaves), told(LEAVES_FOR_A_WHILE, None));
    assert_eq!(take(&mut group, &other), told(1, Some(&[0, 1])));
    assert_eq!(take(&mut group, &with_instance(says("a", 1, None))), Err(GroupError::FencedInstance));
    assert_eq!(take(&mut group, &with_instance(says("b", LEAVES, None))), told(LEAVES, None));
    assert_eq!(group.state_name(), "Empty");
}

#[test]
fn what_contradicts_itself_is_refused() {
    let mut group = ConsumerGroup::empty(0, START);
    let first = says("a", JOINS, None);
    for beat in [
        ConsumerHeartbeat { rebalance_timeout_ms: None, ..first.clone() },
        ConsumerHeartbeat { owned: Some(some(&[1])), ..first.clone() },
        ConsumerHeartbeat { names: None, ..first.clone() },
        says("a", LEAVES_FOR_A_WHILE, None),
        says("a", -3, None),
    ] {
        let refused = take(&mut group, &beat);
        assert!(matches!(refused, Err(GroupError::Invalid(_))), "{refused:?}");
    }
    let wants = ConsumerHeartbeat { assignor: Some("own".to_owned()), ..first };
    assert_eq!(take(&mut group, &wants), Err(GroupError::UnsupportedAssignor));
    assert_eq!(group, ConsumerGroup::empty(0, START));
}

#[test]
fn a_group_changes_its_protocol_while_it_is_empty() {
    let settings = GroupSettings::default();
    let request = JoinRequest {
        member: None,
        new_id: id("a"),
        takes_id_first: false,
        can_skip_assignment: true,
        instance: None,
        client_id: String::new(),
        client_host: String::new(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        protocol_type: "consumer".to_owned(),
        protocols: vec![("range".to_owned(), Vec::new())],
    };
    let mut group = Group::empty(START);
    take(group.consumer().unwrap(), &says("b", JOINS, None)).unwrap();
    assert_eq!(group.classic(), Err(GroupError::InconsistentProtocol));
    take(group.consumer().unwrap(), &says("b", LEAVES, None)).unwrap();
    let epoch = group.generation();
    group.classic().unwrap().join(request, START, &settings).unwrap();
    assert!(group.generation() >= epoch && group.type_name() == "classic");
    assert!(matches!(group.consumer(), Err(GroupError::NotFound(_))));
}
