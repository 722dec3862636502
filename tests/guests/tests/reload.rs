//! Files of plugins that change while components of them work.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use forebay_plugins_api::{Components, Event, OpenError, Processing, Processor, Scanned, Setup, Stated};
use forebay_plugins_runtime::{Digest, Reload};
use forebay_tests_guests::{
    Describe, Folder, Reloading, Tiny, batch, guest, only, other_build, patched, process, same_again, setup,
    soon, texts,
};
use serde_json::json;

const FILE: &str = "versions.wasm";

fn versions(number: u32) -> Vec<u8> {
    other_build(&guest("versions").bytes, number)
}

async fn reloading() -> Reloading {
    Reloading::of(&[(FILE, &versions(1))], &[], "/nowhere").await
}

/// The processor `stamp` as a configuration has it that says only this.
fn stamp(written: serde_json::Value) -> Setup {
    let mut config = json!({"between": " "});
    for (key, value) in written.as_object().unwrap() {
        config[key] = value.clone();
    }
    Setup { stated: Stated { config: Some(written), ..Stated::default() }, ..setup("stamp", config) }
}

async fn open(reloading: &Reloading, setup: Setup) -> Box<dyn Processor> {
    reloading.world.plugins.open_processor(setup).await.unwrap()
}

async fn stamped(processor: &mut dyn Processor) -> String {
    texts(&process(processor, batch(&["a"])).await.unwrap()).remove(0)
}

fn digest(reloading: &Reloading) -> Digest {
    reloading.world.plugins.infos()[0].digest.clone()
}

#[tokio::test]
async fn a_file_is_loaded_once_it_is_at_rest() {
    let reloading = reloading().await;
    std::fs::write(reloading.path(FILE), &versions(2)[..1000]).unwrap();
    assert_eq!(reloading.look_once().await, []);
    std::fs::write(reloading.path(FILE), versions(2)).unwrap();
    assert_eq!(reloading.look_once().await, []);
    assert_eq!(reloading.look_once().await, [Reload::Loaded]);
    assert_eq!(reloading.look().await, []);
    assert_eq!(digest(&reloading), Digest::of(&versions(2)));
    let shown = |number| {
        let digest = Digest::of(&versions(number)).to_string();
        reloading.world.metric("plugin_build_info", &[("plugin", "versions"), ("digest", &digest)])
    };
    assert_eq!((shown(1), shown(2)), (Some(0.0), Some(1.0)));
    assert_eq!(reloading.reloads(Reload::Loaded), 1);
}

#[tokio::test]
async fn a_processor_goes_over_between_two_calls() {
    let reloading = reloading().await;
    let mut processor = open(&reloading, stamp(json!({"between": "+"}))).await;
    assert_eq!(stamped(&mut *processor).await, "a+0000000001");
    assert_eq!(reloading.put(FILE, &versions(2)).await, [Reload::Loaded]);
    assert_eq!(stamped(&mut *processor).await, "a+0000000002");
    assert_eq!(stamped(&mut *open(&reloading, stamp(json!({}))).await).await, "a 0000000002");
    assert_eq!(reloading.swaps("processor", "swapped"), 1);
}

#[tokio::test]
async fn a_broken_file_leaves_the_old_build_serving() {
    let reloading = reloading().await;
    let mut processor = open(&reloading, stamp(json!({}))).await;
    let trapping = Tiny::plugin("versions", &[]).that(Describe::Traps).bytes();
    let whole = versions(2);
    let broken = [b"".as_slice(), b"no plugin", &whole[..whole.len() / 2], &trapping];
    for (count, bytes) in (1..).zip(broken) {
        assert_eq!(reloading.put(FILE, bytes).await, [Reload::Broken]);
        // The same content is not looked at again.
        assert_eq!(reloading.put(FILE, bytes).await, []);
        assert_eq!(reloading.reloads(Reload::Broken), count);
        assert_eq!(stamped(&mut *processor).await, "a 0000000001");
        assert_eq!(digest(&reloading), Digest::of(&versions(1)));
    }
    assert_eq!(reloading.put(FILE, &versions(2)).await, [Reload::Loaded]);
    assert_eq!(stamped(&mut *processor).await, "a 0000000002");
}

