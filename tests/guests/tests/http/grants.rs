//! Where requests may go.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use forebay_plugins_runtime::{HttpSettings, Proxies, Resolve, Settings};
use forebay_tests_guests::World;
use serde_json::json;

use super::server::{Server, text, to};
use super::{Everywhere, call, error, granted, settings, world, world_of};

#[tokio::test]
async fn nothing_is_granted_where_nothing_is_said() {
    let server = Server::echo();
    let world = world(json!([])).await;
    let result = call(&world, json!({}), json!({"url": server.url("/")})).await;
    let expected = format!("no grant for http {{hosts: [\"{}\"], methods: [GET]}}", server.address);
    assert_eq!(error(&result), ("Denied", expected.as_str()));
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn another_host_port_or_method_is_denied() {
    let server = Server::echo();
    let port = server.address.port();
    let world = world(json!([{"hosts": [server.address.to_string()], "methods": ["GET", "HEAD"]}])).await;
    let others = [
        ("GET", format!("http://localhost:{port}/")),
        ("GET", format!("http://127.0.0.2:{port}/")),
        ("GET", "http://127.0.0.1/".to_owned()),
        ("GET", format!("http://[::1]:{port}/")),
        ("POST", server.url("/")),
        ("get", server.url("/")),
        ("DELETE", server.url("/")),
    ];
    for (method, url) in others {
        for starts in [false, true] {
            let request = json!({"method": method, "url": url});
            let result = call(&world, json!({"starts": starts}), request).await;
            assert_eq!(error(&result).0, "Denied", "{method} {url}");
        }
    }
    assert!(server.seen().is_empty());
    let result = call(&world, json!({}), json!({"url": server.url("/")})).await;
    assert_eq!(result["status"], 200);
}

#[tokio::test]
async fn other_schemes_and_tricks_with_urls_are_refused() {
    let world = world_of("127.0.0.1").await;
    let urls = [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "127.0.0.1/",
        "http://127.0.0.1@evil.example/",
        "http://evil.example#@127.0.0.1/",
        "http://evil.example\\@127.0.0.1/",
        "http://127.0.0.1.evil.example/",
    ];
    for url in urls {
        let result = call(&world, json!({}), json!({"url": url})).await;
        assert!(["Invalid", "Denied"].contains(&error(&result).0), "{url}: {result}");
    }
}

#[tokio::test]
async fn a_public_name_that_leads_to_this_machine_is_refused() {
    let server = Server::echo();
    let port = server.address.port();
    let world = world(json!([{"hosts": [format!("api.example.com:{port}")]}])).await;
    let result = call(&world, json!({}), json!({"url": format!("http://api.example.com:{port}/")})).await;
    let expected = format!(
        "api.example.com:{port}: the name leads to 127.0.0.1, which is not public: the grant must name that address, or say private: true"
    );
    assert_eq!(error(&result), ("Denied", expected.as_str()));
    assert!(server.seen().is_empty());
    assert_eq!(world.metric("plugin_http_denied_total", &[]), Some(1.0));
}

#[tokio::test]
async fn a_private_grant_allows_that() {
    let server = Server::echo();
    let port = server.address.port();
    let hosts = json!([{"hosts": [format!("*.example.com:{port}")], "private": true}]);
    let result =
        call(&world(hosts).await, json!({}), json!({"url": format!("http://api.example.com:{port}/")})).await;
    assert_eq!(result["status"], 200);
}

#[tokio::test]
async fn localhost_is_granted_by_its_name() {
    let server = Server::echo();
    let port = server.address.port();
    let world = world_of(&format!("localhost:{port}")).await;
    let result = call(&world, json!({}), json!({"url": format!("http://localhost:{port}/")})).await;
    assert_eq!(result["status"], 200);
}

#[tokio::test]
async fn an_address_that_only_a_cloud_knows_is_refused() {
    for address in ["169.254.169.254", "10.0.0.1", "::ffff:127.0.0.1", "fd00::1", "0.0.0.0", "100.64.0.1"] {
        let resolver = Arc::new(Everywhere(address.parse().unwrap()));
        let http = HttpSettings { resolver, proxies: Proxies::default(), endpoints: None };
        let grants = granted(&json!([{"hosts": ["metadata.example"]}]), &json!([]));
        let world = World::with_settings(&["http"], Settings { http, ..settings(grants) }).await;
        let result = call(&world, json!({}), json!({"url": "http://metadata.example/latest"})).await;
        assert_eq!(error(&result).0, "Denied", "{address}");
    }
}

/// Gives a public address at the first look and this machine's at every later one.
#[derive(Debug, Default)]
struct Rebinding {
    looks: AtomicUsize,
}

#[async_trait]
impl Resolve for Rebinding {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let first = self.looks.fetch_add(1, Ordering::SeqCst) == 0;
        // Nobody answers there: it is for benchmarks of networks, and yet this says that it may be
        // connected to only if the check looks at another address than the connection.
        Ok(if first { vec![[198, 18, 0, 1].into()] } else { vec![[127, 0, 0, 1].into()] })
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once_for_a_connection() {
    let server = Server::echo();
    let port = server.address.port();
    let resolver = Arc::new(Rebinding::default());
    let http = HttpSettings {
        resolver: Arc::clone(&resolver) as Arc<dyn Resolve>,
        proxies: Proxies::default(),
        endpoints: None,
    };
    let grants = granted(&json!([{"hosts": [format!("a.example:{port}")]}]), &json!([]));
    let world = World::with_settings(&["http"], Settings { http, ..settings(grants) }).await;
    for _ in 0..3 {
        let url = format!("http://a.example:{port}/");
        assert_eq!(error(&call(&world, json!({}), json!({"url": url})).await).0, "Denied");
    }
    assert_eq!(resolver.looks.load(Ordering::SeqCst), 3);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_redirect_to_what_is_not_granted_is_refused() {
    let hidden = Server::echo();
    let url = hidden.url("/internal");
    let server = Server::start(move |seen| match seen.target.as_str() {
        "/scheme" => to(302, "file:///etc/passwd"),
        "/name" => to(302, "http://169.254.169.254/latest"),
        _ => to(307, &url),
    });
    let world = world(json!([{"hosts": [server.address.to_string()]}])).await;
    for path in ["/", "/scheme", "/name"] {
        let result = call(&world, json!({}), json!({"url": server.url(path)})).await;
        assert_eq!(error(&result).0, "Redirect", "{path}: {result}");
    }
    assert!(hidden.seen().is_empty());
}

#[tokio::test]
async fn a_redirect_to_a_granted_name_is_checked_at_its_addresses() {
    let hidden = Server::echo();
    let url = format!("http://api.example.com:{}/", hidden.address.port());
    let server = Server::start(move |_| to(302, &url));
    let name = format!("api.example.com:{}", hidden.address.port());
    let world = world(json!([{"hosts": [server.address.to_string(), name]}])).await;
    let result = call(&world, json!({}), json!({"url": server.url("/")})).await;
    assert_eq!(error(&result).0, "Redirect");
    assert!(hidden.seen().is_empty());
}

#[tokio::test]
async fn a_redirect_may_not_change_to_a_method_that_is_not_granted() {
    let server = Server::start(|seen| if seen.method == "POST" { to(303, "/got") } else { text(200, "") });
    let world = world(json!([{"hosts": [server.address.to_string()], "methods": ["POST"]}])).await;
    let result = call(&world, json!({}), json!({"method": "POST", "url": server.url("/")})).await;
    assert_eq!(error(&result).0, "Redirect");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn connections_are_not_shared_between_grants_of_other_reach() {
    let server = Server::echo();
    let port = server.address.port();
    let url = format!("http://a.example:{port}/");
    let grants = json!({"grants": [
        {"plugin": "http", "pipelines": "tests", "http": [{"hosts": [format!("a.example:{port}")], "private": true}]},
        {"plugin": "http", "pipelines": "others", "http": [{"hosts": [format!("a.example:{port}")]}]},
    ]});
    let grants = forebay_plugins_runtime::Grants::parse(&grants.to_string()).unwrap();
    let world = World::with_settings(&["http"], settings(grants)).await;
    assert_eq!(call(&world, json!({}), json!({"url": url})).await["status"], 200);
    // The connection is kept open now, and must be of no use to whoever may not have opened it.
    let pipeline = forebay_plugins_api::PipelineName::new("others");
    let setup = forebay_plugins_api::Setup { pipeline, ..forebay_tests_guests::setup("call", json!({})) };
    let mut processor = forebay_plugins_api::Components::open_processor(&world.plugins, setup).await.unwrap();
    let result = super::call_with(&mut *processor, json!({"url": url})).await;
    assert_eq!(error(&result).0, "Denied");
}
