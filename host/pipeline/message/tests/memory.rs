//! What joining keeps does not grow with the parts of a batch, nor with the rows of a part.
//!
//! The peak of a process is that of all its tests: there is one here.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use forebay_columns::BlockWriter;
use forebay_pipeline_message::{Batch, Origins, ResponseStore};

const PARTS: u32 = 300_000;
/// The most bytes for each message that writing takes, with what is written.
const JOINED: u64 = 20;
/// The most bytes for each message, one in a part, that parts of changed columns take.
const PARTED: u64 = 48;

/// The most memory that this process has had since `forget_peak`.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Makes the current memory of this process its peak.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

#[test]
fn joins_keep_little_for_a_part_or_a_row() {
    let two = || Batch::from_payloads([Some(""), Some("")], true);
    let all = Batch::concatenate(&[two(), two()]).unwrap();
    let parts = |at: fn(u32) -> u32| all.select(&(0..PARTS).map(at).collect::<Vec<_>>()).unwrap();
    let alternating = parts(|index| index % 2 * 2);
    let answered = alternating.with_responses(&ResponseStore::default());
    let one_part = parts(|index| index % 2);
    let rows = || BlockWriter::without_payload(PARTS as usize).finish().into();
    let whole = || all.derive(rows(), &Origins::Whole, 1 << 30).unwrap();
    let works: [(&str, u64, &dyn Fn() -> Batch); 8] = [
        ("alternating parts", JOINED, &|| Batch::from_block(alternating.block(u32::MAX)).unwrap()),
        ("rows", JOINED, &|| Batch::from_block(one_part.block(u32::MAX)).unwrap()),
        ("all of the first row", JOINED, &whole),
        ("marked parts", PARTED, &|| alternating.with_independent(false)),
        ("answered parts", PARTED, &|| answered.without_responses()),
        ("flagged parts", JOINED, &|| alternating.with_errors([(0, "no")])),
        ("traced parts", JOINED, &|| alternating.with_traces([(0, "00")])),
        ("emptied parts", JOINED, &|| alternating.emptied()),
    ];
    let mut broken = vec![];
    for (name, most, work) in works {
        forget_peak();
        let before = peak_kib();
        let made = work();
        let used = peak_kib() - before;
        assert_eq!(made.len(), PARTS as usize, "{name}");
        if used > u64::from(PARTS) * most / 1024 {
            broken.push(format!("{name}: {used} KiB"));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
