use std::time::Duration;

use forebay_model::{AgentId, NodeId, Role, Roles};

use super::Site;
use super::scene::{Scene, cluster};
use super::settling::join;
use crate::{AGENT_SILENCE, AGENTS_KEPT, AgentAddress, AgentDescription, Kind, LiveAgent, pipeline_agents};

fn agent(number: u128) -> AgentDescription {
    AgentDescription {
        id: AgentId::from_random(number),
        kafka: Some(AgentAddress { host: format!("agent-{number}.example"), port: 9092 }),
        zone: None,
        group: None,
        roles: Roles::DEFAULT,
        pipeline_group: None,
        cores: 2,
        version: "1".to_owned(),
    }
}

/// The numbers of those that are alive.
async fn alive(scene: &Scene) -> Vec<NodeId> {
    let agents = scene.store.agents(&scene.cluster).await.expect("the store is there");
    agents.into_iter().map(|agent| agent.node).collect()
}

async fn register(scene: &Scene, number: u128) -> NodeId {
    let agent = agent(number);
    scene.store.register_agent(&scene.cluster, &agent).await.expect("the cluster exists")
}

async fn beat(scene: &Scene, number: u128, node: NodeId) {
    let agent = agent(number);
    scene.store.agent_heartbeat(&scene.cluster, &agent, node).await.expect("the cluster exists");
}

/// Whoever is not heard of is gone, by the clock of the store, and back with its next sign of life.
pub async fn agents_are_told_of_while_they_are_heard_of(site: &dyn Site) {
    let mut scene = Scene::new(site).await;
    let first = register(&scene, 1).await;
    site.clock().advance(Duration::from_secs(15));
    let second = register(&scene, 2).await;
    let silent = scene.store.agents(&scene.cluster).await.expect("the store is there");
    let silent: Vec<_> = silent.into_iter().map(|agent| (agent.node, agent.silent)).collect();
    assert_eq!(silent, [(first, Duration::from_secs(15)), (second, Duration::ZERO)]);
    site.clock().advance(AGENT_SILENCE - Duration::from_secs(15));
    assert_eq!(alive(&scene).await, [second]);
    beat(&scene, 1, first).await;
    assert_eq!(alive(&scene).await, [first, second]);
    for _ in 0..2 {
        scene.store.deregister_agent(&scene.cluster, agent(2).id).await.expect("the store is there");
    }
    assert_eq!(alive(&scene).await, [first]);
    // Nobody remembers it, and still it comes back as who it was.
    site.clock().advance(AGENTS_KEPT + Duration::from_secs(1));
    let third = register(&scene, 3).await;
    beat(&scene, 1, first).await;
    assert_eq!(alive(&scene).await, [first, third]);
    if site.is_durable() {
        scene.reopen(site).await;
        assert_eq!(alive(&scene).await, [first, third]);
    }
}

/// Not even those that are gone.
pub async fn agents_have_numbers_that_no_other_had(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let mut nodes = Vec::new();
    for number in 1..=4 {
        let node = register(&scene, number).await;
        assert_eq!(register(&scene, number).await, node);
        nodes.push(node);
        if number % 2 == 0 {
            let gone = scene.store.deregister_agent(&scene.cluster, agent(number).id);
            gone.await.expect("the store is there");
        }
        site.clock().advance(AGENTS_KEPT + Duration::from_secs(1));
    }
    nodes.extend(join((5..=12).map(|number| register(&scene, number)).collect()).await);
    nodes.sort_unstable();
    nodes.dedup();
    assert_eq!(nodes.len(), 12);
}

/// Every field, as it was said last.
pub async fn what_an_agent_says_of_itself_is_told(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let (store, cluster) = (&scene.store, &scene.cluster);
    let plain = AgentDescription { kafka: None, roles: Roles::NONE, ..agent(1) };
    let full = AgentDescription {
        zone: Some("us-east-1a".parse().expect("a zone")),
        group: Some("blue".parse().expect("a group")),
        roles: Role::ALL.into_iter().collect(),
        pipeline_group: Some("Etl '\u{e4}".to_owned()),
        cores: u32::MAX,
        version: "2.0.0-beta".to_owned(),
        ..agent(2)
    };
    let nodes = [
        store.register_agent(cluster, &plain).await.expect("the cluster exists"),
        store.register_agent(cluster, &full).await.expect("the cluster exists"),
    ];
    let told = async || store.agents(cluster).await.expect("the store is there");
    let live = |node, description| LiveAgent { node, silent: Duration::ZERO, description };
    assert_eq!(told().await, [live(nodes[0], plain.clone()), live(nodes[1], full.clone())]);
    assert_eq!(pipeline_agents(&told().await, Some("Etl '\u{e4}")), 1);
    assert_eq!(pipeline_agents(&told().await, None), 0);
    // Where it is, is found out later.
    let (was, is) = (full.clone(), AgentDescription { id: plain.id, ..full });
    store.agent_heartbeat(cluster, &is, nodes[0]).await.expect("the cluster exists");
    assert_eq!(told().await, [live(nodes[0], is), live(nodes[1], was)]);
}

/// Each has its own.
pub async fn agents_are_of_a_virtual_cluster(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let (store, other, nowhere) = (&scene.store, cluster("vci_other"), cluster("vci_none"));
    store.create_virtual_cluster(&other).await.expect("free");
    let node = store.register_agent(&scene.cluster, &agent(1)).await.expect("the cluster exists");
    for cluster in [&other, &nowhere] {
        assert_eq!(store.agents(cluster).await, Ok(Vec::new()));
        assert_eq!(store.deregister_agent(cluster, agent(1).id).await, Ok(()));
    }
    assert_eq!(alive(&scene).await, [node]);
    let kinds = [
        store.register_agent(&nowhere, &agent(1)).await.map(drop).map_err(|error| error.kind()),
        store.agent_heartbeat(&nowhere, &agent(1), node).await.map_err(|error| error.kind()),
    ];
    assert_eq!(kinds, [Err(Kind::NotFound); 2]);
}
