//! Topics that change under a group.

use std::time::Duration;

use forebay_kafka_client::{CommitOffset, ConsumerEvent, ConsumerSettings, Subscription};
use forebay_model::{Offset, TopicName};

use crate::ground::{Ground, PATIENCE, Watched, partition, produce, record, until};
use crate::groups::{PROTOCOLS, settings};

async fn delete(ground: &Ground, topic: &TopicName) {
    let mut connection = ground.connection().await;
    connection.delete_topic(topic).await.unwrap();
    until("it is gone", async || {
        !connection.cluster().await.unwrap().topics.iter().any(|known| known.name == topic.as_str())
    })
    .await;
}

pub(crate) async fn partitions_that_are_added_are_shared_out(ground: &Ground) {
    for protocol in PROTOCOLS {
        let (client, topic) = (ground.client(), ground.topic(1).await);
        produce(&client, vec![record(&topic, 0, "old")]).await;
        let mut member = Watched::new(&client, settings(&topic, &ground.name("group"), protocol));
        member.until_records(1).await;
        ground.connection().await.add_partitions(&topic, 3).await.unwrap();
        until("there are more", async || {
            let known = ground.client().topic(&topic).await;
            known.is_ok_and(|known| known.partitions.len() == 3)
        })
        .await;
        produce(&ground.client(), vec![record(&topic, 1, "one"), record(&topic, 2, "two")]).await;
        // What is read again after a rebalance is what was not committed.
        let has = |member: &Watched, value: &str| member.values().iter().any(|known| known == value);
        while !has(&member, "one") || !has(&member, "two") {
            member.step().await;
        }
        member.consumer.close(Duration::from_secs(10)).await;
    }
}

/// What was committed for the topic that there was says nothing about the one that there is.
pub(crate) async fn a_group_reads_a_topic_that_is_made_anew_from_its_start(ground: &Ground) {
    for protocol in PROTOCOLS {
        let (client, topic) = (ground.client(), ground.topic(1).await);
        produce(&client, vec![record(&topic, 0, "old"), record(&topic, 0, "older")]).await;
        let mut member = Watched::new(&client, settings(&topic, &ground.name("group"), protocol));
        member.until_records(2).await;
        let offset = CommitOffset::new(partition(&topic, 0), Offset::new(2).unwrap());
        member.consumer.commit(&[offset]).await.unwrap();
        delete(ground, &topic).await;
        ground.make(&topic, 1).await;
        produce(&ground.client(), vec![record(&topic, 0, "new")]).await;
        while !member.values().iter().any(|value| value == "new") {
            member.step().await;
        }
        member.consumer.close(Duration::from_secs(10)).await;
    }
}

/// A topic that is gone is waited for, and whoever reads it is told which one, where and that it may be back.
pub(crate) async fn a_topic_that_is_gone_is_waited_for(ground: &Ground) {
    let (client, topic) = (ground.client(), ground.topic(1).await);
    produce(&client, vec![record(&topic, 0, "old")]).await;
    let from = vec![(partition(&topic, 0), forebay_kafka_client::Start::Earliest)];
    let mut watched = Watched::new(&client, ConsumerSettings::new(Subscription::Partitions(from)));
    watched.until_records(1).await;
    delete(ground, &topic).await;
    let told = async {
        loop {
            if let Some(ConsumerEvent::Failed(error)) = watched.consumer.next().await
                && error.partition.is_some()
            {
                return error;
            }
        }
    };
    let error = tokio::time::timeout(PATIENCE, told).await.unwrap();
    assert!(error.is_retriable(), "{error}: {}", error.reason);
    assert!(error.to_string().starts_with(&format!("consume {topic}-0 at offset 1")), "{error}");
    ground.make(&topic, 1).await;
    produce(&ground.client(), vec![record(&topic, 0, "new")]).await;
    watched.until_records(2).await;
    assert_eq!(watched.values(), ["old", "new"]);
}
