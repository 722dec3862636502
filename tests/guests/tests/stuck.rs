//! An endless loop, a trap, a sleep or growth in any export of any kind: the call ends in time, with the
//! plugin's name and the reason, and the next one is made in a fresh instance.
#![expect(clippy::panic, reason = "what tests share is test code too")]

use std::time::Duration;

use forebay_plugins_api::{
    ByteStream, ComponentError, Components, Form, LostInstance, LostReason, MappingText, OpenError, Setup,
    WriteError,
};
use forebay_plugins_runtime::Limits;
use forebay_tests_guests::{World, batch, setup, soon};
use serde_json::json;

const WAYS: [(&str, LostReason); 4] = [
    ("loop", LostReason::Cpu),
    ("trap", LostReason::Trap),
    ("sleep", LostReason::WallClock),
    ("allocate", LostReason::Memory),
];

async fn world() -> World {
    let limits = Limits {
        memory: 16 << 20,
        cpu: Duration::from_millis(100),
        wall: Duration::from_millis(500),
        pause: Duration::ZERO,
        ..Limits::default()
    };
    World::limited(&["stuck"], limits).await
}

fn stuck(component: &str, at: &str, how: &str) -> Setup {
    setup(component, json!({"at": at, "how": how}))
}

#[track_caller]
fn demand_lost(lost: &LostInstance, reason: LostReason) {
    assert_eq!((lost.plugin.as_str(), lost.reason), ("stuck", reason), "{lost}");
}

#[track_caller]
fn demand<T>(result: Result<T, ComponentError>, reason: LostReason) {
    match result {
        Err(ComponentError::Lost(lost)) => demand_lost(&lost, reason),
        Err(other) => panic!("it ended in {other}"),
        Ok(_) => panic!("it ended well"),
    }
}

#[track_caller]
fn demand_not_opened<T>(result: Result<T, OpenError>, reason: LostReason) {
    match result {
        Err(OpenError::Lost(lost)) => demand_lost(&lost, reason),
        Err(other) => panic!("it ended in {other}"),
        Ok(_) => panic!("it opened"),
    }
}

/// A stream that has ended.
struct Empty;

#[async_trait::async_trait]
impl ByteStream for Empty {
    async fn read(&mut self, _: usize) -> Result<bytes::Bytes, String> {
        Ok(bytes::Bytes::new())
    }
}

#[tokio::test]
async fn any_open_ends() {
    let plugins = world().await.plugins;
    for (how, reason) in WAYS {
        let of = |component| stuck(component, "open", how);
        demand_not_opened(soon(plugins.open_input(of("stuck_input"))).await, reason);
        demand_not_opened(soon(plugins.open_processor(of("stuck_processor"))).await, reason);
        demand_not_opened(soon(plugins.open_incremental(of("stuck_processor"))).await, reason);
        demand_not_opened(soon(plugins.open_output(of("stuck_output"))).await, reason);
        demand_not_opened(soon(plugins.open_scanner(of("stuck_scanner"))).await, reason);
        demand_not_opened(soon(plugins.open_cache(of("stuck_cache"))).await, reason);
    }
}

#[tokio::test]
async fn every_call_of_an_input_ends() {
    let plugins = world().await.plugins;
    for (how, reason) in WAYS {
        let mut input = plugins.open_input(stuck("stuck_input", "connect", how)).await.unwrap();
        demand(soon(input.connect()).await, reason);
        let mut input = plugins.open_input(stuck("stuck_input", "read", how)).await.unwrap();
        input.connect().await.unwrap();
        demand(soon(input.read(vec![])).await, reason);
        let mut input = plugins.open_input(stuck("stuck_input", "close", how)).await.unwrap();
        soon(input.close(vec![])).await;
    }
}

#[tokio::test]
async fn every_call_of_a_processor_ends() {
    let plugins = world().await.plugins;
    for (how, reason) in WAYS {
        let mut processor = plugins.open_processor(stuck("stuck_processor", "process", how)).await.unwrap();
        demand(soon(processor.process(batch(&["a"]))).await, reason);
        demand(soon(processor.process(batch(&["a"]))).await, reason);
        let mut processor = plugins.open_processor(stuck("stuck_processor", "close", how)).await.unwrap();
        soon(processor.close()).await;
    }
}

#[tokio::test]
async fn every_call_of_an_incremental_processor_ends() {
    let plugins = world().await.plugins;
    for (how, reason) in WAYS {
        for at in ["begin", "add", "finish", "abort"] {
            let mut processor = plugins.open_incremental(stuck("stuck_processor", at, how)).await.unwrap();
            let (sink, _taken) = tokio::sync::mpsc::channel(1);
            let begun = soon(processor.begin(sink)).await;
            if at == "begin" {
                demand(begun, reason);
                continue;
            }
            begun.unwrap();
            match at {
                "add" => demand(soon(processor.add(batch(&["a"]))).await, reason),
                "finish" => demand(soon(processor.finish()).await, reason),
                _ => soon(processor.abort()).await,
            }
        }
    }
}

#[tokio::test]
async fn every_call_of_an_output_ends() {
    let plugins = world().await.plugins;
    for (how, reason) in WAYS {
        let mut output = plugins.open_output(stuck("stuck_output", "connect", how)).await.unwrap();
        demand(soon(output.connect()).await, reason);
        let mut output = plugins.open_output(stuck("stuck_output", "write", how)).await.unwrap();
        output.connect().await.unwrap();
        match soon(output.write(batch(&["a"]))).await {
            Err(WriteError::Component(error)) => demand::<()>(Err(error), reason),
            other => panic!("it ended in {other:?}"),
        }
        let mut output = plugins.open_output(stuck("stuck_output", "close", how)).await.unwrap();
        soon(output.close()).await;
    }
}

#[tokio::test]
async fn every_call_of_a_scanner_ends() {
    let plugins = world().await.plugins;
    for (how, reason) in WAYS {
        let mut scanner = plugins.open_scanner(stuck("stuck_scanner", "begin", how)).await.unwrap();
        demand(soon(scanner.begin(Box::new(Empty), "empty")).await, reason);
        let mut scanner = plugins.open_scanner(stuck("stuck_scanner", "next", how)).await.unwrap();
        scanner.begin(Box::new(Empty), "empty").await.unwrap();
        demand(soon(scanner.next()).await, reason);
    }
}

#[tokio::test]
async fn every_call_of_a_cache_ends() {
    let plugins = world().await.plugins;
    for (how, reason) in WAYS {
        for at in ["get", "set", "add", "delete"] {
            let mut cache = plugins.open_cache(stuck("stuck_cache", at, how)).await.unwrap();
            match at {
                "get" => demand(soon(cache.get("k")).await, reason),
                "set" => demand(soon(cache.set("k", b"v", None)).await, reason),
                "add" => demand(soon(cache.add("k", b"v", None)).await, reason),
                _ => demand(soon(cache.delete("k")).await, reason),
            }
        }
    }
}

#[tokio::test]
async fn a_text_that_never_compiles_ends() {
    let plugins = world().await.plugins;
    let text = MappingText::new("stuck_language", "compile", Form::Mapping);
    let checked = soon(plugins.check_mapping(text)).await;
    let said = checked.unwrap_err().to_string();
    assert!(said.contains("more than 100ms in one call"), "{said}");
}
