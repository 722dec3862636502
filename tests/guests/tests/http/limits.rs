//! What requests and responses may cost.

use std::time::Duration;

use forebay_plugins_api::{ComponentError, LostReason, Processor};
use forebay_plugins_runtime::{Limits, Settings};
use forebay_tests_guests::{World, batch, soon};
use serde_json::json;

use super::server::{Server, bytes, text, with_header};
use super::{call, call_with, error, granted, settings, world_of};

/// gzip of so many zeros, in blocks that are stored as they are or as one that repeats.
fn gzip_of_zeros(length: usize) -> Vec<u8> {
    use flate2::{Compress, Compression, FlushCompress};
    let mut out = Vec::with_capacity(length / 500 + 1000);
    let zeros = vec![0; length];
    Compress::new_gzip(Compression::best(), 15)
        .compress_vec(&zeros, &mut out, FlushCompress::Finish)
        .unwrap();
    out
}

#[tokio::test]
async fn a_body_beyond_its_limit_is_not_taken() {
    let server = Server::start(|_| text(200, &"x".repeat(2 << 20)));
    let world = world_of(&server.address.to_string()).await;
    let result = call(&world, json!({}), json!({"url": server.url("/")})).await;
    assert_eq!(error(&result), ("TooLarge", "the body is larger than 1048576 bytes"));
    let result = call(&world, json!({}), json!({"url": server.url("/"), "most": 2 << 20})).await;
    assert_eq!(result["body"].as_str().unwrap().len(), 2 << 20);
}

