use std::time::Duration;

use super::Site;
use super::scene::{Scene, batch, log, request, segment};
use crate::{CommitError, DeleteBefore, Kind, SegmentCommit, UPLOAD_HORIZON, Verdict};

/// Whatever else happens.
pub async fn a_condemned_name_is_never_committed(site: &dyn Site) {
    let mut scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    let commit = scene.segment(vec![request(vec![batch(a, 1)])]);
    let names = vec![commit.segment.clone()];
    let condemned = scene.store.condemn(&scene.cluster, names.clone()).await.expect("there");
    assert_eq!(condemned, [Verdict::Condemned]);
    let refused = Err(CommitError::Condemned { segment: commit.segment.clone() });
    assert_eq!(scene.commit(&commit).await, refused);
    assert_eq!(scene.store.condemned(&scene.cluster, 9).await.expect("there"), names);
    scene.store.report_deleted(&scene.cluster, names.clone()).await.expect("there");
    assert_eq!(scene.commit(&commit).await, refused);
    assert_eq!(scene.store.condemned(&scene.cluster, 9).await.expect("there"), []);
    if site.is_durable() {
        scene.reopen(site).await;
        assert_eq!(scene.commit(&commit).await, refused);
    }
    let again = scene.store.condemn(&scene.cluster, names).await.expect("there");
    assert_eq!(again, [Verdict::Condemned]);
}

/// Nor reported as deleted.
pub async fn what_is_referenced_is_never_condemned(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    let commit = scene.segment(vec![request(vec![batch(a, 1)])]);
    scene.commit(&commit).await.expect("new");
    let names = vec![commit.segment.clone(), segment("orphan")];
    let verdicts = scene.store.condemn(&scene.cluster, names.clone()).await.expect("there");
    assert_eq!(verdicts, [Verdict::Referenced, Verdict::Condemned]);
    scene.store.report_deleted(&scene.cluster, names).await.expect("there");
    assert_eq!(scene.find(a, 0, 1).await.expect("in range").runs[0].segment, commit.segment);
    assert!(scene.commit(&commit).await.is_ok());
}

/// When the last of their records is gone, or none ever was taken.
pub async fn segments_without_records_are_found_after_the_grace(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 2).await;
    let grace = Duration::from_mins(1);
    let both = scene.segment(vec![request(vec![batch(log(topic, 0), 1), batch(log(topic, 1), 1)])]);
    let refused = scene.segment(vec![request(vec![batch(log(topic, 7), 1)])]);
    for commit in [&both, &refused] {
        scene.commit(commit).await.expect("new");
    }
    let found = async || scene.store.unreferenced(&scene.cluster, grace, 9).await.expect("there");
    let delete = async |partition| {
        let before = vec![(log(topic, partition), DeleteBefore::End)];
        scene.store.delete_records(&scene.cluster, before).await.expect("there")[0].expect("it exists");
    };
    delete(0).await;
    assert_eq!(found().await, []);
    scene.clock.advance(grace);
    assert_eq!(found().await, std::slice::from_ref(&refused.segment));
    delete(1).await;
    scene.clock.advance(grace);
    assert_eq!(found().await, [refused.segment, both.segment]);
    let verdicts = scene.store.condemn(&scene.cluster, found().await).await.expect("there");
    assert_eq!(verdicts, [Verdict::Condemned, Verdict::Condemned]);
    assert_eq!(found().await, []);
}

/// Then they are forgotten, with the ids of their commits.
pub async fn condemned_names_are_kept_until_no_commit_can_come(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    let used = scene.segment(vec![request(vec![batch(a, 1)])]);
    scene.commit(&used).await.expect("new");
    let before = vec![(a, DeleteBefore::End)];
    scene.store.delete_records(&scene.cluster, before).await.expect("there")[0].expect("it exists");
    let orphan = scene.segment(vec![request(vec![batch(a, 1)])]);
    let names = vec![used.segment.clone(), orphan.segment.clone()];
    scene.store.condemn(&scene.cluster, names.clone()).await.expect("there");
    // Condemned, but not deleted: it may take any time.
    scene.clock.advance(UPLOAD_HORIZON * 3);
    assert_eq!(scene.store.expire(&scene.cluster, 9).await.expect("there").segments, 0);
    scene.store.report_deleted(&scene.cluster, names).await.expect("there");
    scene.clock.advance(UPLOAD_HORIZON);
    assert_eq!(scene.store.expire(&scene.cluster, 9).await.expect("there").segments, 0);
    scene.clock.advance(Duration::from_millis(1));
    assert_eq!(scene.store.expire(&scene.cluster, 1).await.expect("there").segments, 1);
    assert_eq!(scene.store.expire(&scene.cluster, 9).await.expect("there").segments, 1);
    for late in [used, orphan] {
        let error = scene.commit(&late).await.expect_err("too late");
        assert_eq!((error.kind(), matches!(error, CommitError::TooLate { .. })), (Kind::Conflict, true));
    }
    // A name that is used again in spite of all is a new one.
    let new = scene.segment(vec![request(vec![batch(a, 1)])]);
    assert!(scene.commit(&SegmentCommit { segment: segment("segments/1"), ..new }).await.is_ok());
}
