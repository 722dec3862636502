use std::time::Duration;

use bytes::Bytes;
use forebay_kafka_broker::Limits;
use forebay_storage_log::WriterSettings;
use kafka_protocol::messages::{ApiKey, ApiVersionsResponse, MetadataRequest};
use kafka_protocol::protocol::{Decodable as _, Encodable as _};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::node::Node;
use crate::requests::{batch, fetch, frame, idempotent, produce, topic};

async fn send(stream: &mut TcpStream, frame: &[u8]) {
    stream.write_all(frame).await.unwrap();
}

async fn answer(stream: &mut TcpStream) -> Bytes {
    let length = stream.read_u32().await.unwrap();
    let mut frame = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut frame).await.unwrap();
    frame.into()
}

/// Whether the other side has closed the connection. What it sends before is thrown away.
async fn closes(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    // A reset is as good as an end.
    let _ = stream.read_to_end(&mut rest).await;
    true
}

fn versions(correlation_id: i32) -> Bytes {
    frame(ApiKey::ApiVersions, 0, correlation_id, &[])
}

async fn is_alive(node: &Node) -> bool {
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    send(&mut stream, &versions(1)).await;
    answer(&mut stream).await.starts_with(&[0, 0, 0, 1, 0, 0])
}

#[tokio::test]
async fn any_version_of_api_versions_is_answered() {
    let node = Node::start().await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    send(&mut stream, &frame(ApiKey::ApiVersions, 99, 5, &[1, 2, 3])).await;
    let mut refused = answer(&mut stream).await;
    assert_eq!(refused.split_to(4), &[0, 0, 0, 5][..]);
    let refused = ApiVersionsResponse::decode(&mut refused, 0).unwrap();
    assert_eq!(refused.error_code, 35);
    let produce = refused.api_keys.iter().find(|api| api.api_key == ApiKey::Produce as i16).unwrap();
    // Or librdkafka would not compress.
    assert_eq!(produce.min_version, 0);
}

#[tokio::test]
async fn requests_are_answered_in_their_order() {
    let node = Node::start().await;
    topic(&node, "t").await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    let mut all = Vec::new();
    for id in 0..40 {
        if id % 2 == 0 {
            let mut body = bytes::BytesMut::new();
            produce("t", &[(0, idempotent(1, id / 2, &["v"]))]).encode(&mut body, 9).unwrap();
            all.extend_from_slice(&frame(ApiKey::Produce, 9, id, &body));
        } else {
            all.extend_from_slice(&versions(id));
        }
    }
    send(&mut stream, &all).await;
    for id in 0..40_u32 {
        assert_eq!(answer(&mut stream).await[..4], id.to_be_bytes());
    }
}

#[tokio::test]
async fn produce_of_old_versions_is_refused_without_closing() {
    let node = Node::start().await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    let mut body = vec![0, 1, 0, 0, 3, 0xe8, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1];
    body.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 2, 0xaa, 0xbb]);
    send(&mut stream, &frame(ApiKey::Produce, 2, 3, &body)).await;
    let refused = answer(&mut stream).await;
    assert_eq!(refused[..4], [0, 0, 0, 3]);
    assert_eq!(refused[15..21], [0, 0, 0, 0, 0, 35][..]);
    send(&mut stream, &versions(4)).await;
    assert_eq!(answer(&mut stream).await[..4], [0, 0, 0, 4]);
}

#[tokio::test]
async fn produce_without_acks_has_no_answer_and_an_error_closes() {
    let node = Node::start().await;
    topic(&node, "t").await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    let silent = |partition| {
        let mut body = bytes::BytesMut::new();
        produce("t", &[(partition, batch(&["v"]))]).with_acks(0).encode(&mut body, 9).unwrap();
        frame(ApiKey::Produce, 9, 1, &body)
    };
    send(&mut stream, &silent(0)).await;
    send(&mut stream, &versions(2)).await;
    assert_eq!(answer(&mut stream).await[..4], [0, 0, 0, 2]);
    send(&mut stream, &silent(9)).await;
    assert!(closes(&mut stream).await);
}

#[tokio::test]
async fn frames_that_are_none_close_their_connection_only() {
    let node = Node::with(Limits { frame: 1000, ..Limits::default() }, WriterSettings::default()).await;
    let huge = [&[0x7f, 0xff, 0xff, 0xff][..], &[0; 100]].concat();
    let above = [&1001_u32.to_be_bytes()[..], &[0; 100]].concat();
    let count = frame(ApiKey::Metadata, 1, 1, &[0x7f, 0xff, 0xff, 0xff]);
    let compact = frame(ApiKey::Metadata, 12, 1, &[0xff, 0xff, 0xff, 0xff, 0x0f]);
    let unknown = frame(ApiKey::LeaveGroup, 3, 1, &[]);
    let newer = frame(ApiKey::Metadata, 99, 1, &[0]);
    for bad in [
        &huge[..],
        &above,
        &[0xff; 100],
        b"GET / HTTP/1.1\r\n\r\n",
        &[0; 50],
        &count,
        &compact,
        &unknown,
        &newer,
    ] {
        let mut stream = TcpStream::connect(node.address).await.unwrap();
        send(&mut stream, bad).await;
        assert!(closes(&mut stream).await);
        assert!(is_alive(&node).await);
    }
}

