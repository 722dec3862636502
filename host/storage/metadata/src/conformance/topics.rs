use std::slice;

use super::Site;
use super::scene::{Scene, batch, cluster, count, log, new_topic, segment};
use crate::{
    AddPartitionsError, ConfigError, Configs, CreateTopicError, CreateVirtualClusterError, DeleteTopicError,
    FindRefusal, Kind, TopicSelection, Verdict,
};

/// Topics are found by name and by id, until they are deleted.
pub async fn topics_are_made_described_and_deleted(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let (store, cluster) = (&scene.store, &scene.cluster);
    let mut b = new_topic("b", 2);
    b.configs.set("retention.ms", "5");
    let b = store.create_topic(cluster, &b).await.expect("free");
    let a = store.create_topic(cluster, &new_topic("a", 1)).await.expect("free");
    assert_eq!((b.partitions, b.configs.get("retention.ms")), (count(2), Some("5")));
    let describe =
        async |selection| store.describe_topics(cluster, &selection).await.expect("the store is there");
    assert_eq!(describe(TopicSelection::All).await, [a.clone(), b.clone()]);
    let names = ["b", "c", "a"].map(|name| name.parse().expect("a name")).to_vec();
    assert_eq!(describe(TopicSelection::Names(names.clone())).await, [b.clone(), a.clone()]);
    assert_eq!(describe(TopicSelection::Ids(vec![b.id])).await, slice::from_ref(&b));
    let error = store.create_topic(cluster, &new_topic("a", 3)).await.expect_err("it exists");
    assert_eq!((error.kind(), error), (Kind::Conflict, CreateTopicError::Exists { name: a.name.clone() }));

    store.delete_topic(cluster, b.id).await.expect("it exists");
    assert_eq!(describe(TopicSelection::Names(names)).await, slice::from_ref(&a));
    assert_eq!(describe(TopicSelection::Ids(vec![b.id])).await, []);
    let again = store.delete_topic(cluster, b.id).await;
    assert_eq!(again, Err(DeleteTopicError::NoTopic { cluster: cluster.clone(), topic: b.id }));
}

/// A dot and an underscore are the same in the names of metrics.
pub async fn topics_that_kafka_takes_for_one_collide(site: &dyn Site) {
    let scene = Scene::new(site).await;
    scene.topic("a.b_c", 1).await;
    let error = scene.store.create_topic(&scene.cluster, &new_topic("a_b.c", 1)).await;
    assert!(matches!(error, Err(CreateTopicError::Collides { .. })), "{error:?}");
}

/// Neither offsets nor producers nor configurations.
pub async fn a_topic_made_again_shares_nothing(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let old = scene.topic("a", 1).await;
    scene.append(batch(log(old, 0), 5)).await;
    scene.store.delete_topic(&scene.cluster, old).await.expect("it exists");
    let new = scene.topic("a", 1).await;
    assert_ne!(old, new);
    assert_eq!(scene.append(batch(log(new, 0), 1)).await.base_offset.get(), 0);
    assert_eq!(scene.find(log(old, 0), 0, 1).await, Err(FindRefusal::NoPartition));
    assert_eq!(scene.bounds(log(old, 0)).await, None);
}

/// Those that are there stay as they are.
pub async fn partitions_are_only_added(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 2).await;
    scene.append(batch(log(topic, 1), 3)).await;
    let add = async |total| scene.store.add_partitions(&scene.cluster, topic, count(total)).await;
    assert_eq!(scene.bounds(log(topic, 2)).await, None);
    assert_eq!(add(2).await, Err(AddPartitionsError::NotMore { has: count(2) }));
    assert_eq!(add(4).await, Ok(()));
    assert_eq!(scene.append(batch(log(topic, 3), 1)).await.base_offset.get(), 0);
    assert_eq!(scene.append(batch(log(topic, 1), 1)).await.base_offset.get(), 3);
    scene.store.delete_topic(&scene.cluster, topic).await.expect("it exists");
    assert!(matches!(add(5).await, Err(AddPartitionsError::NoTopic { .. })));
}

/// Two who change them at once do not undo each other's changes.
pub async fn configs_are_replaced_if_they_are_what_was_seen(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let (store, cluster) = (&scene.store, &scene.cluster);
    let topic = scene.topic("a", 1).await;
    let (none, one): (Configs, Configs) = (Configs::default(), [("x", "1")].into_iter().collect());
    assert_eq!(store.replace_topic_configs(cluster, topic, &none, &one).await, Ok(()));
    assert_eq!(store.replace_topic_configs(cluster, topic, &none, &one).await, Err(ConfigError::Changed));
    assert_eq!(store.replace_topic_configs(cluster, topic, &one, &none).await, Ok(()));
    assert_eq!(store.replace_cluster_configs(cluster, &none, &one).await, Ok(()));
    assert_eq!(store.replace_cluster_configs(cluster, &none, &one).await, Err(ConfigError::Changed));
    assert_eq!(store.cluster_configs(cluster).await, Ok(one));
    let nowhere = super::scene::cluster("vci_none");
    assert_eq!(
        store.cluster_configs(&nowhere).await,
        Err(ConfigError::NoVirtualCluster { cluster: nowhere })
    );
}

/// The same names, ids and segments in two of them are different things.
pub async fn virtual_clusters_share_nothing(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let (store, other) = (&scene.store, cluster("vci_other"));
    store.create_virtual_cluster(&other).await.expect("free");
    let again = store.create_virtual_cluster(&other).await;
    assert_eq!(again, Err(CreateVirtualClusterError::Exists { cluster: other.clone() }));
    assert_eq!(
        store.virtual_clusters().await.expect("the store is there"),
        [other.clone(), scene.cluster.clone()]
    );

    let topic = scene.topic("a", 1).await;
    let commit = scene.segment(vec![super::scene::request(vec![batch(log(topic, 0), 3)])]);
    scene.commit(&commit).await.expect("new");
    assert!(store.create_topic(&other, &new_topic("a", 1)).await.is_ok());
    assert_eq!(store.bounds(&other, vec![log(topic, 0)]).await.expect("the store is there"), [None]);
    let verdicts = store.condemn(&other, vec![commit.segment.clone(), segment("x")]).await;
    assert_eq!(verdicts.expect("the store is there"), [Verdict::Condemned, Verdict::Condemned]);
    assert!(scene.find(log(topic, 0), 0, 1).await.is_ok());
    let missing = store.delete_topic(&other, topic).await;
    assert_eq!(missing, Err(DeleteTopicError::NoTopic { cluster: other, topic }));
}

/// No two of a virtual cluster have the same number.
pub async fn producers_are_numbered(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let producer = scene.store.init_producer(&scene.cluster).await.expect("the cluster exists");
        assert_eq!(producer.epoch.get(), 0);
        assert!(seen.insert(producer.id.get()));
    }
    let error = scene.store.init_producer(&cluster("vci_none")).await.expect_err("no cluster");
    assert_eq!(error.kind(), Kind::NotFound);
}
