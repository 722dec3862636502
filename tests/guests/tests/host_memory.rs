//! What a guest makes the host keep stays near the limits of its instance, whatever it asks for.
//!
//! The peak of a process is that of all its tests: they run one after the other here.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use forebay_plugins_api::{ComponentError, LostReason};
use forebay_plugins_runtime::Limits;
use forebay_tests_guests::{World, batch, process, soon};
use serde_json::json;

/// Both limits of the instances here together, several times over.
const MOST_KIB: u64 = 256 << 10;

/// The most memory that this process has had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Makes the current memory of this process its peak.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

#[tokio::test]
async fn the_host_keeps_little_more_than_the_limits_allow() {
    let limits = Limits { memory: 32 << 20, batches: 32 << 20, ..Limits::default() };
    let world = World::limited(&["hostile"], limits).await;
    let mut broken = vec![];
    for mode in
        ["endless_memory", "huge_batches", "doubled_batches", "shared_in_records", "shared_in_columns"]
    {
        forget_peak();
        let before = peak_kib();
        let mut processor = world.processor("misbehave", json!({"mode": mode})).await;
        match soon(process(&mut *processor, batch(&["bad"]))).await {
            Err(ComponentError::Lost(lost)) if lost.reason == LostReason::Memory => {}
            other => broken.push(format!("{mode} ended in {other:?}")),
        }
        let used = peak_kib() - before;
        if used > MOST_KIB {
            broken.push(format!("{mode} cost the host {} MiB", used >> 10));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
