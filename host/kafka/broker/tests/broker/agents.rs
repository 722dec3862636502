//! Several agents over one store: which of them clients are told of.

use std::collections::BTreeSet;
use std::time::Duration;

use forebay_kafka_broker::{RequestBody, Response};
use forebay_model::{AgentId, Role};
use forebay_storage_metadata::{AgentDescription, Agents as _};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_topic_partitions_request::TopicRequest;
use kafka_protocol::messages::{
    DescribeClusterRequest, DescribeConfigsRequest, DescribeTopicPartitionsRequest, FindCoordinatorRequest,
    GroupId, HeartbeatRequest, MetadataRequest,
};
use kafka_protocol::protocol::StrBytes;

use crate::node::{Node, cluster};
use crate::requests::{batch, fetch, name, partitions, produce, topic};

fn agent(number: u128, zone: &str, roles: &[Role]) -> AgentDescription {
    AgentDescription {
        id: AgentId::from_random(number),
        kafka: None,
        zone: zone.parse().ok(),
        group: None,
        roles: roles.iter().copied().collect(),
        pipeline_group: None,
        cores: 1,
        version: String::new(),
    }
}

fn three() -> [AgentDescription; 3] {
    [1, 2, 3].map(|number| agent(number, "", &[Role::Proxy]))
}

/// A broker as a client is told of it.
type Told = (i32, String, i32);

async fn told(node: &Node, client_id: &str) -> Told {
    let request = RequestBody::Metadata(MetadataRequest::default().with_topics(Some(Vec::new())));
    let Response::Metadata(response) = node.ask_from(client_id, 12, request).await else { panic!() };
    let [broker] = response.brokers.as_slice() else { panic!("{:?}", response.brokers) };
    assert_eq!(response.controller_id, broker.node_id);
    (broker.node_id.0, broker.host.to_string(), broker.port)
}

async fn coordinator(node: &Node, client_id: &str) -> i32 {
    let request =
        FindCoordinatorRequest::default().with_coordinator_keys(vec![StrBytes::from_static_str("g")]);
    let response = node.ask_from(client_id, 4, RequestBody::FindCoordinator(request)).await;
    let Response::FindCoordinator(response) = response else { panic!() };
    response.coordinators[0].node_id.0
}

#[tokio::test]
async fn all_agents_tell_a_client_of_the_same_one() {
    let mut descriptions = three();
    let nodes = Node::several(&mut descriptions).await;
    topic(&nodes[0], "t").await;
    let ports: BTreeSet<i32> = nodes.iter().map(|node| i32::from(node.address.port())).collect();
    let mut used = BTreeSet::new();
    for client in 0..40 {
        let client = format!("client-{client}");
        let first = told(&nodes[0], &client).await;
        assert!(first.1 == "127.0.0.1" && ports.contains(&first.2), "{first:?}");
        for node in &nodes {
            assert_eq!(told(node, &client).await, first);
            assert_eq!(coordinator(node, &client).await, first.0);
        }
        used.insert(first);
    }
    assert_eq!(used.len(), 3, "all have clients");
}

#[tokio::test]
async fn every_api_tells_of_the_same_one() {
    let mut descriptions = three();
    let nodes = Node::several(&mut descriptions).await;
    topic(&nodes[0], "t").await;
    for client in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        let expected = told(&nodes[0], client).await;
        let request = MetadataRequest::default().with_topics(None);
        let response = nodes[0].ask_from(client, 12, RequestBody::Metadata(request)).await;
        let Response::Metadata(response) = response else { panic!() };
        assert_eq!(response.brokers[0].rack.as_deref(), Some("warpstream-fake-rack"));
        for partition in &response.topics[0].partitions {
            let nodes = (partition.leader_id.0, partition.replica_nodes[0].0, partition.isr_nodes[0].0);
            assert_eq!(nodes, (expected.0, expected.0, expected.0));
        }
        let request = RequestBody::DescribeCluster(DescribeClusterRequest::default());
        let Response::DescribeCluster(response) = nodes[0].ask_from(client, 0, request).await else {
            panic!()
        };
        let broker = &response.brokers[0];
        assert_eq!((broker.broker_id.0, broker.host.to_string(), broker.port), expected);
        assert_eq!(response.controller_id.0, expected.0);
        let request = DescribeTopicPartitionsRequest::default()
            .with_topics(vec![TopicRequest::default().with_name(name("t"))])
            .with_response_partition_limit(10);
        let response = nodes[0].ask_from(client, 0, RequestBody::DescribeTopicPartitions(request)).await;
        let Response::DescribeTopicPartitions(response) = response else { panic!() };
        assert_eq!(response.topics[0].partitions[0].leader_id.0, expected.0);
        // Whichever it is, it can be asked about.
        let resource = DescribeConfigsResource::default()
            .with_resource_type(4)
            .with_resource_name(StrBytes::from_string(expected.0.to_string()));
        let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
        let response = nodes[0].ask_from(client, 1, RequestBody::DescribeConfigs(request)).await;
        let Response::DescribeConfigs(response) = response else { panic!() };
        assert_eq!(response.results[0].error_code, 0);
    }
}

