//! A hundred builds of a plugin take over from each other while a pipeline of its components works.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Threads};
use forebay_pipeline_config::{PipelineConfig, read};
use forebay_pipeline_engine::{Ended, Identity, run};
use forebay_plugins_api::{Components, PipelineName, Rights};
use forebay_plugins_runtime::Reload;
use forebay_tests_guests::{Folder, PIPELINE, Reloading, guest, other_build, soon};

const SWAPS: usize = 100;
/// Messages for each swap: half of them before it, so that it comes under load, and half after, because a
/// component without work has no reason to go over.
const MESSAGES: usize = 200;
const FILE: &str = "versions.wasm";

fn config(components: &dyn Components, folder: &Folder) -> PipelineConfig {
    let text = format!(
        "input: {{numbers: {{folder: {}}}}}\npipeline: {{threads: 2, processors: [{{stamp: {{}}}}]}}\n\
         output: {{keep: {{path: {}}}}}\n",
        folder.path().display(),
        folder.file("out")
    );
    read("p.yaml", &text, &BTreeMap::<String, String>::new(), &components.catalog()).unwrap()
}

/// Adds messages.
fn feed(folder: &Folder, from: usize) {
    for number in from..from + MESSAGES / 2 {
        std::fs::write(folder.file(&format!("m-{number:06}")), "").unwrap();
    }
}

/// Waits until the input and the output have gone over this often, and some processor too.
async fn swapped(reloading: &Reloading, count: usize) {
    let is_there = || {
        ["input", "processor", "output"].iter().all(|kind| reloading.swaps(kind, "swapped") >= count as u64)
    };
    while !is_there() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nothing_is_lost_and_nothing_comes_twice_over_a_hundred_swaps() {
    let folder = Folder::new();
    let builds = [1, 2].map(|number| other_build(&guest("versions").bytes, number));
    let writable = folder.path().to_string_lossy().into_owned();
    let reloading = Reloading::of(&[(FILE, &builds[0])], &["versions"], &writable).await;
    let components: Arc<dyn Components> = Arc::new(reloading.world.plugins.clone());
    let config = config(components.as_ref(), &folder);
    let threads = Threads::start("test", 2).unwrap();
    let identity = Identity {
        virtual_cluster: None,
        name: PipelineName::new(PIPELINE),
        file: "p.yaml".into(),
        rights: Rights::Granted,
        environment: forebay_plugins_api::Environment::default(),
    };
    let pipeline = run(&identity, &config, &components, &threads, Shutdown::new());
    let swaps = async {
        for count in 1..=SWAPS {
            let first = (count - 1) * MESSAGES;
            feed(&folder, first);
            let build = &builds[count % 2];
            assert_eq!(reloading.put(FILE, build).await, [Reload::Loaded]);
            feed(&folder, first + MESSAGES / 2);
            soon(swapped(&reloading, count)).await;
        }
        std::fs::write(folder.file("end"), "").unwrap();
    };
    let (ended, ()) = tokio::join!(pipeline, swaps);
    assert_eq!(ended.unwrap(), Ended::Finished);
    tokio::task::spawn_blocking(move || drop(threads)).await.unwrap();

    let written = std::fs::read_to_string(folder.file("out")).unwrap();
    let mut numbers: Vec<&str> = written.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(numbers.len(), SWAPS * MESSAGES, "something came twice, or never");
    numbers.sort_unstable();
    let expected: Vec<String> = (0..SWAPS * MESSAGES).map(|number| format!("m-{number:06}")).collect();
    assert_eq!(numbers, expected);
    // Every component worked in both builds.
    for place in 1..=3 {
        for build in ["0000000001", "0000000002"] {
            assert!(written.lines().any(|line| line.split(' ').nth(place) == Some(build)), "{place} {build}");
        }
    }
    for kind in ["input", "output"] {
        assert_eq!(
            (reloading.swaps(kind, "swapped"), reloading.swaps(kind, "kept")),
            (SWAPS as u64, 0),
            "{kind}"
        );
    }
}
