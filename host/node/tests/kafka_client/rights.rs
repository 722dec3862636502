//! Whoever may not, or may not any more, is told so by name, and goes on when that changes.

#![cfg(test)]

use std::time::Duration;

use forebay_kafka_broker::{AclMode, SaslSettings, SecuritySettings};
use forebay_kafka_client::{
    ClientSecurity, Connection, ConsumeError, ConsumerEvent, ConsumerSettings, PasswordLogin,
    ProducerSettings, Start, Subscription,
};
use forebay_kafka_security::{
    Acl, ITERATIONS, Mechanism, Operation, Principal, ResourceType, ScramCredential, ScramMechanism,
};
use forebay_model::{Offset, TopicName};
use forebay_node::NodeSettings;
use forebay_storage_metadata::{CredentialChange, UserCredential};

use crate::agents::{Kept, client};
use crate::ground::{PATIENCE, Watched, partition, produce, record};

const MECHANISM: ScramMechanism = ScramMechanism::Sha256;

fn security(user: &str, password: &str) -> ClientSecurity {
    let (user, password) = (user.to_owned(), password.to_owned());
    let login = PasswordLogin { mechanism: Mechanism::Scram(MECHANISM), user, password };
    ClientSecurity { tls: None, logins: vec![login.into()] }
}

async fn failure(watched: &Watched, wanted: impl Fn(&ConsumeError) -> bool) -> ConsumeError {
    let told = async {
        loop {
            if let Some(ConsumerEvent::Failed(error)) = watched.consumer.next().await
                && wanted(&error)
            {
                return error;
            }
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_is_told_where_and_who_may_no_longer_too() {
    let kept = Kept::new("rights");
    let lifetime = Some(Duration::from_secs(1));
    let demanded = SecuritySettings {
        sasl: Some(SaslSettings { lifetime, ..SaslSettings::default() }),
        acls: AclMode::Enforced,
        super_users: vec![Principal::user("alice")],
        ..SecuritySettings::default()
    };
    let node = kept.start(NodeSettings { security: demanded, ..NodeSettings::loopback() }).await;
    let cluster = NodeSettings::loopback().cluster;
    let password = async |user: &str, password: &str| {
        let credential = ScramCredential::of_password(MECHANISM, password, b"salt".to_vec(), ITERATIONS);
        let credential = UserCredential { user: user.to_owned(), mechanism: MECHANISM, credential };
        let changes = [CredentialChange::Put(credential)];
        kept.metadata.alter_scram_credentials(&cluster, &changes).await.unwrap();
    };
    password("alice", "secret").await;
    password("bob", "secret").await;
    let address = node.kafka_address().unwrap();
    let topic: TopicName = "rights".parse().unwrap();
    let alice = client(address, security("alice", "secret"));
    let creating = ProducerSettings { creates_topics: true, ..ProducerSettings::default() };
    let producer = alice.producer(creating);
    assert!(producer.send(vec![record(&topic, 0, "first")]).await.outcomes().await[0].is_ok());

    // He may not.
    let bob = client(address, security("bob", "secret"));
    let settings =
        ProducerSettings { delivery_timeout: Duration::from_secs(1), ..ProducerSettings::default() };
    let refused = bob.producer(settings).send(vec![record(&topic, 0, "no")]).await.outcomes().await.remove(0);
    let refused = refused.unwrap_err();
    assert!(
        !refused.is_retriable() && refused.to_string().contains("rights"),
        "{refused}: {}",
        refused.reason
    );
    let from = vec![(partition(&topic, 0), Start::At(Offset::ZERO))];
    let mut watched = Watched::new(&bob, ConsumerSettings::new(Subscription::Partitions(from)));
    let error = failure(&watched, |error| error.partition.is_some()).await;
    assert!(!error.is_retriable(), "{error}: {}", error.reason);
    assert_eq!(error.to_string(), "consume rights-0 at offset 0");

    // Now he may.
    let port = address.port();
    let as_alice = security("alice", "secret");
    let opened = Connection::open_with("127.0.0.1", port, "rights", &as_alice);
    let mut connection = Box::pin(opened).await.unwrap();
    let acl = Acl::allow(Principal::user("bob"), Operation::Read, ResourceType::Topic, topic.as_str());
    connection.create_acls(&[acl]).await.unwrap();
    watched.assigned = vec![partition(&topic, 0)];
    watched.until_records(1).await;

    // His password is another one when the login is to be renewed.
    password("bob", "other").await;
    let error = failure(&watched, |error| !error.is_retriable() && error.partition.is_some()).await;
    assert!(error.to_string().starts_with("consume rights-0 at offset 1"), "{error}: {}", error.reason);
    password("bob", "secret").await;
    produce(&alice, vec![record(&topic, 0, "second")]).await;
    watched.until_records(2).await;
    assert_eq!(watched.values(), ["first", "second"]);
    node.stop(Duration::from_secs(5)).await;
}
