//! Consumer groups, whose members come to different agents.

use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_broker::{Forget, GroupKeeper, GroupKept, GroupSettings, RequestBody, Response};
use forebay_model::{PartitionCount, TopicId};
use forebay_storage_metadata::Groups as _;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
    CreateTopicsRequest, DeleteGroupsRequest, DescribeGroupsRequest, GroupId, HeartbeatRequest,
    JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, ListGroupsRequest, OffsetCommitRequest,
    OffsetFetchRequest, SyncGroupRequest, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use crate::admin::{BROKER, alter};
use crate::node::{Node, cluster};

pub(crate) const GROUP: &str = "group";

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn group() -> GroupId {
    GroupId(text(GROUP))
}

fn join_request(member: &str) -> RequestBody {
    let protocol = JoinGroupRequestProtocol::default().with_name(text("range")).with_metadata("m".into());
    RequestBody::JoinGroup(
        JoinGroupRequest::default()
            .with_group_id(group())
            .with_session_timeout_ms(6_000)
            .with_rebalance_timeout_ms(6_000)
            .with_member_id(text(member))
            .with_protocol_type(text("consumer"))
            .with_protocols(vec![protocol]),
    )
}

async fn join(node: &Node, member: &str) -> JoinGroupResponse {
    let Response::JoinGroup(joined) = node.ask(9, join_request(member)).await else {
        unreachable!("it answers JoinGroup")
    };
    joined
}

/// Joins as a new client does, which is sent back once.
async fn send_back_once(node: &Node) -> JoinGroupResponse {
    let first = join(node, "").await;
    assert_eq!(first.error_code, ResponseError::MemberIdRequired.code());
    join(node, &first.member_id).await
}

