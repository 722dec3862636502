use std::time::Duration;

use forebay_kafka_client::{ConsumerSettings, Start, Subscription};
use forebay_model::{Offset, Timestamp, TopicName};

use crate::ground::{Ground, Watched, partition, produce, record, until, values};

pub(crate) async fn partitions_start_where_they_are_told_to(ground: &Ground) {
    let (client, topic) = (ground.client(), ground.topic(5).await);
    let at = |value: usize| Some(Timestamp::from_millis(1_700_000_000_000 + i64::try_from(value).unwrap()));
    let records = (0..5).flat_map(|number| {
        let records = values(0..10).into_iter().enumerate();
        records.map(move |(index, value)| (number, index, value))
    });
    let records = records.map(|(number, index, value)| {
        let mut record = record(&topic, number, &value);
        record.timestamp = at(index);
        record
    });
    for record in records {
        produce(&client, vec![record]).await;
    }
    let starts = [
        Start::Earliest,
        Start::Latest,
        Start::At(Offset::new(7).unwrap()),
        Start::Time(at(6).unwrap()),
        Start::Time(at(100).unwrap()),
    ];
    let wanted = starts.iter().zip(0..).map(|(start, number)| (partition(&topic, number), *start)).collect();
    let mut watched = Watched::new(&client, ConsumerSettings::new(Subscription::Partitions(wanted)));
    watched.until_records(10 + 3 + 4).await;
    // Whoever starts at the end gets what comes later.
    let last = vec![record(&topic, 1, "late"), record(&topic, 4, "late")];
    let all = watched.consumer.assignment();
    assert_eq!(all.len(), 5);
    produce(&client, last).await;
    watched.until_records(19).await;
    let of = |number: i32| {
        let wanted = partition(&topic, number);
        let of = watched.records.iter().filter(move |(partition, _)| *partition == wanted);
        of.map(|(_, record)| record.offset.get()).collect::<Vec<_>>()
    };
    assert_eq!(of(0), (0..10).collect::<Vec<_>>());
    assert_eq!(of(1), [10]);
    assert_eq!(of(2), [7, 8, 9]);
    assert_eq!(of(3), [6, 7, 8, 9]);
    assert_eq!(of(4), [10]);
}

pub(crate) async fn a_pattern_finds_topics_that_come_later(ground: &Ground) {
    let client = ground.client();
    let stem = ground.name("events");
    let name = |what: &str| format!("{stem}.{what}").parse::<TopicName>().unwrap();
    let (first, second, other) = (name("a"), name("b"), name("other"));
    ground.make(&first, 1).await;
    ground.make(&other, 1).await;
    produce(&client, vec![record(&first, 0, "first"), record(&other, 0, "other")]).await;
    let pattern = format!("^{}\\.[ab]$", stem.replace('.', "\\."));
    let settings = ConsumerSettings {
        start: Start::Earliest,
        ..ConsumerSettings::new(Subscription::Matching(vec![pattern]))
    };
    let mut watched = Watched::new(&client, settings);
    watched.until_records(1).await;
    ground.make(&second, 1).await;
    produce(&client, vec![record(&second, 0, "second")]).await;
    watched.until_records(2).await;
    assert_eq!(watched.values(), ["first", "second"]);
}

pub(crate) async fn what_is_paused_is_not_handed_out(ground: &Ground) {
    let (client, topic) = (ground.client(), ground.topic(2).await);
    let mut watched = Watched::new(&client, ConsumerSettings::new(Subscription::Topics(vec![topic.clone()])));
    while watched.assigned.len() < 2 {
        watched.step().await;
    }
    let held = [partition(&topic, 0)];
    watched.consumer.pause(&held);
    produce(&client, vec![record(&topic, 0, "held"), record(&topic, 1, "now")]).await;
    watched.until_records(1).await;
    produce(&client, vec![record(&topic, 1, "more")]).await;
    watched.until_records(2).await;
    assert_eq!(watched.values(), ["now", "more"]);
    watched.consumer.resume(&held);
    watched.until_records(3).await;
    assert_eq!(watched.values()[2], "held");
    // And back to where it was.
    watched.consumer.seek(&held[0], Start::Earliest);
    watched.until_records(4).await;
    assert_eq!(watched.values()[3], "held");
}

pub(crate) async fn a_topic_that_is_made_anew_is_read_from_its_start(ground: &Ground) {
    let (client, topic) = (ground.client(), ground.topic(1).await);
    produce(&client, vec![record(&topic, 0, "old"), record(&topic, 0, "older")]).await;
    let mut watched = Watched::new(&client, ConsumerSettings::new(Subscription::Topics(vec![topic.clone()])));
    watched.until_records(2).await;
    let mut connection = ground.connection().await;
    connection.delete_topic(&topic).await.unwrap();
    until("it is gone", async || {
        !connection.cluster().await.unwrap().topics.iter().any(|known| known.name == topic.as_str())
    })
    .await;
    ground.make(&topic, 1).await;
    produce(&ground.client(), vec![record(&topic, 0, "new")]).await;
    watched.until_records(3).await;
    assert_eq!(watched.values()[2], "new");
    assert_eq!(watched.records[2].1.offset, Offset::ZERO);
}

pub(crate) async fn new_partitions_are_found(ground: &Ground) {
    let (client, topic) = (ground.client(), ground.topic(1).await);
    let settings = ConsumerSettings {
        start: Start::Latest,
        ..ConsumerSettings::new(Subscription::Topics(vec![topic.clone()]))
    };
    let mut watched = Watched::new(&client, settings);
    while watched.assigned.is_empty() {
        watched.step().await;
    }
    ground.connection().await.add_partitions(&topic, 3).await.unwrap();
    let other = ground.client();
    until("there are more", async || {
        let known = ground.client().topic(&topic).await;
        known.is_ok_and(|known| known.partitions.len() == 3)
    })
    .await;
    // What comes before they are found is not missed.
    produce(&other, vec![record(&topic, 1, "one"), record(&topic, 2, "two")]).await;
    watched.until_records(2).await;
    let mut seen = watched.values();
    seen.sort();
    assert_eq!(seen, ["one", "two"]);
    watched.consumer.close(Duration::from_secs(5)).await;
}