#[tokio::test]
async fn clients_of_an_agent_that_is_gone_are_told_of_others() {
    let mut descriptions = three();
    let nodes = Node::several(&mut descriptions).await;
    let clients: Vec<String> = (0..30).map(|client| format!("client-{client}")).collect();
    let gone = told(&nodes[0], &clients[0]).await;
    let dead = nodes.iter().position(|node| i32::from(node.address.port()) == gone.2).unwrap();
    let metadata = &nodes[dead].metadata;
    let alive: Vec<_> = (0..3).filter(|node| *node != dead).collect();
    let mut before = Vec::new();
    for client in &clients {
        before.push(told(&nodes[alive[0]], client).await);
    }
    // Two signs of life are missed; it is not gone yet, and was given nobody.
    nodes[dead].clock.advance(Duration::from_secs(9));
    let known = metadata.agents(&cluster()).await.unwrap();
    for index in &alive {
        let agent = known.iter().find(|agent| agent.description.id == descriptions[*index].id).unwrap();
        metadata.agent_heartbeat(&cluster(), &descriptions[*index], agent.node).await.unwrap();
    }
    assert_eq!(metadata.agents(&cluster()).await.unwrap().len(), 3);
    for (client, before) in clients.iter().zip(&before) {
        let now = told(&nodes[alive[0]], client).await;
        assert_eq!(told(&nodes[alive[1]], client).await, now);
        assert!(now != gone && (now == *before || *before == gone), "{client}: {before:?}, then {now:?}");
    }
    // One that stops says so, and the last one has all.
    metadata.deregister_agent(&cluster(), descriptions[alive[1]].id).await.unwrap();
    for client in &clients {
        let last = told(&nodes[alive[0]], client).await;
        assert_eq!(last.2, i32::from(nodes[alive[0]].address.port()));
    }
}

#[tokio::test]
async fn zones_and_groups_are_asked_for_in_client_ids() {
    let mut descriptions = [
        agent(1, "us-a", &[Role::Proxy]),
        agent(2, "us-b", &[Role::Proxy]),
        agent(3, "us-a", &[Role::Proxy]),
    ];
    descriptions[2].group = Some("blue".parse().unwrap());
    let nodes = Node::several(&mut descriptions).await;
    let ports = nodes.iter().map(|node| i32::from(node.address.port())).collect::<Vec<_>>();
    for (asked, client_id, expected) in [
        (0, "app,ws_az=us-a", 0),
        (1, "app,warpstream_az=us-a", 0),
        (0, "app,ws_az=us-b-StreamThread-1-consumer", 1),
        (2, "app,ws_az=us-b", 2),
        (0, "app,warpstream_agent_group=blue", 2),
        (2, "app,ws_ag=green", 2),
    ] {
        assert_eq!(told(&nodes[asked], client_id).await.2, ports[expected], "{client_id} at {asked}");
    }
    assert_eq!(told(&nodes[0], "app,ws_az=us-a,ws_host_override=lb.example").await.1, "lb.example");
    // Inside of the process it is always this one.
    let request = RequestBody::Metadata(MetadataRequest::default().with_topics(Some(Vec::new())));
    let Response::Metadata(response) = nodes[1].ask(12, request).await else { panic!() };
    assert_eq!(response.brokers[0].host.as_str(), "inside");
}

#[tokio::test]
async fn half_a_proxy_sends_the_other_half_away() {
    let mut descriptions = [agent(1, "", &[Role::ProxyProduce]), agent(2, "", &[Role::ProxyConsume])];
    let [producers, consumers] = <[Node; 2]>::try_from(Node::several(&mut descriptions).await).ok().unwrap();
    topic(&producers, "t").await;
    let (to_produce, to_consume) = ("p,ws_proxy_target=proxy-produce", "c,ws_proxy_target=proxy-consume");
    for node in [&producers, &consumers] {
        assert_eq!(told(node, to_produce).await.2, i32::from(producers.address.port()));
        assert_eq!(told(node, to_consume).await.2, i32::from(consumers.address.port()));
        assert_eq!(coordinator(node, to_produce).await, coordinator(node, to_consume).await);
    }
    let send = async |node: &Node| {
        let request = RequestBody::Produce(produce("t", &[(0, batch(&["a"]))]));
        let Response::Produce(response) = node.ask_from(to_produce, 9, request).await else { panic!() };
        response.responses[0].partition_responses[0].error_code
    };
    let receive = async |node: &Node| {
        let request = RequestBody::Fetch(fetch("t", &[(0, 1)]));
        let Response::Fetch(answer) = node.ask_from(to_consume, 11, request).await else { panic!() };
        partitions(&answer.into_response())[0].error_code
    };
    let beat = async |node: &Node| {
        let group = GroupId(StrBytes::from_static_str("g"));
        let request =
            HeartbeatRequest::default().with_group_id(group).with_member_id(StrBytes::from_static_str("m"));
        let response = node.ask_from(to_consume, 4, RequestBody::Heartbeat(request)).await;
        let Response::Heartbeat(response) = response else { panic!() };
        response.error_code
    };
    let away = ResponseError::NotLeaderOrFollower.code();
    assert_eq!((send(&producers).await, send(&consumers).await), (0, away));
    assert_eq!((receive(&producers).await, receive(&consumers).await), (away, 0));
    assert_eq!(beat(&producers).await, ResponseError::NotCoordinator.code());
    assert_eq!(beat(&consumers).await, ResponseError::UnknownMemberId.code());
}