#[tokio::test]
async fn a_new_file_does_not_take_a_name_that_the_lock_has() {
    let reloading = reloading().await;
    let shout = Tiny::plugin("shout", &["loud"]).bytes();
    let locked =
        json!({"name": "shout", "reference": "r.example/shout:1", "digest": Digest::of(&shout).to_string()});
    let locked = json!({ "plugins": [locked] }).to_string();
    std::fs::write(reloading.path("plugins.lock"), locked).unwrap();
    let stranger = Tiny::plugin("shout", &["stolen"]).bytes();
    assert_eq!(reloading.put("aa.wasm", &stranger).await, [Reload::Refused]);
    assert_eq!(reloading.put("shout.wasm", &shout).await, [Reload::Loaded]);
    let infos = reloading.world.plugins.infos();
    let origins: Vec<_> = infos.iter().map(|info| info.origin.as_str()).collect();
    let path = |name| reloading.path(name).display().to_string();
    assert_eq!(origins, [path("shout.wasm"), path(FILE)]);
}

#[tokio::test]
async fn a_file_that_is_as_it_was_is_not_loaded_again() {
    let reloading = reloading().await;
    assert_eq!(reloading.put(FILE, &versions(1)).await, []);
    assert_eq!(reloading.put("notes.txt", b"x").await, []);
}

#[tokio::test]
async fn a_build_that_lost_a_component_leaves_the_old_one_to_whoever_uses_it() {
    let reloading = reloading().await;
    let mut processor = open(&reloading, stamp(json!({}))).await;
    let without = patched(&versions(2), "stamp", "stomp");
    assert_eq!(reloading.put(FILE, &without).await, [Reload::Loaded]);
    assert_eq!(stamped(&mut *processor).await, "a 0000000001");
    let Err(OpenError::Unknown { name, .. }) = reloading.world.plugins.open_processor(stamp(json!({}))).await
    else {
        panic!("it was opened")
    };
    assert_eq!(name, "stamp");
    // It comes back with a later build.
    assert_eq!(reloading.put(FILE, &versions(3)).await, [Reload::Loaded]);
    assert_eq!(stamped(&mut *processor).await, "a 0000000003");
}

#[tokio::test]
async fn a_removed_file_leaves_its_build_to_whoever_uses_it() {
    let reloading = reloading().await;
    let mut processor = open(&reloading, stamp(json!({}))).await;
    std::fs::rename(reloading.path(FILE), reloading.path("aside")).unwrap();
    assert_eq!(reloading.look_once().await, []);
    std::fs::rename(reloading.path("aside"), reloading.path(FILE)).unwrap();
    assert_eq!(reloading.look().await, [], "it was not there for a moment only");
    assert_eq!(reloading.remove(FILE).await, [Reload::Removed]);
    assert_eq!(stamped(&mut *processor).await, "a 0000000001");
    assert!(reloading.world.plugins.infos().is_empty());
    assert!(reloading.world.plugins.open_processor(stamp(json!({}))).await.is_err());
    assert_eq!(reloading.put(FILE, &versions(2)).await, [Reload::Loaded]);
    assert_eq!(stamped(&mut *processor).await, "a 0000000002");
}

#[tokio::test]
async fn a_build_whose_open_refuses_the_configuration_does_not_take_over() {
    let reloading = reloading().await;
    let mut refused = open(&reloading, stamp(json!({"refused_by": "0000000002"}))).await;
    let mut trapped = open(&reloading, stamp(json!({"trapped_by": "0000000002"}))).await;
    assert_eq!(reloading.put(FILE, &versions(2)).await, [Reload::Loaded]);
    for processor in [&mut refused, &mut trapped] {
        assert_eq!(stamped(&mut **processor).await, "a 0000000001");
        assert_eq!(stamped(&mut **processor).await, "a 0000000001");
    }
    assert_eq!(reloading.swaps("processor", "kept"), 2);
    assert_eq!(reloading.put(FILE, &versions(3)).await, [Reload::Loaded]);
    assert_eq!(stamped(&mut *refused).await, "a 0000000003");
}

#[tokio::test]
async fn a_build_whose_description_does_not_fit_the_configuration_does_not_take_over() {
    let reloading = reloading().await;
    let mut with = open(&reloading, stamp(json!({"spare_one": "x"}))).await;
    let mut without = open(&reloading, stamp(json!({}))).await;
    let renamed = patched(&versions(2), "spare_one", "spare_two");
    assert_eq!(reloading.put(FILE, &renamed).await, [Reload::Loaded]);
    assert_eq!(stamped(&mut *with).await, "a 0000000001");
    assert_eq!(stamped(&mut *without).await, "a 0000000002");
}

