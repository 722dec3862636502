//! A guest that uses objects, in memory that it shares with its test.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use std::sync::Arc;

use forebay_plugins_api::Event;
use forebay_plugins_runtime::{Grants, Limits, Settings};
use forebay_storage_objects::{ErrorKind, Objects, Payload, open};
use forebay_tests_guests::{World, batch, process, soon, texts};
use serde_json::{Value, json};

/// The guest with these grants of objects.
async fn world(objects: Value) -> World {
    let grants = json!({
        "grants": [{"plugin": "objects", "objects": objects}],
        "stores": {"lake": {"url": "mem://guests-lake"}},
    });
    // JSON is YAML.
    let grants = Grants::parse(&grants.to_string()).unwrap();
    World::with_settings(&["objects"], Settings { grants, limits: Limits::default(), ..Settings::default() })
        .await
}

/// The guest with a bucket of its own, and the bucket.
async fn with_bucket(name: &str) -> (World, String, Arc<dyn Objects>) {
    let url = format!("mem://guests-{name}");
    let world = world(json!([{"bucket": url, "access": "write", "credentials": "host"}])).await;
    let objects = open(&url, []).unwrap();
    (world, url, objects)
}

async fn ask(world: &World, config: Value, spec: Value) -> Value {
    let mut processor = world.processor("ask", config).await;
    let answer = soon(process(&mut *processor, batch(&[&spec.to_string()]))).await.unwrap();
    serde_json::from_str(&texts(&answer)[0]).unwrap()
}

/// Writes a batch, and waits for what becomes of it.
async fn put(world: &World, config: Value, messages: &[&str]) -> Result<(), String> {
    let mut output = world.output("put", config).await;
    output.connect().await.unwrap();
    let mut written = soon(output.write(batch(messages))).await.map_err(|error| format!("{error:?}"))?;
    let mut pending = written.pending.pop().unwrap();
    soon(pending.operation.finish()).await
}

async fn content(objects: &dyn Objects, name: &str) -> Vec<u8> {
    objects.get(&name.parse().unwrap(), 0..1 << 30).await.unwrap().to_vec()
}

