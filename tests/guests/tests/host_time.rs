//! No single call of the host takes so long that the limits of the guest come too late: a guest is
//! interrupted in its own code only, and until then nothing else runs on that thread.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use std::sync::mpsc;
use std::time::Duration;

use forebay_plugins_runtime::Limits;
use forebay_tests_guests::{World, batch, process};
use serde_json::json;

/// A guard: what is measured takes far less than a second, or hours.
const GUARD: Duration = Duration::from_secs(60);

/// Demands that `mode` comes to an end, whichever.
#[track_caller]
fn demand_an_end(mode: &'static str) {
    let (done, end) = mpsc::channel();
    // Nobody can end a thread that is stuck in a call: it is left behind when the test fails.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let limits = Limits { cpu: Duration::from_millis(500), ..Limits::default() };
            let world = World::limited(&["hostile"], limits).await;
            let mut processor = world.processor("misbehave", json!({"mode": mode})).await;
            let _ = done.send(process(&mut *processor, batch(&["bad"])).await.map(|_| ()));
        });
    });
    let ended = end.recv_timeout(GUARD);
    assert!(matches!(ended, Ok(Err(_))), "{mode} holds the host up: {ended:?}");
}

#[test]
fn metadata_with_many_entries() {
    demand_an_end("many_entries");
}

#[test]
fn a_selection_from_many_parts() {
    demand_an_end("backwards");
}
