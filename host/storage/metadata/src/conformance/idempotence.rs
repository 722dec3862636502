use super::Site;
use super::scene::{Scene, batch, count, log, of, offset, request};
use crate::{BatchRefusal, ProduceOutcome};
use forebay_model::{ProducerEpoch, Sequence};

fn refusals(outcome: &ProduceOutcome) -> Vec<Option<BatchRefusal>> {
    match outcome {
        ProduceOutcome::Committed(_) => Vec::new(),
        ProduceOutcome::Refused(refusals) => refusals.clone(),
    }
}

fn out_of_order(expected: i32, got: i32) -> BatchRefusal {
    let sequence = |number| Sequence::new(number).expect("a sequence");
    BatchRefusal::OutOfOrder { expected: sequence(expected), got: sequence(got) }
}

/// Not even in the same partition, before it or behind it.
pub async fn a_refused_request_fails_no_neighbour(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 2).await;
    let (a, b) = (log(topic, 0), log(topic, 1));
    scene.append(of(batch(b, 1), 1, 0, 0)).await;
    let commit = scene.segment(vec![
        request(vec![batch(a, 2)]),
        request(vec![batch(a, 5), of(batch(b, 1), 1, 0, 7), batch(log(topic, 9), 1)]),
        request(vec![batch(a, 1)]),
    ]);
    let outcome = scene.commit(&commit).await.expect("new").requests;
    assert_eq!(refusals(&outcome[1]), [None, Some(out_of_order(1, 7)), Some(BatchRefusal::NoPartition)]);
    let ProduceOutcome::Committed(last) = &outcome[2] else { super::scene::unexpected(&outcome) };
    assert_eq!(last[0].base_offset, offset(2));
    let found = scene.find(a, 0, 10_000).await.expect("in range");
    let positions: Vec<_> = found.runs.iter().map(|run| run.position.get()).collect();
    assert_eq!(positions, [0, 400]);
    assert_eq!(scene.bounds(b).await.expect("it exists").high_watermark, offset(1));
}

/// And its bytes are never found.
pub async fn a_duplicate_gets_its_first_offset(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    scene.append(batch(a, 4)).await;
    let first = scene.append(of(batch(a, 2), 1, 0, 0)).await;
    let outcome = scene
        .produce(vec![of(batch(a, 3), 1, 0, 2), of(batch(a, 2), 1, 0, 0), of(batch(a, 3), 1, 0, 2)])
        .await;
    let batches: Vec<_> = outcome
        .iter()
        .map(|outcome| match outcome {
            ProduceOutcome::Committed(batches) => (batches[0].base_offset.get(), batches[0].is_duplicate),
            ProduceOutcome::Refused(_) => super::scene::unexpected(outcome),
        })
        .collect();
    assert_eq!((first.base_offset.get(), first.is_duplicate), (4, false));
    assert_eq!(batches, [(6, false), (4, true), (6, true)]);
    assert_eq!(scene.bounds(a).await.expect("it exists").high_watermark, offset(9));
    assert_eq!(scene.find(a, 6, 1_000).await.expect("in range").runs.len(), 1);
}

/// Like Kafka: one that is older is out of order.
pub async fn only_five_batches_are_remembered(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    for sequence in 0..6 {
        scene.append(of(batch(a, 1), 1, 0, sequence)).await;
    }
    assert!(scene.append(of(batch(a, 1), 1, 0, 1)).await.is_duplicate);
    let old = scene.produce(vec![of(batch(a, 1), 1, 0, 0)]).await;
    assert_eq!(refusals(&old[0]), [Some(out_of_order(6, 0))]);
    // Other sequences than those of one batch are no duplicate of it.
    let longer = scene.produce(vec![of(batch(a, 2), 1, 0, 5)]).await;
    assert_eq!(refusals(&longer[0]), [Some(out_of_order(6, 5))]);
}

/// In a newer epoch they begin at 0.
pub async fn sequences_must_follow(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 2).await;
    let a = log(topic, 0);
    scene.append(of(batch(a, 3), 1, 0, 0)).await;
    let gap = scene.produce(vec![of(batch(a, 1), 1, 0, 4), of(batch(a, 1), 1, 1, 3)]).await;
    assert_eq!(refusals(&gap[0]), [Some(out_of_order(3, 4))]);
    assert_eq!(refusals(&gap[1]), [Some(out_of_order(0, 3))]);
    scene.append(of(batch(a, 1), 1, 0, 3)).await;
    scene.append(of(batch(a, 1), 1, 1, 0)).await;
    // Another partition, another producer: each by itself.
    scene.append(of(batch(log(topic, 1), 1), 1, 0, 0)).await;
    scene.append(of(batch(a, 1), 2, 0, 0)).await;
}

/// What they still send is refused, unless it follows nothing newer.
pub async fn older_epochs_are_fenced(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    scene.append(of(batch(a, 1), 1, 0, 0)).await;
    scene.append(of(batch(a, 1), 1, 3, 0)).await;
    let fenced = BatchRefusal::Fenced { current: ProducerEpoch::new(3).expect("an epoch") };
    let old = scene.produce(vec![of(batch(a, 1), 1, 0, 1), of(batch(a, 1), 1, 0, 0)]).await;
    assert_eq!(refusals(&old[0]), [Some(fenced)]);
    assert_eq!(refusals(&old[1]), [Some(fenced)]);
}

/// As when its past has expired.
pub async fn what_is_unknown_of_a_producer_is_taken(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    scene.append(of(batch(a, 2), 77, 4, 1_000)).await;
    scene.append(of(batch(a, 1), 77, 4, 1_002)).await;
}

/// Or else the first could never be sent again.
pub async fn what_follows_a_refused_first_batch_is_refused(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 1).await;
    let a = log(topic, 0);
    let commit = scene.segment(vec![
        request(vec![of(batch(a, 1), 1, 0, 0), batch(log(topic, 5), 1)]),
        request(vec![of(batch(a, 1), 1, 0, 1)]),
        request(vec![of(batch(a, 1), 2, 0, 9)]),
        request(vec![of(batch(a, 1), 1, 0, 0)]),
        request(vec![of(batch(a, 1), 1, 0, 1)]),
    ]);
    let outcome = scene.commit(&commit).await.expect("new").requests;
    assert_eq!(refusals(&outcome[0]), [None, Some(BatchRefusal::NoPartition)]);
    assert_eq!(refusals(&outcome[1]), [Some(out_of_order(0, 1))]);
    for committed in &outcome[2..] {
        assert!(matches!(committed, ProduceOutcome::Committed(_)), "{committed:?}");
    }
    scene.store.add_partitions(&scene.cluster, topic, count(2)).await.expect("more");
}

/// After the largest comes 0, also in the middle of a batch.
pub async fn sequences_start_over(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    scene.append(of(batch(a, 2), 1, 0, i32::MAX - 1)).await;
    scene.append(of(batch(a, 2), 1, 0, 0)).await;
    scene.append(of(batch(a, 4), 2, 0, i32::MAX - 1)).await;
    let duplicate = scene.append(of(batch(a, 4), 2, 0, i32::MAX - 1)).await;
    assert!(duplicate.is_duplicate);
    scene.append(of(batch(a, 1), 2, 0, 2)).await;
}
