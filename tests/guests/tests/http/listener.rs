//! An input that listens, and clients that speak to it as they like.

use forebay_pipeline_message::{Outcome, Rejection};
use forebay_plugins_api::{Components, Event, Input, Settlement, Token};
use forebay_tests_guests::{World, setup, soon, texts};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::tls::Certificates;
use super::{call, world};

struct Served {
    world: World,
    input: Box<dyn Input>,
    address: String,
}

async fn serve(config: Value) -> Served {
    let world = world(json!([{"hosts": ["localhost:1"]}])).await;
    let mut input = world.input("serve", config).await;
    input.connect().await.unwrap();
    let address = format!("127.0.0.1:{}", world.metric("serve_port", &[]).unwrap());
    Served { world, input, address }
}

/// Sends this and gives all that comes back.
async fn exchange(address: &str, request: impl AsRef<str>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_ref().as_bytes()).await.unwrap();
    rest(&mut stream).await
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = vec![];
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8(answer).unwrap()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
}

async fn read(input: &mut dyn Input, settled: Vec<Settlement>) -> Option<(Token, String)> {
    match soon(input.read(settled)).await.unwrap() {
        Event::Batch(token, batch) => Some((token, texts(&batch)[0].clone())),
        Event::Idle => None,
        other => panic!("{other:?} is no batch"),
    }
}

fn acknowledged(token: Token) -> Settlement {
    Settlement::new(token, Outcome::Acknowledged)
}

#[tokio::test]
async fn a_request_is_answered_when_its_message_is_settled() {
    let Served { mut input, address, world } = serve(json!({"deadline_ms": 1})).await;
    let post = "POST /a/b?q=1 HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
    let client = exchange(&address, post);
    let guest = async {
        let (token, text) = loop {
            if let Some(read) = read(&mut *input, vec![]).await {
                break read;
            }
        };
        assert_eq!(text, "POST /a/b Some(\"q=1\") hello host true local true");
        read(&mut *input, vec![acknowledged(token)]).await;
    };
    let (answer, ()) = tokio::join!(client, guest);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("content-type: text/plain\r\n") && answer.ends_with("\r\n\r\nacknowledged"),
        "{answer}"
    );
    let labels = [("plugin", "http"), ("outcome", "2xx")];
    assert_eq!(world.metric("plugin_http_exchanges_total", &labels), Some(1.0));
}

