//! Secrets reach the server that they are meant for, and nobody else.

use std::io::Write;
use std::sync::{Arc, Mutex};

use forebay_tests_guests::World;
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt as _;

use super::server::{Server, text, to};
use super::{call, call_with, error, granted, settings, world, world_of};

const TOKEN: &str = "s3cr3t/to ken";

fn config() -> Value {
    json!({"token": TOKEN})
}

/// Whether a text shows the token in any form that it is sent in.
fn shows(text: &str) -> bool {
    let forms = [TOKEN, "s3cr3t", "dXNlcjpzM2NyM3QvdG8ga2Vu"];
    forms.iter().any(|form| text.contains(form))
}

async fn sent(auth: &str) -> (super::server::Seen, Value) {
    let server = Server::start(|_| text(200, "thanks"));
    let world = world_of(&server.address.to_string()).await;
    let request = json!({"method": "POST", "url": server.url("/"), "auth": auth});
    let result = call(&world, config(), request).await;
    (server.seen()[0].clone(), result)
}

#[tokio::test]
async fn a_secret_is_put_where_it_belongs() {
    let (bearer, _) = sent("bearer").await;
    assert_eq!(bearer.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    let (basic, _) = sent("basic").await;
    assert_eq!(basic.header("authorization"), Some("Basic dXNlcjpzM2NyM3QvdG8ga2Vu"));
    let (header, _) = sent("header").await;
    assert_eq!(header.header("x-key"), Some(TOKEN));
    let (path, _) = sent("path").await;
    assert_eq!(path.target, "/s3cr3t/to%20ken");
    let (query, _) = sent("query").await;
    assert_eq!(query.target, "/?key=s3cr3t%2Fto%20ken");
    let (body, _) = sent("body").await;
    assert_eq!(body.body, TOKEN);
}

#[tokio::test]
async fn a_secret_is_not_in_what_the_guest_gets() {
    for auth in ["bearer", "basic", "header", "path", "query", "body"] {
        let (_, result) = sent(auth).await;
        assert_eq!(result["body"], "thanks");
        assert!(!shows(&result.to_string()), "{auth}: {result}");
    }
}

/// What the threads of this test write to the log, at every level.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Lines(Captured);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        struct Fields<'a>(&'a mut Captured);
        impl tracing::field::Visit for Fields<'_> {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                writeln!(self.0, "{field}={value:?}").unwrap();
            }
        }
        event.record(&mut Fields(&mut self.0.clone()));
    }
}

#[tokio::test]
async fn a_secret_is_in_no_error_log_line_or_metric() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::registry().with(Lines(captured.clone()));
    // For the whole process: requests run on threads of their own.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let world =
        world(json!([{"hosts": ["127.0.0.1:1", "*.example:80", "localhost:1"], "methods": ["GET"]}])).await;
    for starts in [false, true] {
        let mut processor = world.processor("call", json!({"token": TOKEN, "starts": starts})).await;
        for auth in ["bearer", "basic", "header", "path", "query", "body", "host", "url"] {
            for (method, url) in [
                ("GET", "http://127.0.0.1:1/"),
                ("POST", "http://127.0.0.1:1/"),
                ("GET", "http://not.granted/"),
                ("GET", "http://a.example/"),
                ("GET", "what"),
            ] {
                let request = json!({"method": method, "url": url, "auth": auth});
                let result = call_with(&mut *processor, request).await;
                assert!(!shows(&result.to_string()), "{auth}: {result}");
                assert!(!error(&result).0.is_empty());
            }
        }
    }
    let plain = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(!shows(&plain), "{plain}");
    assert!(!shows(&world.metrics.render()));
}

#[tokio::test]
async fn a_host_that_is_a_secret_is_not_named() {
    let world = world(json!([{"hosts": ["granted.example"]}])).await;
    for secret in ["granted", "other", "bad host"] {
        let result = call(&world, json!({"token": secret}), json!({"auth": "host"})).await;
        assert!(!result.to_string().contains(secret), "{result}");
    }
}

#[tokio::test]
async fn another_origin_gets_no_secret_by_a_redirect() {
    let other = Server::echo();
    let other_url = other.url("/");
    let server = Server::start(move |_| to(302, &other_url));
    let hosts = json!([{"hosts": [server.address.to_string(), other.address.to_string()]}]);
    let world = world(hosts).await;
    for auth in ["bearer", "basic", "header"] {
        let request =
            json!({"url": server.url("/"), "auth": auth, "headers": {"cookie": "c=1", "x-plain": "p"}});
        assert_eq!(call(&world, config(), request).await["status"], 200);
    }
    let request = json!({"url": server.url("/"), "headers": {"authorization": "typed by hand"}});
    assert_eq!(call(&world, config(), request).await["status"], 200);
    assert_eq!((server.seen().len(), other.seen().len()), (4, 4));
    for seen in other.seen() {
        assert!(!shows(&format!("{seen:?}")), "{seen:?}");
        for name in ["authorization", "cookie", "x-key"] {
            assert_eq!(seen.header(name), None);
        }
    }
    assert_eq!(other.seen()[0].header("x-plain"), Some("p"));
}

#[tokio::test]
async fn a_body_with_a_secret_is_not_sent_to_another_origin() {
    let other = Server::echo();
    let other_url = other.url("/");
    let server = Server::start(move |_| to(307, &other_url));
    let world = world(json!([{"hosts": [server.address.to_string(), other.address.to_string()]}])).await;
    let request = json!({"method": "POST", "url": server.url("/"), "auth": "body"});
    assert_eq!(error(&call(&world, config(), request).await).0, "Redirect");
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn a_guest_does_not_get_its_secret_by_listening_for_it() {
    // A port that is free, to name it in the grants.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let grants = granted(&json!([{"hosts": [address]}]), &json!([address]));
    let world = World::with_settings(&["http"], settings(grants)).await;
    let mut input = world.input("serve", json!({"address": address})).await;
    input.connect().await.unwrap();
    for auth in ["bearer", "basic", "header", "path", "query", "body"] {
        let request = json!({"method": "POST", "url": format!("http://{address}/"), "auth": auth});
        let result = call(&world, config(), request).await;
        let expected = format!("{address}: secrets are not sent to a listener of this process");
        assert_eq!(error(&result), ("Denied", expected.as_str()));
    }
}
