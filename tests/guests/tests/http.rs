//! Guests that speak HTTP, with servers and clients of the tests' own on loopback.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is test code too")]

#[path = "http/client.rs"]
mod client;
#[path = "http/grants.rs"]
mod grants;
#[path = "http/limits.rs"]
mod limits;
#[path = "http/listener.rs"]
mod listener;
#[path = "http/proxy.rs"]
mod proxy;
#[path = "http/secrets.rs"]
mod secrets;
#[path = "http/server.rs"]
mod server;
#[path = "http/tls.rs"]
mod tls;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use forebay_plugins_api::{Processing, Processor};
use forebay_plugins_runtime::{Grants, HttpSettings, Limits, Proxies, Resolve, Settings};
use forebay_tests_guests::{World, batch, only, soon, texts};
use serde_json::{Value, json};

/// Gives the same address for every name.
#[derive(Debug)]
struct Everywhere(IpAddr);

#[async_trait]
impl Resolve for Everywhere {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![self.0])
    }
}

/// The grants of the guest.
fn granted(http: &Value, listen: &Value) -> Grants {
    let grants = json!({"grants": [{"plugin": "http", "http": http, "listen": listen}]});
    // JSON is YAML.
    Grants::parse(&grants.to_string()).unwrap()
}

fn settings(grants: Grants) -> Settings {
    let resolver = Arc::new(Everywhere([127, 0, 0, 1].into()));
    let http = HttpSettings { resolver, proxies: Proxies::default(), endpoints: None };
    Settings { grants, limits: Limits::default(), http, ..Settings::default() }
}

/// The guest with these grants. Every name leads to this machine.
async fn world(http: Value) -> World {
    let listen = json!(["127.0.0.1:0"]);
    World::with_settings(&["http"], settings(granted(&http, &listen))).await
}

/// The guest with the grant for one address.
async fn world_of(address: &str) -> World {
    world(json!([{"hosts": [address]}])).await
}

/// What becomes of one request.
async fn call(world: &World, config: Value, request: Value) -> Value {
    let mut processor = world.processor("call", config).await;
    call_with(&mut *processor, request).await
}

async fn call_with(processor: &mut dyn Processor, request: Value) -> Value {
    let mut processing = soon(processor.process(batch(&[&request.to_string()]))).await.unwrap();
    if let Processing::Pending(mut operation) = processing {
        // It is in the response as well.
        let _ = soon(operation.finish()).await;
        processing = soon(processor.resume(operation)).await.unwrap();
    }
    serde_json::from_str(&texts(&only(processing).batch)[0]).unwrap()
}

/// The kind and the text of an error.
fn error(result: &Value) -> (&str, &str) {
    let shown = result["error"].as_str().unwrap_or_else(|| panic!("{result} is no error"));
    (shown.split('(').next().unwrap(), result["message"].as_str().unwrap())
}