#[tokio::test]
async fn a_file_that_takes_a_taken_name_is_refused_until_that_is_free() {
    let tiny = |name, cache| Tiny::plugin(name, &[cache]).bytes();
    let files = [("one.wasm", tiny("one", "store"))];
    let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    let reloading = Reloading::of(&files, &[], "/nowhere").await;
    assert_eq!(reloading.put("name.wasm", &tiny("one", "other")).await, [Reload::Refused]);
    assert_eq!(reloading.put("part.wasm", &tiny("two", "store")).await, [Reload::Refused]);
    assert_eq!(reloading.look().await, []);
    let names =
        || reloading.world.plugins.infos().iter().map(|info| info.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(), ["one"]);
    assert_eq!(reloading.remove("one.wasm").await, [Reload::Removed]);
    assert_eq!(reloading.look().await, [Reload::Loaded, Reload::Loaded]);
    assert_eq!(names(), ["one", "two"]);
}

#[tokio::test]
async fn a_pin_stays_on_its_build() {
    let reloading = reloading().await;
    let old = Digest::of(&versions(1));
    let pinned = |pin: String| {
        let stated = Stated { pin: Some(pin.parse().unwrap()), config: Some(json!({})), is_shadow: false };
        Setup { stated, ..stamp(json!({})) }
    };
    let mut processor = open(&reloading, pinned(old.to_string())).await;
    assert_eq!(reloading.put(FILE, &versions(2)).await, [Reload::Loaded]);
    assert_eq!(stamped(&mut *processor).await, "a 0000000001");
    // As long as it is in use, it can be asked for, by as few digits as a pin may have.
    assert_eq!(stamped(&mut *open(&reloading, pinned(old.short())).await).await, "a 0000000001");
    let catalog = reloading.world.plugins.catalog();
    let kind = forebay_pipeline_config::spec::Kind::Processor;
    assert!(catalog.pinned(kind, "stamp", &old.to_string().parse().unwrap()).is_ok());
    drop(processor);
    let catalog = reloading.world.plugins.catalog();
    let error = catalog.pinned(kind, "stamp", &old.to_string().parse().unwrap()).unwrap_err().to_string();
    assert!(error.ends_with(&format!("there is {}", Digest::of(&versions(2)))), "{error}");
    let Err(OpenError::Problem(problem)) =
        reloading.world.plugins.open_processor(pinned(old.to_string())).await
    else {
        panic!("it was opened")
    };
    assert_eq!(problem.message, error);
}

#[tokio::test]
async fn a_processor_goes_over_when_what_it_waits_for_is_resumed() {
    let folder = Folder::new();
    let bytes = guest("pending").bytes;
    let reloading =
        Reloading::of(&[("pending.wasm", &bytes)], &["pending"], &folder.path().to_string_lossy()).await;
    let mut processor = reloading.world.processor("noting", json!({"path": folder.file("noted")})).await;
    let Processing::Pending(mut operation) = processor.process(batch(&["a"])).await.unwrap() else {
        panic!("it does not wait")
    };
    assert_eq!(reloading.put("pending.wasm", &same_again(&bytes, 1)).await, [Reload::Loaded]);
    let Processing::Pending(mut second) = processor.process(batch(&["b"])).await.unwrap() else {
        panic!("it does not wait")
    };
    assert_eq!(reloading.swaps("processor", "swapped"), 0);
    soon(operation.finish()).await.unwrap();
    soon(second.finish()).await.unwrap();
    assert_eq!(texts(&only(processor.resume(operation).await.unwrap()).batch), ["a"]);
    assert_eq!(texts(&only(processor.resume(second).await.unwrap()).batch), ["b"]);
    assert_eq!(reloading.swaps("processor", "swapped"), 0);
    assert!(matches!(processor.process(batch(&["c"])).await.unwrap(), Processing::Pending(_)));
    assert_eq!(reloading.swaps("processor", "swapped"), 1);
}

async fn kinds() -> (Reloading, Vec<u8>) {
    let bytes = guest("kinds").bytes;
    let echo = guest("echo").bytes;
    let files = [("kinds.wasm", &bytes[..]), ("echo.wasm", &echo[..])];
    (Reloading::of(&files, &[], "/nowhere").await, bytes)
}

#[tokio::test]
async fn a_cache_goes_over_connected() {
    let (reloading, bytes) = kinds().await;
    let mut cache = reloading.world.plugins.open_cache(setup("kinds_cache", json!({}))).await.unwrap();
    cache.connect().await.unwrap();
    cache.set("k", b"v", None).await.unwrap();
    assert_eq!(cache.get("k").await.unwrap().as_deref(), Some(&b"v"[..]));
    reloading.put("kinds.wasm", &same_again(&bytes, 1)).await;
    // This cache keeps its values in its own memory.
    assert_eq!(cache.get("k").await.unwrap(), None);
    assert_eq!(reloading.swaps("cache", "swapped"), 1);
}

