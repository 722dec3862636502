use std::collections::BTreeMap;

use forebay_model::AgentId;
use forebay_storage_metadata::{AgentAddress, AgentDescription};

use super::*;

fn agent(node: i64, group: &str, zone: &str, roles: &[Role]) -> LiveAgent {
    let description = AgentDescription {
        id: AgentId::from_random(u128::try_from(node).unwrap()),
        kafka: Some(AgentAddress { host: "h".to_owned(), port: 9092 }),
        zone: zone.parse().ok(),
        group: group.parse().ok(),
        roles: roles.iter().copied().collect(),
        pipeline_group: None,
        cores: 1,
        version: String::new(),
    };
    LiveAgent { node: NodeId::new(node).unwrap(), silent: Duration::ZERO, description }
}

fn client(id: &str) -> Client<'_> {
    Client { id, address: Some(IpAddr::from([10, 0, 0, 1])), purpose: Purpose::Lead }
}

/// To how many of some clients each agent is told, whose client ids end in `features`.
fn told(agents: &[LiveAgent], features: &str, purpose: Purpose) -> BTreeMap<i32, usize> {
    let mut told = BTreeMap::new();
    for number in 0..300 {
        let id = format!("app-{number},{features}");
        let client = Client { purpose, ..client(&id) };
        *told.entry(place(agents, None, &client).unwrap().node.get()).or_default() += 1;
    }
    told
}

fn nodes(agents: &[LiveAgent], features: &str, purpose: Purpose) -> Vec<i32> {
    told(agents, features, purpose).into_keys().collect()
}

const PROXY: &[Role] = &[Role::Proxy, Role::Jobs];

#[test]
fn clients_are_spread_and_stay_where_they_are() {
    let three: Vec<_> = (1..=3).map(|node| agent(node, "", "", PROXY)).collect();
    let spread = told(&three, "", Purpose::Lead);
    assert!(spread.len() == 3 && spread.values().all(|clients| (70..130).contains(clients)), "{spread:?}");
    let at = |agents: &[LiveAgent], number: u32| {
        place(agents, None, &client(&format!("app-{number}"))).unwrap().node.get()
    };
    for number in 0..100 {
        let (all, without) = (at(&three, number), at(&three[..2], number));
        assert!(all == without || all == 3, "only clients of the one that is gone go elsewhere");
    }
    // The same client id elsewhere is another client.
    let elsewhere = (0..50).map(|last| {
        let client = Client { address: Some(IpAddr::from([10, 0, 0, last])), ..client("rdkafka") };
        place(&three, None, &client).unwrap().node
    });
    assert_eq!(elsewhere.collect::<std::collections::BTreeSet<_>>().len(), 3);
    // It must never change: agents of two versions would send clients to and fro.
    assert_eq!(weight(&client("app"), NodeId::new(1).unwrap()), 0x199B_9408_42B5_07CF);
}

#[test]
fn clients_stay_in_their_zone_while_somebody_is_there() {
    let mut agents = vec![agent(1, "", "a", PROXY), agent(2, "", "b", PROXY), agent(3, "", "b", PROXY)];
    assert_eq!(nodes(&agents, "ws_az=a", Purpose::Lead), [1]);
    assert_eq!(nodes(&agents, "ws_az=b-consumer-1", Purpose::Lead), [2, 3]);
    assert_eq!(nodes(&agents, "ws_az=c", Purpose::Lead), [1, 2, 3]);
    assert_eq!(nodes(&agents, "", Purpose::Lead), [1, 2, 3]);
    agents[0].silent = DOUBTED;
    assert_eq!(nodes(&agents, "ws_az=a", Purpose::Lead), [2, 3]);
    agents.truncate(1);
    assert_eq!(nodes(&agents, "ws_az=b", Purpose::Lead), [1], "better one that is doubted than none");
}

#[test]
fn clients_go_to_agents_of_their_role() {
    let produce = agent(1, "", "", &[Role::ProxyProduce, Role::Jobs]);
    let consume = agent(2, "", "", &[Role::ProxyConsume]);
    let both = agent(3, "", "", PROXY);
    let none = agent(4, "", "", &[Role::Jobs, Role::Pipelines]);
    let all = [produce.clone(), consume.clone(), both.clone(), none];
    for (target, purpose, expected) in [
        ("", Purpose::Lead, 3),
        ("", Purpose::Coordinate, 3),
        ("ws_proxy_target=proxy-produce", Purpose::Lead, 1),
        ("ws_proxy_target=proxy-produce", Purpose::Coordinate, 2),
        ("ws_proxy_target=proxy-consume", Purpose::Lead, 2),
        ("ws_proxy_target=proxy-consume", Purpose::Coordinate, 2),
    ] {
        assert_eq!(nodes(&all, target, purpose), [expected], "{target} {purpose:?}");
    }
    let without_consumers = [produce.clone(), both];
    assert_eq!(nodes(&without_consumers, "ws_proxy_target=proxy-consume", Purpose::Lead), [3]);
    let halves = [produce, consume];
    assert_eq!(nodes(&halves, "", Purpose::Lead), [1, 2]);
    assert_eq!(nodes(&halves, "", Purpose::Coordinate), [2]);
}

#[test]
fn clients_see_one_group() {
    let agents = [agent(1, "", "a", PROXY), agent(2, "blue", "a", PROXY), agent(3, "blue-2", "b", PROXY)];
    let at = |own: Option<&str>, id: &str| {
        let own = own.map(|own| own.parse().unwrap());
        place(&agents, own.as_ref(), &client(id)).map(|agent| agent.node.get())
    };
    assert_eq!((at(None, "c"), at(Some("blue"), "c"), at(Some("green"), "c")), (Some(1), Some(2), None));
    assert_eq!(at(None, "c,ws_ag=blue"), Some(2));
    assert_eq!(at(Some("blue"), "c,ws_ag=blue-2-consumer"), Some(3));
    assert_eq!(at(Some("blue"), "c,ws_ag=green"), Some(2));
    assert_eq!(at(Some("blue"), "c,ws_az=b"), Some(2), "a zone is no reason to leave the group");
}