#[tokio::test]
async fn several_requests_of_one_connection_come_in_turn() {
    let Served { mut input, address, world: _world } = serve(json!({})).await;
    let client = async {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(b"GET /1 HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        stream.write_all(get("/2").as_bytes()).await.unwrap();
        rest(&mut stream).await
    };
    let guest = async {
        let (first, text) = read(&mut *input, vec![]).await.unwrap();
        assert!(text.starts_with("GET /1 "));
        let rejection = Rejection {
            reason: "not this one".to_owned(),
            messages: None,
            reasons: Vec::new(),
            apart: false,
            declined: false,
        };
        let settled = vec![Settlement::new(first, Outcome::Rejected(rejection))];
        let (second, text) = read(&mut *input, settled).await.unwrap();
        assert!(text.starts_with("GET /2 "));
        drop((second, input));
    };
    let (answer, ()) = tokio::join!(client, guest);
    assert!(answer.starts_with("HTTP/1.1 500 ") && answer.contains("not this one"), "{answer}");
    // The guest went away before it answered the second.
    assert!(answer.contains("HTTP/1.1 503 "), "{answer}");
}

#[tokio::test]
async fn an_exchange_that_is_dropped_is_answered_in_its_place() {
    let Served { mut input, address, world: _world } = serve(json!({})).await;
    let (answer, read) = tokio::join!(exchange(&address, get("/drop")), read(&mut *input, vec![]));
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert!(read.is_some());
}

#[tokio::test]
async fn an_answer_that_can_not_be_sent_is_an_error_of_the_guest() {
    let Served { mut input, address, world: _world } = serve(json!({})).await;
    let (answer, read) = tokio::join!(exchange(&address, get("/bad-header")), read(&mut *input, vec![]));
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert_eq!(read.unwrap().1, "Err(\"header connection is the host's to set\")");
}

#[tokio::test]
async fn a_shutdown_wakes_the_wait_for_a_request() {
    let Served { world, .. } = serve(json!({})).await;
    let setup = setup("serve", json!({}));
    let wakes = std::sync::Arc::clone(&setup.wakes);
    let mut input = world.plugins.open_input(setup).await.unwrap();
    input.connect().await.unwrap();
    let (event, ()) = tokio::join!(read(&mut *input, vec![]), async { wakes.shutdown() });
    assert!(event.is_none());
    // It stays pending: even a request that waits does not hold the input up.
    let address = format!("127.0.0.1:{}", world.metric("serve_port", &[]).unwrap());
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(get("/").as_bytes()).await.unwrap();
    assert!(read(&mut *input, vec![]).await.is_none());
    input.close(vec![]).await;
    drop(input);
    // Whether its connection was accepted before the socket was closed is a matter of luck.
    let mut answer = vec![];
    let read = soon(stream.read_to_end(&mut answer)).await;
    assert!(read.is_err() || answer.is_empty() || answer.starts_with(b"HTTP/1.1 503 "));
}

#[tokio::test]
async fn a_settlement_wakes_it_too() {
    let Served { world, .. } = serve(json!({})).await;
    let setup = setup("serve", json!({}));
    let wakes = std::sync::Arc::clone(&setup.wakes);
    let mut input = world.plugins.open_input(setup).await.unwrap();
    input.connect().await.unwrap();
    let (event, ()) = tokio::join!(read(&mut *input, vec![]), async { wakes.settlement() });
    assert!(event.is_none());
}

#[tokio::test]
async fn the_socket_is_closed_when_the_instance_is_gone() {
    let Served { mut input, address, world: _world } = serve(json!({})).await;
    // A call that is dropped under way costs the instance.
    tokio::select! {
        biased;
        event = input.read(vec![]) => panic!("{event:?} came of nothing"),
        () = tokio::task::yield_now() => {}
    }
    soon(async {
        while TcpStream::connect(&address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let served = serve(json!({"most": 10})).await;
    let address = &served.address;
    let declared = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 11\r\n\r\n";
    let chunked = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nb\r\n01234567890\r\n";
    for request in [declared, chunked] {
        let answer = exchange(address, request).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    let served = serve(json!({})).await;
    let address = &served.address;
    for request in ["what is this\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n"] {
        let answer = exchange(address, request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(1_000_000));
    let mut stream = TcpStream::connect(address).await.unwrap();
    // It is not read to its end, so that the connection may break before the answer is here.
    let written = soon(stream.write_all(long.as_bytes())).await;
    let mut answer = vec![];
    let read = soon(stream.read_to_end(&mut answer)).await;
    assert!(answer.starts_with(b"HTTP/1.1 431 ") || written.is_err() || read.is_err());
}

#[tokio::test]
async fn a_full_queue_sends_clients_away() {
    let Served { mut input, address, world: _world } = serve(json!({"queue": 1})).await;
    let mut first = TcpStream::connect(&address).await.unwrap();
    first.write_all(get("/first").as_bytes()).await.unwrap();
    // Nobody reads: sooner or later the first one fills the queue.
    let refused = soon(async {
        loop {
            let mut stream = TcpStream::connect(&address).await.unwrap();
            stream.write_all(get("/other").as_bytes()).await.unwrap();
            let mut start = [0; 12];
            let read =
                tokio::time::timeout(std::time::Duration::from_millis(200), stream.read_exact(&mut start));
            if read.await.is_ok_and(|read| read.is_ok()) {
                return String::from_utf8(start.to_vec()).unwrap();
            }
        }
    })
    .await;
    assert_eq!(refused, "HTTP/1.1 503");
    assert!(read(&mut *input, vec![]).await.is_some());
}

#[tokio::test]
async fn slow_clients_are_sent_away() {
    let served = serve(json!({"read_timeout_ms": 50})).await;
    let address = &served.address;
    for (request, answered) in [
        ("", ""),
        ("GET / HT", ""),
        ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhe", "HTTP/1.1 408 "),
    ] {
        let answer = exchange(address, request).await;
        assert!(answer.starts_with(answered), "{request:?}: {answer}");
    }
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_given_up() {
    let Served { world, mut input, address } =
        serve(json!({"answer_timeout_ms": 50, "deadline_ms": 1})).await;
    let guest = async {
        loop {
            if let Some((token, _)) = read(&mut *input, vec![]).await {
                break token;
            }
        }
    };
    let (answer, token) = tokio::join!(exchange(&address, get("/")), guest);
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
    read(&mut *input, vec![acknowledged(token)]).await;
    assert_eq!(world.metric("serve_gone_total", &[]), Some(1.0));
}

#[tokio::test]
async fn only_what_is_granted_is_listened_on() {
    let world = world(json!([])).await;
    let addresses = [
        ("0.0.0.0:0", "no grant for listen [\"0.0.0.0:0\"]"),
        ("127.0.0.1:9", "no grant for listen [\"127.0.0.1:9\"]"),
        ("example.com:80", "address `example.com:80`: expected address:port, such as 127.0.0.1:8080"),
    ];
    for (address, expected) in addresses {
        let mut input = world.input("serve", json!({"address": address})).await;
        assert_eq!(input.connect().await.unwrap_err().to_string(), expected);
    }
}

#[tokio::test]
async fn an_address_in_use_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let grants = super::granted(&json!([]), &json!([address]));
    let world = World::with_settings(&["http"], super::settings(grants)).await;
    let mut input = world.input("serve", json!({"address": address})).await;
    let error = input.connect().await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("listen on {address}: ")), "{error}");
}

#[tokio::test]
async fn a_listener_speaks_tls_with_a_key_that_its_guest_never_sees() {
    let certificates = Certificates::for_name("localhost");
    let config = json!({"certificate": certificates.certificate, "key": certificates.key});
    let Served { mut input, address, world: _world } = serve(config).await;
    let port = address.rsplit(':').next().unwrap();
    let client = super::world_of(&format!("localhost:{port}")).await;
    let request = json!({"url": format!("https://localhost:{port}/x"), "roots": certificates.roots});
    let guest = async {
        let (_, text) = read(&mut *input, vec![]).await.unwrap();
        // Without an answer.
        drop(input);
        text
    };
    let (result, text) = tokio::join!(call(&client, json!({}), request), guest);
    assert!(text.starts_with("GET /x "), "{text}");
    assert_eq!(result["status"], 503);
}
