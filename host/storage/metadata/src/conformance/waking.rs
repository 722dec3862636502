use std::time::Duration;

use super::Site;
use super::scene::{Scene, batch, log, offset};

/// Long enough for any machine: nothing waits that long.
const LONG: Duration = Duration::from_mins(2);

/// At once when it was committed before.
pub async fn a_commit_wakes_who_waits(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 2).await;
    let (a, b) = (log(topic, 0), log(topic, 1));
    let watch = async |a_known, b_known| {
        let known = vec![(a, offset(a_known)), (b, offset(b_known))];
        let changed = scene.store.watch_offsets(&scene.cluster, known, LONG).await.expect("there");
        changed
            .into_iter()
            .map(|(log, bounds)| (log, bounds.map(|bounds| bounds.high_watermark.get())))
            .collect::<Vec<_>>()
    };
    let (told, _) = tokio::join!(watch(0, 0), scene.append(batch(b, 3)));
    assert_eq!(told, [(b, Some(3))]);
    assert_eq!(watch(0, 0).await, [(b, Some(3))]);
    let (told, _) = tokio::join!(watch(0, 3), async {
        scene.append(batch(b, 1)).await;
        scene.append(batch(a, 1)).await;
    });
    assert!(told.contains(&(b, Some(4))), "{told:?}");
    // Also when the end is before what is known, as after a topic was made again.
    assert_eq!(watch(7, 4).await, [(a, Some(1))]);
}

/// With nothing to tell.
pub async fn waiting_ends_with_its_time(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    let known = vec![(a, offset(0))];
    let told = scene.store.watch_offsets(&scene.cluster, known, Duration::from_millis(5)).await;
    assert_eq!(told.expect("there"), []);
}

/// There is nothing to wait for any more.
pub async fn deleting_a_topic_wakes_who_waits(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 1).await;
    let known = vec![(log(topic, 0), offset(0))];
    let (told, deleted) = tokio::join!(
        scene.store.watch_offsets(&scene.cluster, known.clone(), LONG),
        scene.store.delete_topic(&scene.cluster, topic),
    );
    deleted.expect("it exists");
    assert_eq!(told.expect("there"), [(log(topic, 0), None)]);
    let told = scene.store.watch_offsets(&scene.cluster, known, LONG).await;
    assert_eq!(told.expect("there"), [(log(topic, 0), None)]);
}
