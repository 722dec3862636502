//! Brokers that lie: each request fails with what is wrong, at once, and the client is of use afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use forebay_kafka_client::{Client, ClientSettings, Tcp, TcpSettings};
use forebay_lifecycle::Spawner;
use forebay_model::TopicName;
use kafka_protocol::messages::metadata_response::{MetadataResponsePartition, MetadataResponseTopic};
use kafka_protocol::messages::{ApiKey, MetadataResponse};

use crate::server::{Answer, Asked, Reply, Server, body, serves};

pub(crate) fn client(port: u16) -> Client {
    let mut settings = TcpSettings::new(vec![("127.0.0.1".to_owned(), port)], "scripted");
    settings.backoff = (Duration::from_millis(1), Duration::from_millis(5));
    let tcp = Tcp::new(settings, Spawner::current()).unwrap();
    Client::new(Arc::new(tcp), ClientSettings::default(), Spawner::current())
}

fn report(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text += &format!(": {source}");
        next = source.source();
    }
    text
}

/// A broker that answers the first question about topics like that, and all others well.
async fn lying(first: impl Fn(i16) -> Answer + Send + Sync + 'static) -> Server {
    let asked = AtomicUsize::new(0);
    Server::start(move |Asked { api, version, .. }| match api {
        ApiKey::ApiVersions => serves(version, &[(ApiKey::Metadata, 12)]),
        _ if asked.fetch_add(1, Ordering::SeqCst) == 0 => first(version),
        _ => {
            let partition = MetadataResponsePartition::default().with_leader_id(1.into());
            let topic = MetadataResponseTopic::default()
                .with_name(Some(kafka_name()))
                .with_partitions(vec![partition]);
            body(&MetadataResponse::default().with_topics(vec![topic]), version)
        }
    })
    .await
}

fn kafka_name() -> kafka_protocol::messages::TopicName {
    kafka_protocol::messages::TopicName(kafka_protocol::protocol::StrBytes::from_static_str("t"))
}

fn bytes(write: impl Fn(&mut BytesMut)) -> Answer {
    let mut bytes = BytesMut::new();
    write(&mut bytes);
    Some(Reply::new(bytes))
}

#[tokio::test]
async fn an_answer_that_claims_more_than_it_has_is_refused() {
    let topic: TopicName = "t".parse().unwrap();
    // Four billion brokers; a name of two billion bytes; tagged fields without end; nothing but how long to wait.
    let lies: [&[u8]; 4] = [
        &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0, 0, 0, 0, 2, 0, 0, 0, 1, 0x80, 0x80, 0x80, 0x80, 0x08],
        &[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0, 0, 0, 0],
    ];
    for lie in lies {
        let server = lying(move |_| Some(Reply::new(lie))).await;
        let client = client(server.port);
        let failed = client.topic(&topic).await.unwrap_err();
        assert!(report(&failed).contains("an answer to Metadata version 12"), "{}", report(&failed));
        assert_eq!(client.topic(&topic).await.unwrap().partitions.len(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_would_take_all_memory_is_refused() {
    // A few bytes on the wire for each, and many times as many when they are decoded.
    let server = lying(|_| {
        bytes(|into| {
            into.put_slice(&[0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
            // Three million topics and one: each without an error, a name, an id or partitions.
            into.put_slice(&[0xc2, 0x8d, 0xb7, 0x01]);
            into.put_bytes(0, 3_000_001 * 26);
        })
    })
    .await;
    let failed = client(server.port).topic(&"t".parse().unwrap()).await.unwrap_err();
    assert!(report(&failed).contains("decoded it would take more than"), "{}", report(&failed));
}

/// What nobody has asked for is not kept until somebody asks.
#[tokio::test]
async fn a_broker_that_speaks_unasked_is_hung_up_on() {
    let last = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&last);
    let server = Server::start(move |Asked { connection, api, version, .. }| match api {
        ApiKey::ApiVersions => serves(version, &[(ApiKey::Metadata, 12)]),
        _ => {
            seen.store(connection, Ordering::SeqCst);
            let answer = body(&MetadataResponse::default(), version);
            // The beginning of something.
            answer.map(|answer| if connection == 0 { answer.followed_by(&[0, 0]) } else { answer })
        }
    })
    .await;
    let client = client(server.port);
    assert!(client.topics().await.unwrap().is_empty());
    let asking = async {
        while last.load(Ordering::SeqCst) == 0 {
            // It may be asked while the connection ends.
            let _ = client.topics().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), asking).await.unwrap();
    assert!(client.topics().await.unwrap().is_empty());
}
