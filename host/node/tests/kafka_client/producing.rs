use std::time::Duration;

use bytes::Bytes;
use forebay_kafka_client::{
    Acks, ConsumerSettings, Failure, Partitioner, ProducerRecord, ProducerSettings, Start, Subscription,
};
use forebay_kafka_wire::{Compression, RecordHeader};
use forebay_model::{PartitionId, Timestamp};

use crate::ground::{Ground, Watched, partition, produce, record, values};

/// Keys, tombstones, headers and times.
pub(crate) async fn records_come_back_as_they_were(ground: &Ground) {
    let (client, topic) = (ground.client(), ground.topic(1).await);
    let header = |key: &'static [u8], value: Option<&'static [u8]>| RecordHeader {
        key: Bytes::from_static(key),
        value: value.map(Bytes::from_static),
    };
    let sent = ProducerRecord {
        key: Some(Bytes::from_static(b"key")),
        headers: vec![header(b"a", Some(b"1")), header(b"a", Some(b"2")), header(b"\xff", None)],
        timestamp: Some(Timestamp::from_millis(1_700_000_000_123)),
        ..ProducerRecord::new(topic.clone(), Some(Bytes::from_static(b"value")))
    };
    let tombstone = ProducerRecord { value: None, headers: Vec::new(), ..sent.clone() };
    let empty = ProducerRecord { key: None, ..ProducerRecord::new(topic.clone(), Some(Bytes::new())) };
    let produced = produce(&client, vec![sent.clone(), tombstone, empty]).await;
    let offsets: Vec<_> = produced.iter().map(|produced| produced.offset.unwrap().get()).collect();
    assert_eq!(offsets, [0, 1, 2]);

    let mut watched = Watched::new(&client, ConsumerSettings::new(Subscription::Topics(vec![topic.clone()])));
    let records = watched.until_records(3).await;
    let (at, first) = &records[0];
    assert_eq!(*at, partition(&topic, 0));
    assert_eq!((&first.key, &first.value, &first.headers), (&sent.key, &sent.value, &sent.headers));
    assert_eq!(Some(first.timestamp), sent.timestamp);
    assert_eq!((&records[1].1.key, &records[1].1.value), (&sent.key, &None));
    assert_eq!((&records[2].1.key, &records[2].1.value), (&None, &Some(Bytes::new())));
}

pub(crate) async fn every_compression_is_read_again(ground: &Ground) {
    let (client, topic) = (ground.client(), ground.topic(1).await);
    let all =
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
    let mut expected = Vec::new();
    for compression in all {
        let settings = ProducerSettings { compression: vec![compression], ..ProducerSettings::default() };
        let producer = client.producer(settings);
        let value = compression.name().repeat(100);
        for outcome in producer.send(vec![record(&topic, 0, &value); 3]).await.outcomes().await {
            outcome.unwrap();
        }
        expected.extend(vec![value; 3]);
        producer.close(Duration::from_secs(5)).await;
    }
    let mut watched = Watched::new(&client, ConsumerSettings::new(Subscription::Topics(vec![topic])));
    watched.until_records(15).await;
    assert_eq!(watched.values(), expected);
}

/// Many small batches, several of them under way at a time.
pub(crate) async fn order_is_kept_with_many_batches(ground: &Ground) {
    let (client, topic) = (ground.client(), ground.topic(2).await);
    let settings = ProducerSettings { max_message_bytes: 400, ..ProducerSettings::default() };
    let producer = client.producer(settings);
    let mut sent = Vec::new();
    for value in values(0..300) {
        sent.push(producer.send(vec![record(&topic, 0, &value), record(&topic, 1, &value)]).await);
    }
    producer.flush().await;
    for sent in sent {
        assert!(sent.is_done());
        assert!(sent.outcomes().await.iter().all(Result::is_ok));
    }
    for number in 0..2 {
        let from = vec![(partition(&topic, number), Start::Earliest)];
        let mut watched = Watched::new(&client, ConsumerSettings::new(Subscription::Partitions(from)));
        watched.until_records(300).await;
        assert_eq!(watched.values(), values(0..300));
    }
}

pub(crate) async fn what_can_not_be_is_refused_by_name(ground: &Ground) {
    let (client, topic) = (ground.client(), ground.topic(1).await);
    let settings = ProducerSettings {
        partitioner: Partitioner::Manual,
        max_message_bytes: 1_000,
        ..ProducerSettings::default()
    };
    let producer = client.producer(settings);
    let unknown = "there-is-no-such-topic".parse().unwrap();
    let elsewhere = ProducerRecord {
        partition: Some(PartitionId::new(7).unwrap()),
        ..ProducerRecord::new(topic.clone(), None)
    };
    let records = vec![
        elsewhere,
        ProducerRecord::new(topic.clone(), None),
        record(&topic, 0, &"x".repeat(2_000)),
        record(&topic, 0, "good"),
        record(&unknown, 0, "lost"),
    ];
    let outcomes = producer.send(records).await.outcomes().await;
    let errors: Vec<_> = outcomes.iter().map(|outcome| outcome.as_ref().err()).collect();
    let reason = |index: usize| &errors[index].unwrap().reason;
    assert!(matches!(reason(0), Failure::NoPartition { partitions: 1 }), "{outcomes:?}");
    assert_eq!(errors[0].unwrap().to_string(), format!("produce to {topic} partition 7"));
    assert!(matches!(reason(1), Failure::Unchosen), "{outcomes:?}");
    assert!(matches!(reason(2), Failure::TooLarge { limit: 1_000, .. }), "{outcomes:?}");
    assert!(errors[3].is_none(), "{outcomes:?}");
    assert!(matches!(reason(4), Failure::Refused(_)) && errors[4].unwrap().is_retriable(), "{outcomes:?}");
}

pub(crate) async fn acks_of_nobody_and_of_the_leader(ground: &Ground) {
    let (client, topic) = (ground.client(), ground.topic(1).await);
    for (acks, value) in [(Acks::None, "nobody"), (Acks::Leader, "leader")] {
        let settings = ProducerSettings { acks, idempotent: false, ..ProducerSettings::default() };
        let producer = client.producer(settings);
        let outcomes = producer.send(vec![record(&topic, 0, value)]).await.outcomes().await;
        assert_eq!(outcomes[0].as_ref().unwrap().offset.is_some(), acks == Acks::Leader);
        // What nobody acknowledges is there when it can be read.
        let mut watched =
            Watched::new(&client, ConsumerSettings::new(Subscription::Topics(vec![topic.clone()])));
        let count = if acks == Acks::None { 1 } else { 2 };
        watched.until_records(count).await;
        assert_eq!(watched.values().last().map(String::as_str), Some(value));
    }
}