#[test]
fn random_frames_of_every_api_never_hurt_others() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let node = runtime.block_on(Node::start());
    let frames = (0_i16..95, 0_i16..19, prop::collection::vec(any::<u8>(), 0..120));
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    runner
        .run(&frames, |(api, version, body)| {
            runtime.block_on(async {
                let mut stream = TcpStream::connect(node.address).await.unwrap();
                if let Ok(api) = ApiKey::try_from(api) {
                    send(&mut stream, &frame(api, version, 1, &body)).await;
                }
                stream.shutdown().await.unwrap();
                closes(&mut stream).await;
            });
            Ok(())
        })
        .unwrap();
    assert!(runtime.block_on(is_alive(&node)));
}

#[tokio::test]
async fn a_client_that_stalls_is_closed_while_others_are_served() {
    let limits =
        Limits { stalled: Duration::from_millis(1), idle: Duration::from_secs(60), ..Limits::default() };
    let node = Node::with(limits, WriterSettings::default()).await;
    let mut slow = TcpStream::connect(node.address).await.unwrap();
    let mut body = bytes::BytesMut::new();
    MetadataRequest::default().encode(&mut body, 9).unwrap();
    let whole = frame(ApiKey::Metadata, 9, 1, &body);
    send(&mut slow, &whole[..whole.len() - 1]).await;
    assert!(closes(&mut slow).await);
}

/// A fetch that waits for records as long as it may.
fn patient_fetch() -> Bytes {
    let request = fetch("t", &[(0, 0)]).with_max_wait_ms(i32::MAX).with_min_bytes(1);
    let mut body = bytes::BytesMut::new();
    request.encode(&mut body, 12).unwrap();
    frame(ApiKey::Fetch, 12, 1, &body)
}

#[tokio::test]
async fn a_client_that_is_gone_gives_its_place_back_whatever_it_waits_for() {
    let limits = Limits { connections: 1, stalled: Duration::from_millis(50), ..Limits::default() };
    let node = Node::with(limits, WriterSettings::default()).await;
    topic(&node, "t").await;
    let mut gone = TcpStream::connect(node.address).await.unwrap();
    send(&mut gone, &patient_fetch()).await;
    drop(gone);
    assert!(is_alive(&node).await);
}

#[tokio::test]
async fn more_connections_than_there_may_be_wait_for_others_to_close() {
    let node = Node::with(Limits { connections: 1, ..Limits::default() }, WriterSettings::default()).await;
    let mut first = TcpStream::connect(node.address).await.unwrap();
    send(&mut first, &versions(1)).await;
    answer(&mut first).await;
    let mut second = TcpStream::connect(node.address).await.unwrap();
    send(&mut second, &versions(2)).await;
    // The first one is still served, the second one only when that is gone.
    send(&mut first, &versions(3)).await;
    assert_eq!(answer(&mut first).await[..4], [0, 0, 0, 3]);
    drop(first);
    assert_eq!(answer(&mut second).await[..4], [0, 0, 0, 2]);
}

#[tokio::test]
async fn frames_wait_for_memory_and_get_it() {
    // Less memory than one of the frames: each waits for all of it.
    let limits = Limits { memory: 1024, connection_memory: 1024, ..Limits::default() };
    let node = Node::with(limits, WriterSettings::default()).await;
    topic(&node, "t").await;
    let value = "x".repeat(10_000);
    let mut streams = Vec::new();
    for id in 0..5 {
        let mut stream = TcpStream::connect(node.address).await.unwrap();
        let mut body = bytes::BytesMut::new();
        produce("t", &[(0, batch(&[value.as_str()]))]).encode(&mut body, 9).unwrap();
        send(&mut stream, &frame(ApiKey::Produce, 9, id, &body)).await;
        streams.push(stream);
    }
    for (id, mut stream) in (0_u32..).zip(streams) {
        assert_eq!(answer(&mut stream).await[..4], id.to_be_bytes());
    }
}

#[tokio::test]
async fn stopping_answers_what_was_taken_and_closes() {
    let node = Node::start().await;
    topic(&node, "t").await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    let mut body = bytes::BytesMut::new();
    produce("t", &[(0, batch(&["v"]))]).encode(&mut body, 9).unwrap();
    send(&mut stream, &[versions(1), frame(ApiKey::Produce, 9, 2, &body)].concat()).await;
    // The second one is taken before the first is answered, or as soon.
    assert_eq!(answer(&mut stream).await[..4], [0, 0, 0, 1]);
    send(&mut stream, &versions(3)).await;
    assert_eq!(answer(&mut stream).await[..4], [0, 0, 0, 2]);
    node.tasks.shutdown().cancel();
    assert!(closes(&mut stream).await);
    node.tasks.finished().await;
    assert!(TcpStream::connect(node.address).await.is_err());
}