#[tokio::test]
async fn objects_are_put_in_every_way() {
    let (world, url, objects) = with_bucket("put").await;
    let large = "0123456789".repeat(100_000);
    let config = |how: &str, name: &str| json!({"url": url, "how": how, "name": name, "times": 20});
    put(&world, config("whole", "a/whole"), &["one", "two"]).await.unwrap();
    put(&world, config("batch", "a/batch"), &["one", "two\n"]).await.unwrap();
    put(&world, config("upload", "a/upload"), &[&large]).await.unwrap();
    put(&world, config("stream", "a/stream"), &["a/upload"]).await.unwrap();
    assert_eq!(content(&*objects, "a/whole").await, b"one");
    assert_eq!(content(&*objects, "a/batch").await, b"one\ntwo\n");
    let expected = format!("{large}\n").repeat(20) + "the end";
    assert!(content(&*objects, "a/upload").await == expected.as_bytes());
    assert!(content(&*objects, "a/stream").await == expected.as_bytes());
    for (name, how) in [("a/batch", "batch"), ("a/stream", "stream"), ("a/upload", "upload")] {
        let attributes = objects.describe(&name.parse().unwrap()).await.unwrap().attributes;
        assert_eq!(attributes.content_type.as_deref(), Some("text/x-test"));
        assert_eq!(attributes.metadata, [("by".to_owned(), how.to_owned())]);
    }
    put(&world, config("delete", "a/whole"), &[""]).await.unwrap();
    assert_eq!(objects.head(&"a/whole".parse().unwrap()).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(put(&world, config("stream", "a/b"), &["a/missing"]).await.unwrap_err().contains("a/missing"));
}

#[tokio::test]
async fn objects_are_listed_and_read() {
    let (world, url, objects) = with_bucket("read").await;
    for name in ["day=1/a", "day=1/b", "day=2/c", "other"] {
        objects.put(&name.parse().unwrap(), Payload::from_static(b"four")).await.unwrap();
    }
    let config = json!({"url": url});
    let listed = ask(&world, config.clone(), json!({"do": "list", "prefix": "day="})).await;
    assert_eq!(listed, json!([["day=1/a", 4], ["day=1/b", 4]]));
    let listed =
        ask(&world, config.clone(), json!({"do": "list", "prefix": "day=", "after": "day=1/b"})).await;
    assert_eq!(listed, json!([["day=2/c", 4]]));
    assert_eq!(ask(&world, config.clone(), json!({"do": "get", "name": "other"})).await, json!(4));
    assert_eq!(ask(&world, config.clone(), json!({"do": "head", "name": "other"})).await["size"], 4);
    assert_eq!(ask(&world, config.clone(), json!({"do": "head", "name": "none"})).await["error"], "NotFound");
    assert_eq!(ask(&world, config.clone(), json!({"do": "head", "name": "a//b"})).await["error"], "Invalid");
    objects.put(&"long".parse().unwrap(), Payload::from_static(b"longer")).await.unwrap();
    let two = json!({"do": "open two", "first": "other", "second": "long"});
    assert_eq!(ask(&world, config.clone(), two).await, json!([4, 6]));
    let missing = json!({"do": "open two", "first": "none", "second": "long"});
    assert_eq!(ask(&world, config, missing).await["error"], "NotFound");
}

#[tokio::test]
async fn an_object_is_handed_on_as_a_stream() {
    let (world, url, objects) = with_bucket("walk").await;
    let large: Vec<u8> = (0..10 << 20).map(|at: u32| u8::try_from(at % 251).unwrap()).collect();
    objects.put(&"in/1".parse().unwrap(), large.clone().into()).await.unwrap();
    objects.put(&"in/2".parse().unwrap(), Payload::default()).await.unwrap();
    let mut input = world.input("walk", json!({"url": url, "prefix": "in/"})).await;
    input.connect().await.unwrap();
    for expected in [large, Vec::new()] {
        let Event::Stream(_, mut stream) = soon(input.read(vec![])).await.unwrap() else {
            panic!("it gives no stream");
        };
        let mut all = Vec::new();
        loop {
            match soon(stream.source.read(1 << 20)).await.unwrap() {
                chunk if chunk.is_empty() => break,
                chunk => all.extend_from_slice(&chunk),
            }
        }
        assert!(all == expected, "{} bytes", all.len());
    }
    assert!(matches!(soon(input.read(vec![])).await.unwrap(), Event::Ended));
}

#[tokio::test]
async fn what_is_abandoned_leaves_nothing_behind() {
    let (world, url, objects) = with_bucket("abandon").await;
    assert_eq!(ask(&world, json!({"url": url}), json!({"do": "abandon", "name": "x"})).await, "abandoned");
    assert_eq!(objects.head(&"x".parse().unwrap()).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn only_what_is_granted_is_reached() {
    let grants = json!([
        {"bucket": "mem://guests-granted/in", "access": "read", "credentials": "host"},
        {"store": "lake", "prefix": "out", "access": "write"},
        {"bucket": "s3://lake", "access": "read"},
    ]);
    let world = world(grants).await;
    let get = json!({"do": "get", "name": "in/a"});
    let url = |url: &str| json!({"url": url});
    let error = async |config: Value, spec: &Value| {
        let answer = ask(&world, config, spec.clone()).await;
        (answer["error"].to_string(), answer["message"].as_str().unwrap_or_default().to_owned())
    };
    let denied = "\"Denied\"".to_owned();
    assert_eq!(error(url("mem://guests-granted"), &get).await.0, "\"NotFound\"");
    let (kind, message) = error(url("mem://guests-granted"), &json!({"do": "get", "name": "out/a"})).await;
    let expected = "no grant for objects {bucket: \"mem://guests-granted/out/a\", access: read}";
    assert_eq!((kind, message.as_str()), (denied.clone(), expected));
    assert_eq!(error(url("mem://guests-granted"), &json!({"do": "abandon", "name": "in/a"})).await.0, denied);
    assert_eq!(error(url("mem://guests-granted"), &json!({"do": "list", "prefix": ""})).await.0, denied);
    assert_eq!(error(url("mem://other"), &json!({})).await.0, denied);
    assert_eq!(error(url("file:///etc"), &json!({})).await.0, denied);
    assert_eq!(error(url("other"), &json!({})).await.0, denied);
    let granted = || url("mem://guests-granted");
    assert_eq!(error(granted(), &json!({"do": "abort stale", "name": "in/a"})).await.0, denied);
    let (kind, message) = error(granted(), &json!({"do": "queue", "name": "https://queue"})).await;
    assert!(kind == denied && message.contains("queues can't be granted"), "{message}");
    assert_eq!(ask(&world, url("lake"), json!({"do": "list", "prefix": "out/"})).await, json!([]));
    // Without a grant for them, there are no credentials but those of the plugin.
    assert_eq!(error(url("s3://lake"), &json!({})).await.0, denied);
    let keyed = |setting: &str, value: &str| json!({"url": "s3://lake", "setting": setting, "value": value, "secret_setting": "access_key_id", "secret_value": "k"});
    assert_eq!(error(keyed("profile", "x"), &json!({})).await.0, denied);
    assert_eq!(error(keyed("region", "eu-west-1"), &json!({})).await.0, denied);
    assert_eq!(error(keyed("endpoint", "http://127.0.0.1:1"), &json!({})).await.0, denied);
    assert_eq!(ask(&world, keyed("secret_access_key", "s"), json!({})).await, "opened");
}
