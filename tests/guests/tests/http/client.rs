//! Requests and responses.

use forebay_plugins_api::{Event, Processing};
use forebay_tests_guests::{World, batch, soon};
use serde_json::{Value, json};

use super::server::{Server, text, to, with_header};
use super::{call, call_with, error, world, world_of};

async fn started(server: &Server, request: Value) -> Value {
    call(&world_of(&server.address.to_string()).await, json!({"starts": true}), request).await
}

#[tokio::test]
async fn a_request_reaches_the_server_and_its_response_the_guest() {
    let server =
        Server::start(|seen| with_header(text(201, &format!("got {}", seen.body)), "x-answer", "yes"));
    let world = world_of(&server.address.to_string()).await;
    let request = json!({"method": "POST", "url": server.url("/a/./b?q=1#f"), "body": "hello", "headers": {"X-Own": "1"}});
    let result = call(&world, json!({}), request).await;
    assert_eq!((&result["status"], &result["body"]), (&json!(201), &json!("got hello")));
    assert_eq!(result["headers"]["x-answer"], "yes");
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/a/b?q=1"));
    assert_eq!(seen.header("x-own"), Some("1"));
    assert_eq!(seen.header("host"), Some(server.address.to_string().as_str()));
    assert_eq!(seen.header("content-length"), Some("5"));
}

#[tokio::test]
async fn a_status_is_a_response() {
    let server = Server::start(|_| text(503, "busy"));
    let result = started(&server, json!({"url": server.url("/")})).await;
    assert_eq!((&result["status"], &result["body"]), (&json!(503), &json!("busy")));
}

#[tokio::test]
async fn a_started_request_is_resumed_with_its_response() {
    let server = Server::echo();
    let result = started(&server, json!({"url": server.url("/x"), "method": "PUT", "body": "b"})).await;
    assert_eq!(result["body"], "PUT /x b");
}

#[tokio::test]
async fn a_request_may_be_started_after_a_pause() {
    let server = Server::echo();
    let result = started(&server, json!({"url": server.url("/x"), "after_ms": 1})).await;
    assert_eq!(result["body"], "GET /x ");
}

#[tokio::test]
async fn several_requests_are_under_way_at_once() {
    let server = Server::echo();
    let world = world_of(&server.address.to_string()).await;
    let mut processor = world.processor("call", json!({"starts": true})).await;
    let mut pending = vec![];
    for number in 0..100 {
        let request = json!({"url": server.url(&format!("/{number}"))}).to_string();
        match processor.process(batch(&[&request])).await.unwrap() {
            Processing::Pending(operation) => pending.push(operation),
            Processing::Done(_) => panic!("it does not wait"),
        }
    }
    for operation in &mut pending {
        assert_eq!(soon(operation.finish()).await, Ok(()));
    }
    assert_eq!(server.seen().len(), 100);
}

#[tokio::test]
async fn a_request_that_was_started_goes_on_when_its_handle_is_dropped() {
    let server = Server::echo();
    let world = world_of(&server.address.to_string()).await;
    let config = json!({"starts": true, "times": 5});
    call(&world, config, json!({"url": server.url("/")})).await;
    assert_eq!(soon(server.seen_at_least(5)).await.len(), 5);
}

#[tokio::test]
async fn a_response_that_has_not_come_is_refused() {
    let server = Server::echo();
    let result = started(&server, json!({"url": server.url("/never"), "early": true})).await;
    assert_eq!(error(&result), ("Invalid", "the request has not ended"));
}

#[tokio::test]
async fn a_failed_request_fails_its_operation() {
    let world = world_of("127.0.0.1:1").await;
    let mut processor = world.processor("call", json!({"starts": true})).await;
    let request = json!({"url": "http://127.0.0.1:1/"}).to_string();
    let Processing::Pending(mut operation) = processor.process(batch(&[&request])).await.unwrap() else {
        panic!("it does not wait");
    };
    let failed = soon(operation.finish()).await.unwrap_err();
    assert!(failed.starts_with("127.0.0.1:1: connect to 127.0.0.1:1: "), "{failed}");
}

#[tokio::test]
async fn a_connection_that_breaks_is_an_error_of_protocol() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let world = world_of(&address).await;
    let accept = async { drop(listener.accept().await.unwrap()) };
    let (result, ()) =
        tokio::join!(call(&world, json!({}), json!({"url": format!("http://{address}/")})), accept);
    assert_eq!(error(&result).0, "Protocol");
}