#[tokio::test]
async fn gzip_is_unpacked_and_its_headers_are_left_out() {
    let packed = gzip_of_zeros(1000);
    let server = Server::start(move |_| with_header(bytes(200, &packed), "content-encoding", "gzip"));
    let world = world_of(&server.address.to_string()).await;
    let result = call(&world, json!({}), json!({"url": server.url("/")})).await;
    assert_eq!(result["body"], "\0".repeat(1000));
    assert_eq!(
        (&result["headers"]["content-encoding"], &result["headers"]["content-length"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(server.seen()[0].header("accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn who_asks_for_an_encoding_unpacks_it() {
    let packed = gzip_of_zeros(1000);
    let server = Server::start(move |_| with_header(bytes(200, &packed), "content-encoding", "gzip"));
    let world = world_of(&server.address.to_string()).await;
    let request = json!({"url": server.url("/"), "headers": {"accept-encoding": "gzip"}});
    let result = call(&world, json!({}), request).await;
    assert_eq!(result["headers"]["content-encoding"], "gzip");
}

#[tokio::test]
async fn a_bomb_of_gzip_stops_at_the_limit() {
    let packed = gzip_of_zeros(200 << 20);
    assert!(packed.len() < 1 << 20);
    let server = Server::start(move |_| with_header(bytes(200, &packed), "content-encoding", "gzip"));
    let world = world_of(&server.address.to_string()).await;
    let result = call(&world, json!({}), json!({"url": server.url("/")})).await;
    assert_eq!(error(&result).0, "TooLarge");
}

#[tokio::test]
async fn gzip_that_is_cut_off_is_an_error() {
    let mut packed = gzip_of_zeros(100_000);
    packed.truncate(packed.len() / 2);
    let server = Server::start(move |_| with_header(bytes(200, &packed), "content-encoding", "gzip"));
    let world = world_of(&server.address.to_string()).await;
    let result = call(&world, json!({}), json!({"url": server.url("/")})).await;
    assert_eq!(error(&result), ("Protocol", "the gzip of the body ends too early"));
}

#[tokio::test]
async fn bodies_are_held_up_to_the_limit() {
    let server = Server::start(|_| text(200, &"x".repeat(500_000)));
    let limits = Limits { batches: 100_000, ..Limits::default() };
    let grants = granted(&json!([{"hosts": [server.address.to_string()]}]), &json!([]));
    let world = World::with_settings(&["http"], Settings { limits, ..settings(grants) }).await;
    for starts in [false, true] {
        let result = call(&world, json!({"starts": starts}), json!({"url": server.url("/")})).await;
        let (kind, message) = error(&result);
        assert!(kind == "TooLarge" && message.ends_with("are held at once, the limit is 100000"), "{result}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_costs_the_timeout() {
    let server = Server::echo();
    let world = world_of(&server.address.to_string()).await;
    for starts in [false, true] {
        let request = json!({"url": server.url("/never"), "timeout_ms": 50});
        let result = call(&world, json!({"starts": starts}), request).await;
        assert_eq!(error(&result), ("Timeout", "there was no response within 50ms"));
    }
    let outcome = [("plugin", "http"), ("outcome", "timeout")];
    assert_eq!(world.metric("plugin_http_requests_total", &outcome), Some(2.0));
}

#[tokio::test]
async fn a_wait_does_not_outlast_the_call_that_it_is_in() {
    let server = Server::echo();
    let limits = Limits { wall: Duration::from_millis(100), ..Limits::default() };
    let grants = granted(&json!([{"hosts": [server.address.to_string()]}]), &json!([]));
    let world = World::with_settings(&["http"], Settings { limits, ..settings(grants) }).await;
    let mut processor = world.processor("call", json!({})).await;
    let request = json!({"url": server.url("/never")}).to_string();
    match processor.process(batch(&[&request])).await.unwrap_err() {
        ComponentError::Lost(lost) => assert_eq!(lost.reason, LostReason::WallClock),
        ComponentError::Failed(reason) => panic!("{reason}"),
    }
    // The next one is served, by a fresh instance.
    assert_eq!(call(&world, json!({}), json!({"url": server.url("/")})).await["status"], 200);
}

#[tokio::test]
async fn a_component_has_so_many_requests_under_way_and_no_more_wait_than_that() {
    let server = Server::echo();
    let world = world_of(&server.address.to_string()).await;
    let request = json!({"url": server.url("/never"), "timeout_ms": 5_000});
    let result = call(&world, json!({"starts": true, "times": 1_100}), request).await;
    let expected =
        "1064 requests of this component are under way or wait already, the limit `requests` and 1000";
    assert_eq!(error(&result), ("Busy", expected));
    assert!(server.seen().len() <= 64, "{}", server.seen().len());
}

/// Has the guest start its requests, of that body, which are never answered, and then trap.
async fn start_and_trap(processor: &mut dyn Processor, server: &Server, body: &str) {
    let request = json!({"url": server.url("/never"), "timeout_ms": 600_000, "body": body, "traps": true});
    match soon(processor.process(batch(&[&request.to_string()]))).await {
        Err(ComponentError::Lost(lost)) => assert_eq!(lost.reason, LostReason::Trap),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn requests_that_outlive_their_instance_still_count() {
    let server = Server::echo();
    let world = world_of(&server.address.to_string()).await;
    let mut processor = world.processor("call", json!({"starts": true, "times": 1_063})).await;
    start_and_trap(&mut *processor, &server, "").await;
    // The one place that is left is taken by the first, and the next is one too many.
    let result = call_with(&mut *processor, json!({"url": server.url("/")})).await;
    let expected =
        "1064 requests of this component are under way or wait already, the limit `requests` and 1000";
    assert_eq!(error(&result), ("Busy", expected));
}

#[tokio::test]
async fn bodies_that_outlive_their_instance_still_count() {
    let server = Server::echo();
    let limits = Limits { batches: 1 << 20, ..Limits::default() };
    let grants = granted(&json!([{"hosts": [server.address.to_string()]}]), &json!([]));
    let world = World::with_settings(&["http"], Settings { limits, ..settings(grants) }).await;
    let mut processor = world.processor("call", json!({"starts": true, "times": 7})).await;
    start_and_trap(&mut *processor, &server, &"x".repeat(100_000)).await;
    let request = json!({"url": server.url("/"), "body": "x".repeat(400_000)});
    let result = call_with(&mut *processor, request).await;
    let (kind, message) = error(&result);
    assert!(kind == "TooLarge" && message.ends_with("are held at once, the limit is 1048576"), "{result}");
}
