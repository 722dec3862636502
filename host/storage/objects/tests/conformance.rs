//! Every store and every decorator shows the same behaviours.

use std::sync::Arc;
use std::time::Duration;

use forebay_metrics::Metrics;
use forebay_storage_objects::{
    ErrorKind, Fault, Faults, Faulty, HedgePolicy, Hedged, Limited, Limits, Measured, Objects, Payload,
    PutOptions, RetryPolicy, Retrying, conformance, list_beginning, open,
};

#[cfg(test)]
fn memory(name: &str) -> Arc<dyn Objects> {
    open(&format!("mem://conformance-{name}"), []).unwrap()
}

#[tokio::test]
async fn memory_conforms() {
    conformance::all(&*memory("plain")).await;
    conformance::attributes_are_kept(&*memory("plain"), true).await;
    conformance::all(&*open("mem://conformance-prefixed/some/prefix", []).unwrap()).await;
}

#[tokio::test]
async fn a_folder_conforms() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("a-folder-conforms");
    // Left by an earlier run.
    let _ = std::fs::remove_dir_all(&folder);
    let url = format!("file://{}/not/there/yet", folder.display());
    let objects = open(&url, []).unwrap();
    conformance::all(&*objects).await;
    let options = PutOptions { tags: vec![("a".to_owned(), "b".to_owned())], ..PutOptions::default() };
    let tagged = objects.put_with(&"a".parse().unwrap(), Payload::default(), &options).await;
    assert_eq!(tagged.unwrap_err().kind(), ErrorKind::Invalid);
    let long = "a".repeat(300).parse().unwrap();
    assert_eq!(objects.put(&long, Payload::default()).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_list_may_begin_within_a_name() {
    let objects = memory("beginning");
    for name in ["a", "da", "day", "day=1/x", "day=1/y", "day=2/x", "days/z", "e"] {
        objects.put(&name.parse().unwrap(), Payload::from_static(b"x")).await.unwrap();
    }
    let names = async |text: &str, after: Option<&str>, most: usize| {
        let after = after.map(|after| after.parse().unwrap());
        let listed = list_beginning(&*objects, text, after.as_ref(), most).await.unwrap();
        listed.into_iter().map(|listed| listed.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names("day", None, 9).await, ["day", "day=1/x", "day=1/y", "day=2/x", "days/z"]);
    assert_eq!(names("day", None, 2).await, ["day", "day=1/x"]);
    assert_eq!(names("day", Some("day=1/x"), 2).await, ["day=1/y", "day=2/x"]);
    assert_eq!(names("day=", None, 9).await, ["day=1/x", "day=1/y", "day=2/x"]);
    assert_eq!(names("day=1/", None, 9).await, ["day=1/x", "day=1/y"]);
    assert_eq!(names("", Some("days/z"), 9).await, ["e"]);
    assert!(names("f", None, 9).await.is_empty());
    assert!(list_beginning(&*objects, "/a", None, 1).await.is_err());
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
