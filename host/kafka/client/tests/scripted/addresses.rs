//! Brokers that come and go.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_kafka_client::{
    BrokerAddress, Destination, Lane, Outgoing, Tcp, TcpSettings, Transport, TransportError,
};
use forebay_lifecycle::Spawner;
use kafka_protocol::messages::{ApiKey, MetadataRequest, MetadataResponse};

use crate::server::{Asked, Server, body, serves};

/// A broker that says who was asked last, and counts its connections.
async fn broker(number: usize, last: &Arc<Mutex<usize>>, connections: &Arc<AtomicUsize>) -> Server {
    let (last, connections) = (Arc::clone(last), Arc::clone(connections));
    Server::start(move |Asked { connection, api, version, .. }| {
        connections.fetch_max(connection + 1, Ordering::SeqCst);
        if api == ApiKey::ApiVersions {
            return serves(version, &[(ApiKey::Metadata, 12)]);
        }
        *last.lock().unwrap() = number;
        body(&MetadataResponse::default(), version)
    })
    .await
}

async fn ask(tcp: &Tcp, to: Destination) -> Result<(), TransportError> {
    let request = MetadataRequest::default().into();
    let pending = tcp.start(to, Lane::CONTROL, Outgoing { version: 12, request }).await?;
    let answered = tokio::time::timeout(Duration::from_secs(10), pending).await.unwrap();
    answered.map(drop)
}

fn at(node: i32, server: &Server) -> BrokerAddress {
    BrokerAddress { node, host: "127.0.0.1".to_owned(), port: i32::from(server.port) }
}

#[tokio::test]
async fn brokers_that_are_not_named_any_more_are_forgotten_and_those_to_start_with_are_not() {
    let (last, count) = (Arc::new(Mutex::new(0)), Arc::new(AtomicUsize::new(0)));
    let none = Arc::default();
    let (seed, old, new) =
        (broker(1, &last, &none).await, broker(2, &last, &count).await, broker(3, &last, &none).await);
    let mut settings = TcpSettings::new(vec![("127.0.0.1".to_owned(), seed.port)], "addresses");
    settings.backoff = (Duration::from_millis(1), Duration::from_millis(5));
    let tcp = Tcp::new(settings, Spawner::current()).unwrap();

    tcp.learn(&[at(2, &old)]);
    ask(&tcp, Destination::Broker(2)).await.unwrap();
    assert_eq!(*last.lock().unwrap(), 2);
    tcp.learn(&[at(3, &new)]);
    let gone = ask(&tcp, Destination::Broker(2)).await.unwrap_err();
    assert!(matches!(gone, TransportError::Unknown { .. }) && gone.is_retriable(), "{gone}");
    ask(&tcp, Destination::Broker(3)).await.unwrap();
    assert_eq!(*last.lock().unwrap(), 3);
    ask(&tcp, Destination::Any).await.unwrap();
    assert_eq!(*last.lock().unwrap(), 1);
    // One that knows of nobody takes nothing away.
    tcp.learn(&[]);
    ask(&tcp, Destination::Broker(3)).await.unwrap();
    // It is back, and there is a new connection to it.
    tcp.learn(&[at(2, &old), at(3, &new)]);
    ask(&tcp, Destination::Broker(2)).await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_coordinator_that_is_not_among_the_brokers_is_known_all_the_same() {
    let (last, none) = (Arc::new(Mutex::new(0)), Arc::default());
    let (seed, coordinator) = (broker(1, &last, &none).await, broker(2, &last, &none).await);
    let settings = TcpSettings::new(vec![("127.0.0.1".to_owned(), seed.port)], "addresses");
    let tcp = Tcp::new(settings, Spawner::current()).unwrap();
    tcp.learn_one(&at(2, &coordinator));
    tcp.learn(&[at(1, &seed)]);
    ask(&tcp, Destination::Broker(2)).await.unwrap();
    assert_eq!(*last.lock().unwrap(), 2);
}

#[tokio::test]
async fn a_coordinator_is_found_where_it_was_told_last() {
    let (last, none) = (Arc::new(Mutex::new(0)), Arc::default());
    let (seed, old) = (broker(1, &last, &none).await, broker(2, &last, &none).await);
    let new = broker(3, &last, &none).await;
    let settings = TcpSettings::new(vec![("127.0.0.1".to_owned(), seed.port)], "addresses");
    let tcp = Tcp::new(settings, Spawner::current()).unwrap();
    tcp.learn(&[at(1, &seed), at(2, &old)]);
    tcp.learn_one(&at(2, &new));
    ask(&tcp, Destination::Broker(2)).await.unwrap();
    assert_eq!(*last.lock().unwrap(), 3);
}

/// A link that is in the middle of something when its broker is forgotten still answers.
#[tokio::test]
async fn what_is_under_way_at_a_broker_that_is_forgotten_is_answered() {
    let (is_asked, may_answer) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (asked, may) = (Arc::clone(&is_asked), Arc::clone(&may_answer));
    let server = Server::start_waiting(move |Asked { api, version, .. }| {
        let (asked, may) = (Arc::clone(&asked), Arc::clone(&may));
        Box::pin(async move {
            if api == ApiKey::ApiVersions {
                return serves(version, &[(ApiKey::Metadata, 12)]);
            }
            asked.store(true, Ordering::SeqCst);
            until(&may).await;
            body(&MetadataResponse::default(), version)
        })
    })
    .await;
    let settings = TcpSettings::new(vec![("127.0.0.1".to_owned(), server.port)], "addresses");
    let tcp = Tcp::new(settings, Spawner::current()).unwrap();
    tcp.learn(&[at(1, &server)]);
    let request = MetadataRequest::default().into();
    let outgoing = Outgoing { version: 12, request };
    let pending = tcp.start(Destination::Broker(1), Lane::CONTROL, outgoing).await.unwrap();
    until(&is_asked).await;
    tcp.learn(&[at(2, &server)]);
    may_answer.store(true, Ordering::SeqCst);
    assert!(tokio::time::timeout(Duration::from_secs(10), pending).await.unwrap().is_ok());
}

async fn until(flag: &AtomicBool) {
    while !flag.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
}
