//! Plugins that trap, pass limits, break the contract or reach for what is not theirs: each is ended
//! with its name and the reason, and the next batch is processed by a fresh instance.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is test code too")]

use std::time::Duration;

use forebay_plugins_api::{ComponentError, Components, Event, LostReason, OpenError, Processor, Rights};
use forebay_plugins_runtime::Limits;
use forebay_tests_guests::{World, batch, process, setup, soon, texts};
use serde_json::json;

/// Small, so that what goes on without end is ended soon.
fn limits() -> Limits {
    Limits {
        memory: 32 << 20,
        batches: 8 << 20,
        handles: 1000,
        cpu: Duration::from_millis(500),
        wall: Duration::from_secs(5),
        output: 4 << 20,
        host_calls: 500,
        log_lines: 100,
        streams: 10,
        // What computed long before it was lost has to wait; nobody does here.
        pause: Duration::ZERO,
        ..Limits::default()
    }
}

async fn world() -> World {
    World::limited(&["hostile"], limits()).await
}

async fn misbehaving(world: &World, mode: &str) -> Box<dyn Processor> {
    world.processor("misbehave", json!({"mode": mode})).await
}

async fn calls(processor: &mut dyn Processor) -> Vec<String> {
    texts(&soon(process(processor, batch(&["good"]))).await.unwrap())
}

/// Demands that `mode` loses the instance for this reason, and that a fresh one goes on.
async fn demand_loss(mode: &str, reason: LostReason, detail: &str) {
    let world = world().await;
    let mut processor = misbehaving(&world, mode).await;
    assert_eq!(calls(&mut *processor).await, ["1"]);
    assert_eq!(calls(&mut *processor).await, ["2"]);
    let lost = match soon(process(&mut *processor, batch(&["bad", "two"]))).await {
        Err(ComponentError::Lost(lost)) => lost,
        other => panic!("{mode} ended in {other:?}"),
    };
    assert_eq!(lost.reason, reason, "{mode}: {lost}");
    let text = lost.to_string();
    let start = format!("plugin `hostile`, component `misbehave`: {reason}: ");
    assert!(text.starts_with(&start) && text.contains(detail), "{mode}: {text}");
    assert_eq!(calls(&mut *processor).await, ["1"], "{mode}: not a fresh instance");
    let labels = [("plugin", "hostile"), ("reason", reason.label())];
    assert_eq!(world.metric("plugin_traps_total", &labels), Some(1.0), "{mode}");
}

/// Demands that `mode` gets an error, which costs nothing.
async fn demand_error(mode: &str, error: &str) {
    let world = world().await;
    let mut processor = misbehaving(&world, mode).await;
    assert_eq!(calls(&mut *processor).await, ["1"]);
    match soon(process(&mut *processor, batch(&["bad"]))).await {
        Err(ComponentError::Failed(reason)) => assert_eq!(reason, error, "{mode}"),
        other => panic!("{mode} ended in {other:?}"),
    }
    assert_eq!(calls(&mut *processor).await, ["2"], "{mode}: another instance");
}

#[tokio::test]
async fn a_panic_traps_with_its_text() {
    demand_loss("panic", LostReason::Trap, "panicked on purpose").await;
}

#[tokio::test]
async fn a_failed_assertion_traps_with_all_lines_of_its_text() {
    demand_loss("assertion", LostReason::Trap, "asserted on purpose").await;
}

#[tokio::test]
async fn unreachable_code_traps() {
    demand_loss("unreachable", LostReason::Trap, "unreachable").await;
}

#[tokio::test]
async fn deep_recursion_traps() {
    demand_loss("deep_recursion", LostReason::Trap, "").await;
}

#[tokio::test]
async fn refused_memory_does_not_explain_a_later_panic() {
    demand_loss("refused_memory", LostReason::Trap, "panicked on purpose").await;
}

#[tokio::test]
async fn an_endless_loop_passes_the_limit_of_cpu_time() {
    demand_loss("endless_loop", LostReason::Cpu, "more than 500ms in one call").await;
}

#[tokio::test]
async fn endless_printing_passes_the_limit_of_cpu_time() {
    demand_loss("endless_print", LostReason::Cpu, "more than 500ms in one call").await;
}

#[tokio::test]
async fn endless_sleep_passes_the_limit_of_time() {
    demand_loss("endless_sleep", LostReason::WallClock, "more than 5s in one call").await;
}

#[tokio::test]
async fn endless_growth_passes_the_limit_of_memory() {
    demand_loss("endless_memory", LostReason::Memory, "the limit is 33554432").await;
}

#[tokio::test]
async fn thousands_of_batches_pass_the_limit_of_handles() {
    demand_loss("many_batches", LostReason::Memory, "more than 1000 handles are held at once").await;
}