#[tokio::test]
async fn redirects_within_an_origin_are_followed() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/one" => to(302, "two"),
        "/two" => to(307, "/three?x"),
        _ => text(200, &format!("{} {} {}", seen.method, seen.target, seen.body)),
    });
    let world = world_of(&server.address.to_string()).await;
    let post =
        json!({"method": "POST", "url": server.url("/one"), "body": "b", "headers": {"authorization": "a"}});
    assert_eq!(call(&world, json!({}), post).await["body"], "GET /three?x ");
    assert_eq!(server.seen()[2].header("authorization"), Some("a"));
    let post = json!({"method": "POST", "url": server.url("/two"), "body": "b"});
    assert_eq!(call(&world, json!({}), post).await["body"], "POST /three?x b");
}

#[tokio::test]
async fn redirects_are_counted() {
    let server = Server::start(|_| to(302, "/again"));
    let world = world_of(&server.address.to_string()).await;
    let result = call(&world, json!({}), json!({"url": server.url("/")})).await;
    assert_eq!(error(&result), ("Redirect", "more than 10 redirects"));
    assert_eq!(server.seen().len(), 11);
    let result = call(&world, json!({}), json!({"url": server.url("/"), "redirects": 0})).await;
    assert_eq!((&result["status"], &result["headers"]["location"]), (&json!(302), &json!("/again")));
}

#[tokio::test]
async fn headers_that_frame_a_message_are_the_hosts() {
    let server = Server::echo();
    let world = world_of(&server.address.to_string()).await;
    for name in
        ["Host", "content-length", "Transfer-Encoding", "connection", "upgrade", "proxy-authorization"]
    {
        let result = call(&world, json!({}), json!({"url": server.url("/"), "headers": {name: "1"}})).await;
        let expected = format!("header {} is the host's to set", name.to_lowercase());
        assert_eq!(error(&result), ("Invalid", expected.as_str()));
    }
    for (name, value) in [("x", "a\r\nb: c"), ("a b", "x"), ("", "x")] {
        let result = call(&world, json!({}), json!({"url": server.url("/"), "headers": {name: value}})).await;
        assert_eq!(error(&result).0, "Invalid", "{name}: {value}");
    }
    assert!(server.seen().is_empty());
}

async fn stream_of(world: &World, config: Value) -> Result<Vec<u8>, String> {
    let mut input = world.input("download", config).await;
    let Event::Stream(_, mut stream) = soon(input.read(vec![])).await.unwrap() else {
        panic!("it gives no stream");
    };
    // The stream is the host's; its guest may go.
    drop(input);
    let mut all = vec![];
    loop {
        match soon(stream.source.read(10_000)).await? {
            chunk if chunk.is_empty() => return Ok(all),
            chunk => all.extend_from_slice(&chunk),
        }
    }
}

#[tokio::test]
async fn a_large_body_is_handed_on_as_a_stream() {
    let large = "0123456789".repeat(1 << 20);
    let body = large.clone();
    let server = Server::start(move |_| text(200, &body));
    let world = world_of(&server.address.to_string()).await;
    let read = stream_of(&world, json!({"url": server.url("/")})).await.unwrap();
    assert!(read == large.as_bytes(), "{} bytes", read.len());
    let refused = stream_of(&world, json!({"url": server.url("/"), "most": 1 << 20})).await.unwrap_err();
    assert_eq!(refused, "the body is larger than 1048576 bytes");
}

#[tokio::test]
async fn an_output_settles_its_messages_by_the_responses() {
    let server = Server::start(|seen| text(if seen.body == "bad" { 400 } else { 200 }, ""));
    let world = world_of(&server.address.to_string()).await;
    let mut output = world.output("post", json!({"url": server.url("/")})).await;
    output.connect().await.unwrap();
    let written = output.write(batch(&["good", "bad"])).await.unwrap();
    let mut failed = vec![];
    for mut pending in written.pending {
        assert_eq!(soon(pending.operation.finish()).await, Ok(()));
        failed.extend(output.resolve(pending.operation).await.unwrap().failed);
    }
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].reason.as_str(), &failed[0].messages), ("status 400", &Some(vec![1])));
}

#[tokio::test]
async fn what_is_sent_and_received_is_counted() {
    let server = Server::start(|_| text(404, "12345"));
    let address = server.address.to_string();
    let world = world(json!([{"hosts": [address], "methods": ["POST"]}])).await;
    let mut processor = world.processor("call", json!({})).await;
    call_with(&mut *processor, json!({"method": "POST", "url": server.url("/"), "body": "123"})).await;
    call_with(&mut *processor, json!({"url": server.url("/")})).await;
    let plugin = ("plugin", "http");
    let requests = |outcome| world.metric("plugin_http_requests_total", &[plugin, ("outcome", outcome)]);
    assert_eq!((requests("4xx"), requests("denied")), (Some(1.0), Some(1.0)));
    assert_eq!(world.metric("plugin_http_bytes_out_total", &[plugin]), Some(3.0));
    assert_eq!(world.metric("plugin_http_bytes_in_total", &[plugin]), Some(5.0));
    assert_eq!(world.metric("plugin_http_denied_total", &[plugin]), Some(1.0));
}
