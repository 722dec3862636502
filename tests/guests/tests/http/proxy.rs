//! Requests through a proxy.

use std::sync::Arc;

use forebay_lifecycle::{Spawner, Threads};
use forebay_plugins_runtime::{HttpSettings, Proxies, Settings};
use forebay_tests_guests::World;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::server::Server;
use super::tls::Certificates;
use super::{Everywhere, call, error, granted, settings, world};

/// A proxy for tunnels: wherever they are to lead, they lead to `server`.
fn tunnel(server: &Server, threads: &Threads) -> String {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let (address, target) = (socket.local_addr().unwrap().to_string(), server.address);
    threads.spawner(0).spawn(async move {
        let socket = TcpListener::from_std(socket).unwrap();
        loop {
            let (mut stream, _) = socket.accept().await.unwrap();
            Spawner::current().spawn(async move {
                let mut head = vec![];
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                assert!(head.contains("proxy-authorization: Basic dTpw\r\n"), "{head}");
                if !head.starts_with("CONNECT inside.example:443 HTTP/1.1\r\n") {
                    stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
                    return;
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let mut inner = TcpStream::connect(target).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut inner).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_plain_request_goes_through_the_proxy_as_a_whole_url() {
    let proxy = Server::echo();
    let world = world(json!([{"hosts": [proxy.address.to_string(), "inside.example"]}])).await;
    let request = json!({"url": "http://inside.example/x", "proxy": format!("http://u:p@{}", proxy.address)});
    let result = call(&world, json!({}), request).await;
    assert_eq!(result["body"], "GET http://inside.example/x ");
    assert_eq!(proxy.seen()[0].header("proxy-authorization"), Some("Basic dTpw"));
    assert_eq!(proxy.seen()[0].header("host"), Some("inside.example"));
}

#[tokio::test]
async fn a_tls_request_goes_through_a_tunnel() {
    let certificates = Certificates::for_name("inside.example");
    let server = certificates.server();
    let threads = Threads::start("proxy", 1).unwrap();
    let proxy = tunnel(&server, &threads);
    let world = world(json!([{"hosts": [proxy, "inside.example", "refused.example"]}])).await;
    let request =
        |url: &str| json!({"url": url, "proxy": format!("u:p@{proxy}"), "roots": certificates.roots});
    let result = call(&world, json!({}), request("https://inside.example/x")).await;
    assert_eq!(result["body"], "GET /x");
    assert_eq!(server.seen()[0].header("proxy-authorization"), None);
    let result = call(&world, json!({}), request("https://refused.example/x")).await;
    assert_eq!(error(&result), ("Connect", "refused.example:443: the proxy answered with status 403"));
}

#[tokio::test]
async fn both_the_proxy_and_the_target_need_a_grant() {
    let proxy = Server::echo();
    let address = proxy.address.to_string();
    let request = json!({"url": "http://inside.example/", "proxy": address});
    let result = call(&world(json!([{"hosts": ["inside.example"]}])).await, json!({}), request.clone()).await;
    let expected = format!("no grant for http {{hosts: [\"{address}\"]}}, which is the proxy");
    assert_eq!(error(&result), ("Denied", expected.as_str()));
    let result = call(&world(json!([{"hosts": [address]}])).await, json!({}), request).await;
    assert_eq!(error(&result).0, "Denied");
    assert!(proxy.seen().is_empty());
}

#[tokio::test]
async fn a_proxy_that_only_seems_public_is_refused() {
    let proxy = Server::echo();
    let port = proxy.address.port();
    let world = world(json!([{"hosts": [format!("proxy.example:{port}"), "inside.example"]}])).await;
    let request = json!({"url": "http://inside.example/", "proxy": format!("proxy.example:{port}")});
    assert_eq!(error(&call(&world, json!({}), request).await).0, "Denied");
    assert!(proxy.seen().is_empty());
}

#[tokio::test]
async fn a_granted_plugin_does_not_use_the_proxy_of_the_environment() {
    let (proxy, server) = (Server::echo(), Server::echo());
    let variable = proxy.url("/");
    let proxies = Proxies::from_variables(|name| (name == "HTTP_PROXY").then(|| variable.clone()));
    let http =
        HttpSettings { resolver: Arc::new(Everywhere([127, 0, 0, 1].into())), proxies, endpoints: None };
    let host = format!("a.example:{}", server.address.port());
    let grants = granted(&json!([{"hosts": [host], "private": true}]), &json!([]));
    let world = World::with_settings(&["http"], Settings { http, ..settings(grants) }).await;
    let result = call(&world, json!({}), json!({"url": format!("http://{host}/")})).await;
    assert_eq!(result["body"], "GET / ");
    assert!(proxy.seen().is_empty());
}
