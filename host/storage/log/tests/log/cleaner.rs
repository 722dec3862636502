use std::sync::Arc;
use std::time::Duration;

use forebay_model::Offset;
use forebay_storage_log::{Cleaner, CleanerSettings, OrphanSearch};
use forebay_storage_metadata::MetadataStore;
use forebay_storage_objects::{Fault, Faults, Faulty, ObjectName, ObjectPrefix, Objects, Operation, Payload};

use crate::ground::{batch, bucket, cluster, log, read_all, reader, settings, writer};
use crate::ledger::Ledger;

async fn names(objects: &dyn Objects) -> Vec<ObjectName> {
    let listed = objects.list(&ObjectPrefix::all(), None, 1000).await.unwrap();
    listed.into_iter().map(|listed| listed.name).collect()
}

/// Three segments, each with a batch of two records; the store's clock is hours later.
async fn ground() -> (Arc<Faults>, Arc<dyn Objects>, Arc<Ledger>) {
    let faults = Arc::new(Faults::new(0));
    let objects: Arc<dyn Objects> = Arc::new(Faulty::new(bucket("cleaner"), Arc::clone(&faults)));
    let ledger = Arc::new(Ledger::with_partitions([log(0)]));
    let writer = writer(&objects, Arc::clone(&ledger) as _, settings());
    for values in [["a", "b"], ["c", "d"], ["e", "f"]] {
        writer.append(&cluster(), vec![batch(log(0), &values, None)]).await.unwrap();
    }
    let since_1970 = forebay_lifecycle::clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap();
    ledger.advance(since_1970 + Duration::from_hours(5));
    (faults, objects, ledger)
}

fn cleaner(objects: &Arc<dyn Objects>, ledger: &Arc<Ledger>, settings: CleanerSettings) -> Cleaner {
    Cleaner::new(Arc::clone(ledger) as Arc<dyn MetadataStore>, Arc::clone(objects), settings)
}

#[tokio::test(start_paused = true)]
async fn a_segment_goes_when_its_last_record_has_gone() {
    let (faults, objects, ledger) = ground().await;
    let cleaner = cleaner(&objects, &ledger, CleanerSettings::default());
    let before = names(&*objects).await;
    assert_eq!(cleaner.clean(&cluster()).await.unwrap().objects, 0);
    ledger.drop_runs(log(0), Offset::new(4).unwrap());
    // One that can't be deleted now is deleted later.
    faults.next(Operation::Delete, [Fault::Fail]);
    let cleaned = cleaner.clean(&cluster()).await.unwrap();
    assert_eq!((cleaned.objects, cleaned.failed, cleaned.is_more), (1, 1, false));
    let cleaned = cleaner.clean(&cluster()).await.unwrap();
    assert_eq!((cleaned.objects, cleaned.failed), (1, 0));
    let kept = ledger.runs(log(0))[0].segment.to_string();
    assert_eq!(names(&*objects).await.iter().map(ToString::to_string).collect::<Vec<_>>(), [kept]);
    assert_eq!(before.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn orphans_are_found_page_by_page_and_committed_segments_stay() {
    let (_, objects, ledger) = ground().await;
    for n in 0..10 {
        let name: ObjectName = format!("vci_test/segments/{n}").parse().unwrap();
        objects.put(&name, Payload::from_static(b"never committed")).await.unwrap();
    }
    let others: ObjectName = "vci_other/segments/1".parse().unwrap();
    objects.put(&others, Payload::from_static(b"of another cluster")).await.unwrap();
    let cleaner = cleaner(&objects, &ledger, CleanerSettings { batch: 4, ..CleanerSettings::default() });
    let mut search = OrphanSearch::default();
    let mut deleted = 0;
    loop {
        let cleaned = cleaner.find_orphans(&cluster(), &mut search).await.unwrap();
        deleted += cleaned.objects;
        if !cleaned.is_more {
            break;
        }
    }
    assert_eq!(deleted, 10);
    assert_eq!(search, OrphanSearch::default());
    assert_eq!(names(&*objects).await.len(), 4);
    let reader = reader(&objects, Arc::clone(&ledger) as _);
    assert_eq!(read_all(&reader, log(0), 1000).await.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_is_young_may_still_be_committed() {
    let (_, objects, ledger) = ground().await;
    let name: ObjectName = "vci_test/segments/young".parse().unwrap();
    objects.put(&name, Payload::from_static(b"x")).await.unwrap();
    let patient = CleanerSettings { orphan_grace: Duration::from_hours(6), ..CleanerSettings::default() };
    let cleaned =
        cleaner(&objects, &ledger, patient).find_orphans(&cluster(), &mut OrphanSearch::default()).await;
    assert_eq!(cleaned.unwrap().objects, 0);
}
