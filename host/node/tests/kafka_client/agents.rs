//! What only an agent in this process can be put through: starting anew, and demanding logins.

#![cfg(test)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_broker::{AclMode, SaslSettings, SecuritySettings};
use forebay_kafka_client::{
    Client, ClientSecurity, ClientSettings, ConsumerSettings, GroupSettings, PasswordLogin, ProducerSettings,
    Subscription, Tcp, TcpSettings,
};
use forebay_kafka_security::{
    Acl, ITERATIONS, Mechanism, Operation, Principal, ResourceType, ScramCredential, ScramMechanism,
};
use forebay_lifecycle::Spawner;
use forebay_metrics::Metrics;
use forebay_model::TopicName;
use forebay_node::{Node, NodeSettings, Stores};
use forebay_storage_metadata::{CredentialChange, MetadataStore, UserCredential};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};
use forebay_storage_objects::{Objects, open};

use crate::ground::{PATIENCE, Watched, produce, record, until, values};

/// Stores that outlive an agent.
pub(crate) struct Kept {
    objects: Arc<dyn Objects>,
    pub(crate) metadata: Arc<dyn MetadataStore>,
}

impl Kept {
    pub(crate) fn new(bucket: &str) -> Self {
        let objects = open(&format!("mem://kafka-client-{bucket}"), []).unwrap();
        let metadata = SqliteMetadataStore::open(&"sqlite://:memory:".parse::<Location>().unwrap()).unwrap();
        Self { objects, metadata: Arc::new(metadata) }
    }

    pub(crate) async fn start(&self, settings: NodeSettings) -> Node {
        let (objects, metadata) = (Arc::clone(&self.objects), Arc::clone(&self.metadata));
        let stores = Stores::of(objects, metadata, Arc::new(Metrics::default())).unwrap();
        Node::start(settings, stores, Spawner::current()).await.unwrap()
    }
}

pub(crate) fn client(address: SocketAddr, security: ClientSecurity) -> Client {
    let bootstrap = vec![("127.0.0.1".to_owned(), address.port())];
    let settings = TcpSettings { security, ..TcpSettings::new(bootstrap, "agents") };
    let tcp = Tcp::new(settings, Spawner::current()).unwrap();
    Client::new(Arc::new(tcp), ClientSettings::default(), Spawner::current())
}

/// An agent that ends and starts again under everybody: nothing is lost, and the order stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_go_on_when_an_agent_starts_anew() {
    let kept = Kept::new("anew");
    let node = kept.start(NodeSettings::loopback()).await;
    let address = node.kafka_address().unwrap();
    let topic: TopicName = "anew".parse().unwrap();
    let client = client(address, ClientSecurity::default());
    let producer = client.producer(ProducerSettings { creates_topics: true, ..ProducerSettings::default() });
    let group = GroupSettings::new("anew".parse().unwrap());
    let first = producer.send(vec![record(&topic, 0, "value 0")]).await.outcomes().await;
    assert!(first.iter().all(Result::is_ok), "{first:?}");
    let settings = ConsumerSettings::new(Subscription::Topics(vec![topic.clone()])).in_group(group);
    let mut watched = Watched::new(&client, settings);
    watched.until_records(1).await;
    node.stop(Duration::from_secs(5)).await;
    let mut sent = Vec::new();
    for value in values(1..20) {
        sent.push(producer.send(vec![record(&topic, 0, &value)]).await);
    }
    let node = kept.start(NodeSettings { kafka: Some(address), ..NodeSettings::loopback() }).await;
    for sent in sent {
        let outcomes = tokio::time::timeout(PATIENCE, sent.outcomes()).await.unwrap();
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }
    watched.until_records(20).await;
    assert_eq!(watched.values(), values(0..20));
    watched.consumer.close(Duration::from_secs(5)).await;
    node.stop(Duration::from_secs(5)).await;
}

/// A client of the agent as one of its pipelines.
fn inside(node: &Node, pipeline: &str) -> Client {
    let transport = node.pipelines().unwrap().transport(pipeline);
    Client::new(transport, ClientSettings::default(), Spawner::current())
}