#[tokio::test]
async fn a_language_goes_over_when_it_understands_what_is_in_use() {
    let (reloading, bytes) = kinds().await;
    let config = json!({"language": "shouting", "source": "count as only this build can"});
    let mut processor = reloading.world.processor("mapped", config).await;
    assert_eq!(texts(&process(&mut *processor, batch(&["a"])).await.unwrap()), ["1"]);
    assert_eq!(texts(&process(&mut *processor, batch(&["a"])).await.unwrap()), ["2"]);
    let other = patched(&bytes, "only this build", "some other ones");
    assert_eq!(reloading.put("kinds.wasm", &other).await, [Reload::Loaded]);
    assert_eq!(texts(&process(&mut *processor, batch(&["a"])).await.unwrap()), ["3"]);
    assert_eq!(reloading.swaps("mapping", "kept"), 1);
    assert_eq!(reloading.put("kinds.wasm", &same_again(&bytes, 1)).await, [Reload::Loaded]);
    assert_eq!(texts(&process(&mut *processor, batch(&["a"])).await.unwrap()), ["1"]);
    assert_eq!(reloading.swaps("mapping", "swapped"), 1);
}

#[tokio::test]
async fn an_incremental_processor_goes_over_before_it_begins() {
    let (reloading, bytes) = kinds().await;
    let setup = setup("kinds_processor", json!({}));
    let mut processor = reloading.world.plugins.open_incremental(setup).await.unwrap();
    let (sink, mut received) = tokio::sync::mpsc::channel(4);
    processor.begin(sink).await.unwrap();
    processor.add(batch(&["a", "b"])).await.unwrap();
    assert_eq!(reloading.put("kinds.wasm", &same_again(&bytes, 1)).await, [Reload::Loaded]);
    processor.add(batch(&["c"])).await.unwrap();
    processor.finish().await.unwrap();
    assert_eq!(received.recv().await.unwrap(), b"3");
    assert_eq!(reloading.swaps("processor", "swapped"), 0);
    let (sink, _received) = tokio::sync::mpsc::channel(4);
    processor.begin(sink).await.unwrap();
    assert_eq!(reloading.swaps("processor", "swapped"), 1);
}

/// A stream of two reads.
struct Two(Vec<&'static str>);

#[async_trait::async_trait]
impl forebay_plugins_api::ByteStream for Two {
    async fn read(&mut self, _: usize) -> Result<bytes::Bytes, String> {
        Ok(self.0.pop().unwrap_or_default().into())
    }
}

#[tokio::test]
async fn a_scanner_goes_over_between_two_streams() {
    let (reloading, bytes) = kinds().await;
    let setup = setup("kinds_scanner", json!({"longest": 4}));
    let mut scanner = reloading.world.plugins.open_scanner(setup).await.unwrap();
    scanner.begin(Box::new(Two(vec!["two", "one"])), "s").await.unwrap();
    assert!(matches!(scanner.next().await.unwrap(), Scanned::Batch(_)));
    reloading.put("kinds.wasm", &same_again(&bytes, 1)).await;
    let Scanned::Batch(rest) = scanner.next().await.unwrap() else { panic!("the stream was cut off") };
    assert_eq!(texts(&rest), ["two"]);
    assert!(matches!(scanner.next().await.unwrap(), Scanned::Ended));
    assert_eq!(reloading.swaps("scanner", "swapped"), 0);
    scanner.begin(Box::new(Two(vec!["three"])), "s").await.unwrap();
    assert_eq!(reloading.swaps("scanner", "swapped"), 1);
}

#[tokio::test]
async fn an_input_that_waits_is_called_back() {
    let bytes = guest("waiter").bytes;
    let reloading = Reloading::of(&[("waiter.wasm", &bytes)], &[], "/nowhere").await;
    let mut input = reloading.world.input("waiter", json!({"batches": 2})).await;
    input.connect().await.unwrap();
    let Event::Batch(token, _) = input.read(vec![]).await.unwrap() else { panic!("it has nothing") };
    assert!(!input.prepare().await);
    // It waits until its batch is settled, and would for ever.
    let (event, reloads) = tokio::join!(soon(input.read(vec![])), async {
        reloading.put("waiter.wasm", &same_again(&bytes, 1)).await
    });
    assert!(matches!(event.unwrap(), Event::Idle));
    assert_eq!(reloads, [Reload::Loaded]);
    assert!(input.prepare().await);
    assert!(input.prepare().await);
    let outcome = forebay_pipeline_message::Outcome::Acknowledged;
    input.take_over(vec![forebay_plugins_api::Settlement::new(token, outcome)]).await;
    assert_eq!(reloading.world.metric("waiter_closed_total", &[]), Some(1.0));
    input.connect().await.unwrap();
    assert!(matches!(input.read(vec![]).await.unwrap(), Event::Batch(..)));
    assert!(!input.prepare().await);
}
