//! Every store and every decorator shows the same behaviours.

use std::sync::Arc;
use std::time::Duration;

use forebay_metrics::Metrics;
use forebay_storage_objects::{
    Fault, Faults, Faulty, HedgePolicy, Hedged, Limited, Limits, Measured, Objects, RetryPolicy, Retrying,
    conformance, open,
};

#[cfg(test)]
fn memory(name: &str) -> Arc<dyn Objects> {
    open(&format!("mem://conformance-{name}"), []).unwrap()
}

#[tokio::test]
async fn memory_conforms() {
    conformance::all(&*memory("plain")).await;
    conformance::all(&*open("mem://conformance-prefixed/some/prefix", []).unwrap()).await;
}

#[tokio::test]
async fn a_folder_conforms() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("a-folder-conforms");
    // Left by an earlier run.
    let _ = std::fs::remove_dir_all(&folder);
    let url = format!("file://{}/not/there/yet", folder.display());
    conformance::all(&*open(&url, []).unwrap()).await;
}

#[tokio::test]
async fn decorators_conform() {
    let limits = Limits { puts: 2, others: 2, get_bytes: 1 << 20 };
    conformance::all(&Limited::new(memory("limited"), limits)).await;
    conformance::all(&Hedged::new(memory("hedged"), HedgePolicy::default())).await;
    conformance::all(&Retrying::new(memory("retrying"), RetryPolicy::produce())).await;
    conformance::all(&Measured::new(memory("measured"), &Metrics::default()).unwrap()).await;
    conformance::all(&Faulty::new(memory("faulty"), Arc::new(Faults::new(0)))).await;
}

#[tokio::test(start_paused = true)]
async fn retries_hide_what_passes() {
    for seed in 0..20 {
        let faults = Arc::new(Faults::new(seed));
        faults.randomly(100, Fault::Fail);
        faults.randomly(100, Fault::DoneButFailed);
        faults.randomly(50, Fault::Torn);
        faults.randomly(50, Fault::Hang);
        faults.randomly(100, Fault::Delay(Duration::from_millis(30)));
        let store = Faulty::new(memory(&format!("weather-{seed}")), faults);
        let policy =
            RetryPolicy { tries: 40, timeout: Duration::from_secs(3600), ..RetryPolicy::background() };
        let hedge = HedgePolicy { after: Duration::from_millis(10), percent: 100 };
        let objects = Hedged::new(Arc::new(Retrying::new(Arc::new(store), policy)), hedge);
        conformance::all(&objects).await;
    }
}