/// A group of these: they join while time passes.
async fn join_all<const N: usize>(nodes: [&Node; N]) -> [JoinGroupResponse; N] {
    let joins = nodes.map(|node| Box::pin(send_back_once(node)));
    let time = async {
        loop {
            let (state, members) = described(nodes[0]).await;
            match state.as_str() {
                "PreparingRebalance" if members == N => nodes[0].clock.advance(Duration::from_millis(40)),
                "CompletingRebalance" => break,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    let (joined, ()) = tokio::join!(futures_util::future::join_all(joins), time);
    joined.try_into().unwrap()
}

async fn described(node: &Node) -> (String, usize) {
    let request = DescribeGroupsRequest::default().with_groups(vec![group()]);
    let Response::DescribeGroups(described) = node.ask(5, RequestBody::DescribeGroups(request)).await else {
        unreachable!("it answers DescribeGroups")
    };
    (described.groups[0].group_state.to_string(), described.groups[0].members.len())
}

async fn sync(node: &Node, joined: &JoinGroupResponse, to: &[&str]) -> (i16, String) {
    let assignments = to.iter().map(|member| {
        SyncGroupRequestAssignment::default()
            .with_member_id(text(member))
            .with_assignment(format!("for {member}").into())
    });
    let request = SyncGroupRequest::default()
        .with_group_id(group())
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id.clone())
        .with_assignments(assignments.collect());
    let Response::SyncGroup(synced) = node.ask(5, RequestBody::SyncGroup(request)).await else {
        unreachable!("it answers SyncGroup")
    };
    (synced.error_code, String::from_utf8_lossy(&synced.assignment).into_owned())
}

async fn heartbeat(node: &Node, joined: &JoinGroupResponse) -> i16 {
    let request = HeartbeatRequest::default()
        .with_group_id(group())
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id.clone());
    let Response::Heartbeat(answer) = node.ask(4, RequestBody::Heartbeat(request)).await else {
        unreachable!("it answers Heartbeat")
    };
    answer.error_code
}

async fn leave(node: &Node, joined: &JoinGroupResponse) -> i16 {
    let member = MemberIdentity::default().with_member_id(joined.member_id.clone());
    let request = LeaveGroupRequest::default().with_group_id(group()).with_members(vec![member]);
    let Response::LeaveGroup(left) = node.ask(5, RequestBody::LeaveGroup(request)).await else {
        unreachable!("it answers LeaveGroup")
    };
    left.members[0].error_code
}

pub(crate) async fn make_topic(node: &Node) {
    let topic = CreatableTopic::default()
        .with_name(TopicName(text("topic")))
        .with_num_partitions(1)
        .with_replication_factor(1);
    let request = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(1_000);
    node.ask(7, RequestBody::CreateTopics(request)).await;
}

async fn commit(node: &Node, member: &str, generation: i32, offset: i64) -> i16 {
    let partition =
        OffsetCommitRequestPartition::default().with_partition_index(0).with_committed_offset(offset);
    let topic = OffsetCommitRequestTopic::default()
        .with_name(TopicName(text("topic")))
        .with_partitions(vec![partition]);
    let request = OffsetCommitRequest::default()
        .with_group_id(group())
        .with_generation_id_or_member_epoch(generation)
        .with_member_id(text(member))
        .with_topics(vec![topic]);
    let Response::OffsetCommit(answer) = node.ask(9, RequestBody::OffsetCommit(request)).await else {
        unreachable!("it answers OffsetCommit")
    };
    answer.topics[0].partitions[0].error_code
}

async fn committed(node: &Node) -> Vec<i64> {
    let asked = OffsetFetchRequestGroup::default().with_group_id(group()).with_topics(None);
    let request = OffsetFetchRequest::default().with_groups(vec![asked]);
    let Response::OffsetFetch(found) = node.ask(8, RequestBody::OffsetFetch(request)).await else {
        unreachable!("it answers OffsetFetch")
    };
    let topics = found.groups.iter().flat_map(|group| &group.topics);
    topics.flat_map(|topic| &topic.partitions).map(|partition| partition.committed_offset).collect()
}

#[tokio::test]
async fn members_of_one_group_come_to_different_agents() {
    let [a, b] = Node::pair().await;
    let [one, two] = join_all([&a, &b]).await;
    assert_eq!((one.error_code, two.error_code), (0, 0));
    assert_eq!((one.generation_id, &one.leader), (two.generation_id, &two.leader));
    let (leader, follower) = if one.leader == one.member_id { (&one, &two) } else { (&two, &one) };
    assert_eq!((leader.members.len(), follower.members.len()), (2, 0));
    let both = [&*leader.member_id, &*follower.member_id];
    // The follower waits at the other agent for what the leader says.
    let (given, waited) = tokio::join!(sync(&a, leader, &both), sync(&b, follower, &[]));
    assert_eq!(given, (0, format!("for {}", both[0])));
    assert_eq!(waited, (0, format!("for {}", both[1])));
    assert_eq!((heartbeat(&b, leader).await, heartbeat(&a, follower).await), (0, 0));

    // One leaves at the agent that it did not come by: the other hears of it, and has the next generation alone.
    assert_eq!(leave(&b, leader).await, 0);
    assert_eq!(heartbeat(&a, follower).await, ResponseError::RebalanceInProgress.code());
    assert_eq!(heartbeat(&a, leader).await, ResponseError::UnknownMemberId.code());
    let again = join(&b, &follower.member_id).await;
    assert_eq!((again.error_code, again.generation_id), (0, follower.generation_id + 1));
    assert_eq!(again.leader, follower.member_id);
}

#[tokio::test]
async fn offsets_are_committed_by_members_alone() {
    let [a, b] = Node::pair().await;
    make_topic(&a).await;
    // Anybody may while there are no members.
    assert_eq!(commit(&a, "", -1, 5).await, 0);
    assert_eq!(committed(&b).await, [5]);
    // Under a name as well: that makes nobody a member.
    assert_eq!(commit(&a, "nobody", -1, 5).await, 0);
    let stored = a.metadata.load_groups(&cluster(), vec![GROUP.parse().unwrap()]).await.unwrap();
    assert!(stored.groups[0].as_ref().unwrap().beats.is_empty());
    let [joined] = join_all([&a]).await;
    assert_eq!(
        commit(&b, &joined.member_id, joined.generation_id, 6).await,
        ResponseError::RebalanceInProgress.code()
    );
    sync(&a, &joined, &[&*joined.member_id]).await;
    assert_eq!(commit(&b, &joined.member_id, joined.generation_id, 7).await, 0);
    assert_eq!(commit(&a, "", -1, 1).await, ResponseError::UnknownMemberId.code());
    let older = joined.generation_id - 1;
    assert_eq!(commit(&a, &joined.member_id, older, 1).await, ResponseError::IllegalGeneration.code());
    assert_eq!(committed(&a).await, [7]);

    let list = |states: &[&str]| {
        let states = states.iter().map(|state| text(state)).collect();
        RequestBody::ListGroups(ListGroupsRequest::default().with_states_filter(states))
    };
    let Response::ListGroups(listed) = b.ask(5, list(&["stable"])).await else { unreachable!() };
    assert_eq!((listed.groups.len(), &*listed.groups[0].group_type), (1, "classic"));
    let Response::ListGroups(listed) = b.ask(5, list(&["Empty"])).await else { unreachable!() };
    assert_eq!(listed.groups, []);
    let describe = DescribeGroupsRequest::default().with_groups(vec![group(), GroupId(text("none"))]);
    let Response::DescribeGroups(described) = b.ask(6, RequestBody::DescribeGroups(describe)).await else {
        unreachable!()
    };
    let [found, none] = described.groups.as_slice() else { unreachable!() };
    assert_eq!((&*found.group_state, &*found.protocol_data, found.members.len()), ("Stable", "range", 1));
    assert_eq!((&*none.group_state, none.error_code), ("Dead", ResponseError::GroupIdNotFound.code()));

    let delete =
        || RequestBody::DeleteGroups(DeleteGroupsRequest::default().with_groups_names(vec![group()]));
    let deleted = async |node: &Node| {
        let Response::DeleteGroups(deleted) = node.ask(2, delete()).await else { unreachable!() };
        deleted.results[0].error_code
    };
    assert_eq!(deleted(&b).await, ResponseError::NonEmptyGroup.code());
    assert_eq!(leave(&b, &joined).await, 0);
    assert_eq!(deleted(&a).await, 0);
    assert_eq!(deleted(&b).await, ResponseError::GroupIdNotFound.code());
    assert_eq!(committed(&b).await, [0; 0]);
}

#[tokio::test]
async fn who_is_silent_is_out_by_the_clock_of_the_store() {
    let [a, b] = Node::pair().await;
    let [one, two] = join_all([&a, &b]).await;
    let (leader, follower) = if one.leader == one.member_id { (&one, &two) } else { (&two, &one) };
    sync(&a, leader, &[&*leader.member_id]).await;
    a.clock.advance(Duration::from_secs(4));
    assert_eq!(heartbeat(&a, follower).await, 0);
    a.clock.advance(Duration::from_secs(4));
    // The other one's agent finds it out.
    assert_eq!(heartbeat(&a, follower).await, ResponseError::RebalanceInProgress.code());
    assert_eq!(heartbeat(&b, leader).await, ResponseError::UnknownMemberId.code());
}

#[tokio::test]
async fn an_agent_that_stops_sends_its_members_elsewhere() {
    let [a, b] = Node::pair().await;
    let [first] = join_all([&a]).await;
    sync(&a, &first, &[&*first.member_id]).await;
    let (waiting, ()) = tokio::join!(send_back_once(&b), async {
        while heartbeat(&a, &first).await == 0 {}
        b.broker.retire();
    });
    assert_eq!(waiting.error_code, ResponseError::NotCoordinator.code());
}

#[tokio::test]
async fn groups_that_nobody_is_left_of_are_looked_after() {
    let [a, b] = Node::pair().await;
    make_topic(&a).await;
    let [joined] = join_all([&a]).await;
    sync(&a, &joined, &[&*joined.member_id]).await;
    assert_eq!(commit(&a, &joined.member_id, joined.generation_id, 7).await, 0);
    let keeper = GroupKeeper::new(Arc::clone(&b.metadata) as _, GroupSettings::default());
    let week = Forget::After(Duration::from_hours(7 * 24));
    let kept = async |forget| keeper.look_after(&cluster(), forget).await.unwrap();
    let group = |state, generation, members| {
        vec![GroupKept { group: GROUP.parse().unwrap(), state, generation, members }]
    };
    assert_eq!(kept(week).await, group("Stable", 1, 1));
    b.clock.advance(Duration::from_secs(7));
    assert_eq!(kept(Forget::Nothing).await, group("Empty", 2, 0));
    b.clock.advance(Duration::from_hours(7 * 24) - Duration::from_secs(1));
    assert_eq!(kept(week).await, group("Empty", 2, 0));
    assert_eq!(committed(&a).await, [7]);
    b.clock.advance(Duration::from_secs(1));
    assert_eq!(kept(week).await, []);
    assert_eq!(committed(&a).await, [0; 0]);
}

pub(crate) async fn consume(
    node: &Node,
    member: &str,
    epoch: i32,
    owned: Option<&[i32]>,
) -> ConsumerGroupHeartbeatResponse {
    use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
    let joins = epoch == 0;
    let id = topic_id(node).await;
    let owned = owned.map(|owned| {
        let topic = TopicPartitions::default().with_topic_id(id).with_partitions(owned.to_vec());
        if owned.is_empty() { Vec::new() } else { vec![topic] }
    });
    let request = ConsumerGroupHeartbeatRequest::default()
        .with_group_id(group())
        .with_member_id(text(member))
        .with_member_epoch(epoch)
        .with_rebalance_timeout_ms(if joins { 5_000 } else { -1 })
        .with_subscribed_topic_names(joins.then(|| vec![TopicName(text("topic"))]))
        .with_topic_partitions(if joins { Some(Vec::new()) } else { owned });
    let body = RequestBody::ConsumerGroupHeartbeat(request);
    let Response::ConsumerGroupHeartbeat(told) = node.ask(1, body).await else {
        unreachable!("it answers ConsumerGroupHeartbeat")
    };
    told
}

async fn topic_id(node: &Node) -> uuid::Uuid {
    use forebay_storage_metadata::{TopicSelection, Topics as _};
    let all = node.metadata.describe_topics(&cluster(), &TopicSelection::All).await.unwrap();
    all[0].id.uuid()
}

#[tokio::test]
async fn an_agent_with_an_older_list_of_topics_undoes_nothing() {
    use forebay_storage_metadata::Topics as _;
    let [a, b] = Node::pair().await;
    make_topic(&a).await;
    assert_eq!(partitions(&consume(&a, "one", 0, None).await), Some(vec![0]));
    let id = TopicId::from_uuid(topic_id(&a).await);
    a.metadata.add_partitions(&cluster(), id, PartitionCount::new(2).unwrap()).await.unwrap();
    // This one has no list yet, and reads it; the other goes by its own for some seconds.
    let told = consume(&b, "one", 1, None).await;
    assert_eq!((told.member_epoch, partitions(&told)), (2, Some(vec![0, 1])));
    let told = consume(&a, "one", 2, None).await;
    assert_eq!((told.error_code, told.member_epoch, partitions(&told)), (0, 2, None));
}

fn partitions(told: &ConsumerGroupHeartbeatResponse) -> Option<Vec<i32>> {
    let assignment = told.assignment.as_ref()?;
    Some(assignment.topic_partitions.iter().flat_map(|topic| topic.partitions.clone()).collect())
}

#[tokio::test]
async fn groups_of_kip_848_have_members_at_different_agents() {
    let [a, b] = Node::pair().await;
    make_topic(&a).await;
    let one = consume(&a, "one", 0, None).await;
    assert_eq!((one.error_code, one.member_epoch, partitions(&one)), (0, 1, Some(vec![0])));
    // There is one partition, which stays where it is.
    let two = consume(&b, "two", 0, None).await;
    assert_eq!((two.error_code, two.member_epoch, partitions(&two)), (0, 2, Some(vec![])));
    let one = consume(&b, "one", 1, None).await;
    assert_eq!((one.error_code, one.member_epoch, partitions(&one)), (0, 2, None));
    assert_eq!(commit(&a, "one", 2, 3).await, 0);
    assert_eq!(commit(&b, "one", 1, 2).await, ResponseError::StaleMemberEpoch.code());
    assert_eq!(committed(&b).await, [3]);
    // The first one leaves at the other agent.
    assert_eq!(consume(&b, "one", -1, None).await.member_epoch, -1);
    let two = consume(&a, "two", 2, None).await;
    assert_eq!((two.member_epoch, partitions(&two)), (3, Some(vec![0])));
    let describe = ConsumerGroupDescribeRequest::default().with_group_ids(vec![group()]);
    let Response::ConsumerGroupDescribe(described) =
        a.ask(1, RequestBody::ConsumerGroupDescribe(describe)).await
    else {
        unreachable!("it answers ConsumerGroupDescribe")
    };
    let found = &described.groups[0];
    assert_eq!((&*found.group_state, found.group_epoch, found.members.len()), ("Stable", 3, 1));
    assert_eq!(&*found.members[0].assignment.topic_partitions[0].topic_name.0, "topic");
    // While it has members, it takes none of the classic protocol.
    assert_eq!(join(&a, "").await.error_code, ResponseError::InconsistentGroupProtocol.code());
    let gone = consume(&a, "one", 2, None).await;
    assert_eq!(gone.error_code, ResponseError::UnknownMemberId.code());
}

#[tokio::test]
async fn a_member_that_dies_is_replaced_when_the_session_of_the_cluster_is_over() {
    let [a, b] = Node::pair().await;
    make_topic(&a).await;
    assert_eq!(alter(&a, BROKER, "", "group.consumer.session.timeout.ms", "6000").await, 0);
    let dies = consume(&a, "dies", 0, None).await;
    assert_eq!((partitions(&dies), dies.heartbeat_interval_ms), (Some(vec![0]), 2_000));
    assert_eq!(partitions(&consume(&b, "stays", 0, None).await), Some(vec![]));
    a.clock.advance(Duration::from_millis(5_999));
    let stays = consume(&b, "stays", 2, None).await;
    assert_eq!((stays.member_epoch, partitions(&stays), stays.heartbeat_interval_ms), (2, None, 2_000));
    a.clock.advance(Duration::from_millis(1));
    let stays = consume(&b, "stays", 2, None).await;
    assert_eq!((stays.member_epoch, partitions(&stays)), (3, Some(vec![0])));
    assert_eq!(consume(&a, "dies", 1, None).await.error_code, ResponseError::UnknownMemberId.code());
    // What is set later holds for members that there are.
    assert_eq!(alter(&b, BROKER, "", "group.consumer.heartbeat.interval.ms", "500").await, 0);
    assert_eq!(consume(&b, "stays", 3, None).await.heartbeat_interval_ms, 500);
    let refused = alter(&b, BROKER, "", "group.consumer.session.timeout.ms", "0").await;
    assert_eq!(refused, ResponseError::InvalidConfig.code());
}

#[tokio::test]
async fn members_that_keep_to_what_they_were_told_stay_when_sessions_become_as_short_as_may_be() {
    let [a, _] = Node::pair().await;
    make_topic(&a).await;
    assert_eq!(consume(&a, "slow", 0, None).await.heartbeat_interval_ms, 5_000);
    consume(&a, "other", 0, None).await;
    a.clock.advance(Duration::from_secs(4));
    assert_eq!(alter(&a, BROKER, "", "group.consumer.session.timeout.ms", "6000").await, 0);
    a.clock.advance(Duration::from_secs(1));
    let other = consume(&a, "other", 2, None).await;
    assert_eq!((other.error_code, other.member_epoch, other.heartbeat_interval_ms), (0, 2, 2_000));
    let slow = consume(&a, "slow", 1, None).await;
    assert_eq!((slow.error_code, slow.heartbeat_interval_ms), (0, 2_000));
}