#[tokio::test]
async fn a_huge_result_passes_the_limit_of_output() {
    demand_loss("huge_output", LostReason::Output, "the limit is 4194304").await;
}

#[tokio::test]
async fn thousands_of_calls_of_the_host_pass_their_limit() {
    demand_loss("many_host_calls", LostReason::HostCalls, "more than 500 calls of the host in a second")
        .await;
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut_and_counted() {
    demand_error("log_flood", "logged 10000 lines").await;
    let world = world().await;
    let mut processor = misbehaving(&world, "log_flood").await;
    let _ = process(&mut *processor, batch(&["bad"])).await;
    let struck = world.metric("plugin_limit_struck_total", &[("plugin", "hostile"), ("limit", "log_lines")]);
    // The second that has passed meanwhile may have brought a hundred more.
    assert!(struck.unwrap() >= 9_000.0, "{struck:?}");
    assert_eq!(world.metric("plugin_log_lines_total", &[("plugin", "hostile")]), Some(10_000.0));
}

#[tokio::test]
async fn a_huge_error_is_cut() {
    let world = world().await;
    let mut processor = misbehaving(&world, "huge_error").await;
    match process(&mut *processor, batch(&["bad"])).await {
        Err(ComponentError::Failed(reason)) => assert!(reason.len() <= 4096, "{} bytes", reason.len()),
        other => panic!("ended in {other:?}"),
    }
}

#[tokio::test]
async fn a_plugin_that_nothing_is_said_about_is_refused_with_the_grants_it_needs() {
    let world = World::with_grants(&["hostile"], "grants: []").await;
    match world.plugins.open_processor(setup("misbehave", json!({"mode": "file"}))).await {
        Err(OpenError::Problem(problem)) => {
            for part in ["plugin `hostile`", "pipeline `tests`", "files: [", "variables: ["] {
                assert!(problem.message.contains(part), "{part}: {}", problem.message);
            }
        }
        other => panic!("it opened: {:?}", other.err()),
    }
}

#[tokio::test]
async fn limits_may_be_set_for_a_plugin_and_for_a_component() {
    let world = World::with_grants(
        &["hostile"],
        "grants: [{plugin: hostile, files: [], variables: [], limits: {memory: 16MiB}}]",
    )
    .await;
    let mut setup = setup("misbehave", json!({"mode": "endless_memory"}));
    for (of_component, limit) in [(None, 16 << 20), (Some(8 << 20), 8 << 20)] {
        setup.limits.memory = of_component;
        let mut processor = world.plugins.open_processor(setup.clone()).await.unwrap();
        match process(&mut *processor, batch(&["bad"])).await {
            Err(ComponentError::Lost(lost)) => {
                assert!(lost.detail.contains(&format!("the limit is {limit}")), "{lost}");
            }
            other => panic!("ended in {other:?}"),
        }
    }
    setup.limits.memory = Some(64 << 20);
    setup.rights = Rights::Granted;
    let mut processor = world.plugins.open_processor(setup).await.unwrap();
    let lost = process(&mut *processor, batch(&["bad"])).await.unwrap_err();
    assert!(
        lost.to_string().contains(&format!("the limit is {}", 16 << 20)),
        "raised past the grant: {lost}"
    );
}

#[tokio::test]
async fn huge_batches_pass_the_limit_of_bytes() {
    demand_loss("huge_batches", LostReason::Memory, "the limit is 8388608").await;
}

#[tokio::test]
async fn malformed_columns_break_the_contract() {
    for (mode, detail) in [
        ("ends_fall", "malformed columns: payload: end 1 of entry 1 is before 2"),
        ("ends_past_the_bytes", "malformed columns: payload: the last end is 1000"),
        ("column_past_the_block", "malformed columns: header: column 1 lies at"),
        ("key_is_no_text", "malformed columns: metadata: text is not UTF-8"),
        ("text_is_no_text", "malformed columns: metadata: text is not UTF-8"),
        ("error_is_no_text", "malformed columns: errors: text is not UTF-8"),
        ("no_payload", "malformed columns: "),
    ] {
        demand_loss(mode, LostReason::Contract, detail).await;
    }
}

#[tokio::test]
async fn wrong_origins_break_the_contract() {
    for mode in ["origin_out_of_range", "too_many_origins", "same_but_shorter", "derive_out_of_range"] {
        demand_loss(mode, LostReason::Contract, "").await;
    }
}

#[tokio::test]
async fn wrong_indexes_break_the_contract() {
    demand_loss("index_out_of_range", LostReason::Contract, "message 99 is not one of 2").await;
    demand_loss("select_out_of_range", LostReason::Contract, "an index to select is out of range").await;
}

#[tokio::test]
async fn a_malformed_metric_name_breaks_the_contract() {
    demand_loss("metric_name", LostReason::Contract, "No name!").await;
}

#[tokio::test]
async fn labels_without_end_pass_the_limit_of_calls() {
    demand_loss("endless_labels", LostReason::HostCalls, "more than 500 calls of the host").await;
}

#[tokio::test]
async fn one_message_taken_many_times_passes_the_limit_of_bytes() {
    for mode in ["derive_many", "derive_large"] {
        demand_loss(mode, LostReason::Memory, "the limit is 8388608").await;
    }
}

#[tokio::test]
async fn forged_handles_trap() {
    for mode in ["drop_twice", "forged_handle", "same_batch_twice"] {
        demand_loss(mode, LostReason::Trap, "unknown handle index").await;
    }
}

#[tokio::test]
async fn what_is_not_granted_is_denied_by_name() {
    for (mode, error) in [
        ("file", "no grant for files {path: /etc/hostname, access: read}"),
        ("folder", "no grant for files {path: /etc/host*, access: read}"),
        ("missing_file", "no grant for files {path: /etc/there-is-no-such-file, access: read}"),
        ("write_file", "no grant for files {path: /tmp/forebay-hostile, access: write}"),
        ("variable", "no grant for variables [PATH]"),
        ("own_key", "variable AWS_SECRET_ACCESS_KEY holds a key of the process itself and never resolves"),
        ("standard_input", "the standard streams are for default plugins only"),
        ("standard_output", "the standard streams are for default plugins only"),
    ] {
        demand_error(mode, error).await;
    }
}

#[tokio::test]
async fn thousands_of_open_files_pass_their_limit_and_are_closed_with_the_call() {
    let grants =
        json!([{"plugin": "hostile", "files": [{"path": "/etc", "access": "read"}], "variables": []}]);
    let world = World::granting(&["hostile"], limits(), grants).await;
    let mut processor = misbehaving(&world, "many_files").await;
    // A second time, because what the first call opened must be closed.
    for _ in 0..2 {
        let error = soon(process(&mut *processor, batch(&["bad"]))).await.unwrap_err().to_string();
        assert_eq!(error, "after 10 files: more than 10 files, streams and connections are open");
    }
}

#[tokio::test]
async fn wasi_offers_nothing_of_the_process() {
    let world = world().await;
    let mut processor = misbehaving(&world, "wasi").await;
    let offered = texts(&soon(process(&mut *processor, batch(&["bad"]))).await.unwrap());
    assert_eq!(offered, ["files 0, variables 0, arguments 0, read 0, connections 0"]);
}

#[tokio::test]
async fn neighbours_go_on_beside_an_endless_loop() {
    let world = World::limited(&["hostile", "echo"], limits()).await;
    let mut hostile = misbehaving(&world, "endless_loop").await;
    let mut neighbour = world.processor("echo", json!({})).await;
    // One thread: the neighbour has its turn only when the loop is interrupted.
    let endless = process(&mut *hostile, batch(&["bad"]));
    let others = async {
        for _ in 0..5 {
            process(&mut *neighbour, batch(&["a"])).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        lost = endless => panic!("{lost:?} came before five short calls"),
        () = others => {}
    }
    // Its call was dropped, which costs the instance.
    assert_eq!(calls(&mut *hostile).await, ["1"]);
}

#[tokio::test]
async fn a_component_that_misbehaves_when_it_opens_is_not_opened() {
    let world = world().await;
    for (mode, reason) in
        [("endless_loop", LostReason::Cpu), ("panic", LostReason::Trap), ("ends_fall", LostReason::Contract)]
    {
        let setup = setup("misbehave", json!({"mode": mode, "at_open": true}));
        match soon(world.plugins.open_processor(setup)).await {
            Err(OpenError::Lost(lost)) => assert_eq!(lost.reason, reason, "{lost}"),
            Err(other) => panic!("{mode}: {other}"),
            Ok(_) => panic!("{mode}: it was opened"),
        }
    }
    let setup = setup("misbehave", json!({"mode": "variable", "at_open": true}));
    match world.plugins.open_processor(setup).await {
        Err(OpenError::Problem(problem)) => assert_eq!(problem.message, "no grant for variables [PATH]"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[tokio::test]
async fn a_token_is_not_handed_out_twice() {
    let world = world().await;
    let mut input = world.input("repeating", json!({})).await;
    input.connect().await.unwrap();
    assert!(matches!(input.read(vec![]).await.unwrap(), Event::Batch(_, _)));
    let error = input.read(vec![]).await.unwrap_err().to_string();
    let start = "plugin `hostile`, component `repeating`: broke the plugin contract: ";
    assert!(error.starts_with(start) && error.contains("token 7"), "{error}");
}