/// Pipelines that obey ACLs are named by them, each by itself; without that they may do everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelines_obey_acls_where_they_are_told_to() {
    let kept = Kept::new("pipelines");
    let security = SecuritySettings { acls: AclMode::Enforced, ..SecuritySettings::default() };
    let settings = NodeSettings { security, ..NodeSettings::loopback() };
    let topic: TopicName = "orders".parse().unwrap();
    let free = kept.start(settings.clone()).await;
    let creates = ProducerSettings { creates_topics: true, ..ProducerSettings::default() };
    let producer = inside(&free, "any").producer(creates);
    let outcomes = producer.send(vec![record(&topic, 0, "value 0")]).await.outcomes().await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    free.stop(Duration::from_secs(5)).await;

    let named: Principal = "Pipeline:named".parse().unwrap();
    let allowed = [Operation::Write, Operation::Describe]
        .map(|operation| Acl::allow(named.clone(), operation, ResourceType::Topic, topic.as_str()));
    kept.metadata.create_acls(&settings.cluster, &allowed).await.unwrap();
    let node = kept.start(NodeSettings { pipelines_obey_acls: true, ..settings }).await;
    let send = async |pipeline: &str| {
        let settings =
            ProducerSettings { delivery_timeout: Duration::from_secs(10), ..ProducerSettings::default() };
        let producer = inside(&node, pipeline).producer(settings);
        let sent = producer.send(vec![record(&topic, 0, "value 1")]).await;
        tokio::time::timeout(PATIENCE, sent.outcomes()).await.unwrap().iter().all(Result::is_ok)
    };
    assert_eq!((send("named").await, send("other").await), (true, false));
    node.stop(Duration::from_secs(5)).await;
}

/// Where logins are demanded: who has a password gets in, again and again; who has none is told so; and the agent's own
/// pipelines need none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_are_made_and_renewed() {
    let kept = Kept::new("logins");
    let lifetime = Some(Duration::from_secs(1));
    let security = SecuritySettings {
        sasl: Some(SaslSettings { lifetime, ..SaslSettings::default() }),
        acls: AclMode::Enforced,
        super_users: vec![Principal::user("alice")],
        ..SecuritySettings::default()
    };
    let node = kept.start(NodeSettings { security, ..NodeSettings::loopback() }).await;
    let cluster = NodeSettings::loopback().cluster;
    let credential = |mechanism| {
        let credential = ScramCredential::of_password(mechanism, "secret", b"salt".to_vec(), ITERATIONS);
        CredentialChange::Put(UserCredential { user: "alice".to_owned(), mechanism, credential })
    };
    let changes = [ScramMechanism::Sha256, ScramMechanism::Sha512].map(credential);
    kept.metadata.alter_scram_credentials(&cluster, &changes).await.unwrap();

    let inside = inside(&node, "logins");
    let topic: TopicName = "logins".parse().unwrap();
    let producer = inside.producer(ProducerSettings { creates_topics: true, ..ProducerSettings::default() });
    let outcomes = producer.send(vec![record(&topic, 0, "value 0")]).await.outcomes().await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");

    let as_alice = |mechanism, password: &str| {
        let login = PasswordLogin { mechanism, user: "alice".to_owned(), password: password.to_owned() };
        client(node.kafka_address().unwrap(), ClientSecurity { tls: None, logins: vec![login.into()] })
    };
    let mechanisms = [
        Mechanism::Plain,
        Mechanism::Scram(ScramMechanism::Sha256),
        Mechanism::Scram(ScramMechanism::Sha512),
    ];
    for mechanism in mechanisms {
        let refused = as_alice(mechanism, "wrong").topic(&topic).await.unwrap_err();
        assert!(!refused.is_retriable(), "{refused}");
    }
    let clients = mechanisms.map(|mechanism| as_alice(mechanism, "secret"));
    let mut watched =
        Watched::new(&clients[1], ConsumerSettings::new(Subscription::Topics(vec![topic.clone()])));
    let mut count = 0;
    // Until the first logins have ended, and longer.
    let begun = tokio::time::Instant::now();
    until("the logins have been renewed", async || {
        for client in &clients {
            produce(client, vec![record(&topic, 0, &format!("value {}", count + 1))]).await;
            count += 1;
        }
        begun.elapsed() > Duration::from_millis(2_200)
    })
    .await;
    watched.until_records(count + 1).await;
    assert_eq!(watched.values(), values(0..=count));
    node.stop(Duration::from_secs(5)).await;
}
