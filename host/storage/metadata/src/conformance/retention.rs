use std::time::Duration;

use forebay_model::{ByteCount, TopicIdPartition};

use super::Site;
use super::scene::{BATCH, Scene, at, batch, log, of, offset};
use crate::{
    Clock as _, DeleteBefore, PRODUCERS_KEPT, Purged, RecordsKept, RetentionLimits, TrimError, Trimmed,
};

async fn trim(scene: &Scene, log: TopicIdPartition, limits: RetentionLimits, limit: usize) -> Trimmed {
    scene.store.trim(&scene.cluster, log, limits, limit, None).await.expect("it exists")
}

/// As Kafka does it: by the latest record of each, from the oldest on.
pub async fn old_runs_are_trimmed(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    let now = scene.clock.now().millis();
    for age in [5_000, 3_000, 900, 3_000, 0] {
        scene.append(at(batch(a, 2), now - age)).await;
    }
    let limits = RetentionLimits { age: Some(Duration::from_secs(1)), size: None };
    let trimmed = trim(&scene, a, limits, 10).await;
    let expected =
        Trimmed { log_start: offset(4), runs: 2, bytes: ByteCount::new(2 * BATCH), is_more: false };
    assert_eq!(trimmed, expected);
    assert_eq!(scene.bounds(a).await.expect("it exists").log_start, offset(4));
    scene.clock.advance(Duration::from_millis(101));
    assert_eq!(trim(&scene, a, limits, 10).await.log_start, offset(8));
    scene.clock.advance(Duration::from_hours(1));
    assert_eq!(trim(&scene, a, limits, 10).await.log_start, offset(10));
    // The log goes on where it was.
    assert_eq!(scene.append(batch(a, 1)).await.base_offset, offset(10));
    assert_eq!(trim(&scene, a, RetentionLimits::default(), 10).await.runs, 0);
    let missing = scene
        .store
        .trim(
            &scene.cluster,
            TopicIdPartition { partition: a.partition, topic: forebay_model::TopicId::from_random(4) },
            limits,
            1,
            None,
        )
        .await;
    assert!(matches!(missing, Err(TrimError::NoPartition { .. })));
}

/// No fewer bytes are left than the limit.
pub async fn large_logs_are_trimmed(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    for _ in 0..5 {
        scene.append(batch(a, 1)).await;
    }
    let keep = |bytes| RetentionLimits { age: None, size: Some(ByteCount::new(bytes)) };
    assert_eq!(trim(&scene, a, keep(3 * BATCH + 1), 10).await.log_start, offset(1));
    assert_eq!(trim(&scene, a, keep(3 * BATCH), 10).await.log_start, offset(2));
    assert_eq!(trim(&scene, a, keep(3 * BATCH), 10).await.runs, 0);
    assert_eq!(trim(&scene, a, keep(0), 10).await.log_start, offset(5));
}

/// And goes on where it ended.
pub async fn trimming_is_bounded(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    for _ in 0..5 {
        scene.append(batch(a, 1)).await;
    }
    let all = RetentionLimits { age: None, size: Some(ByteCount::ZERO) };
    let mut told = Vec::new();
    for _ in 0..4 {
        let trimmed = trim(&scene, a, all, 2).await;
        told.push((trimmed.log_start.get(), trimmed.runs, trimmed.is_more));
    }
    assert_eq!(told, [(2, 2, true), (4, 2, true), (5, 1, false), (5, 0, false)]);
}

/// What is deleted stays so; what is not there can't be.
pub async fn records_are_deleted_up_to_an_offset(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 2).await;
    let a = log(topic, 0);
    for _ in 0..3 {
        scene.append(batch(a, 2)).await;
    }
    let delete = async |log, before| {
        scene.store.delete_records(&scene.cluster, vec![(log, before)]).await.expect("there")[0]
    };
    let to = |at| DeleteBefore::Offset(offset(at));
    assert_eq!(delete(a, to(3)).await, Ok(offset(3)));
    assert_eq!(delete(a, to(1)).await, Ok(offset(3)));
    assert_eq!(delete(a, to(7)).await, Err(RecordsKept::OutOfRange { high_watermark: offset(6) }));
    assert_eq!(delete(log(topic, 5), to(0)).await, Err(RecordsKept::NoPartition));
    assert_eq!(delete(a, DeleteBefore::End).await, Ok(offset(6)));
    assert_eq!(delete(log(topic, 1), DeleteBefore::End).await, Ok(offset(0)));
    assert_eq!(scene.append(batch(a, 1)).await.log_start, offset(6));
}

/// Their segments are free when all is gone.
pub async fn deleted_topics_are_purged_bit_by_bit(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 2).await;
    let kept = scene.topic("b", 1).await;
    for partition in [0, 0, 0, 1] {
        scene.append(of(batch(log(topic, partition), 1), scene.number().cast_signed(), 0, 0)).await;
    }
    scene.append(batch(log(kept, 0), 1)).await;
    scene.store.delete_topic(&scene.cluster, topic).await.expect("it exists");
    let mut runs = 0;
    let mut calls = 0;
    loop {
        let Purged { runs: more, is_more, .. } =
            scene.store.purge_deleted_topics(&scene.cluster, 2).await.expect("there");
        (runs, calls) = (runs + more, calls + 1);
        if !is_more {
            break;
        }
        assert!(calls < 20, "it comes to an end");
    }
    assert!(runs == 4 && calls > 1, "{runs} in {calls}");
    let idle = scene.store.purge_deleted_topics(&scene.cluster, 2).await.expect("there");
    assert_eq!(idle, Purged::default());
    let free = scene.store.unreferenced(&scene.cluster, Duration::ZERO, 99).await.expect("there");
    assert_eq!(free.len(), 4);
    assert_eq!(scene.find(log(kept, 0), 0, 1).await.expect("in range").runs.len(), 1);
}

/// What they send later is taken, whatever its sequence.
pub async fn idle_producers_are_forgotten(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    scene.append(of(batch(a, 1), 1, 5, 0)).await;
    scene.clock.advance(PRODUCERS_KEPT);
    scene.append(of(batch(a, 1), 2, 5, 0)).await;
    scene.clock.advance(Duration::from_hours(1));
    assert_eq!(scene.store.expire(&scene.cluster, 9).await.expect("there").producers, 1);
    assert_eq!(scene.append(of(batch(a, 1), 1, 0, 9)).await.base_offset, offset(2));
    let kept = scene.append(of(batch(a, 1), 2, 5, 0)).await;
    assert!(kept.is_duplicate);
}
