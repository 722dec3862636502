use std::time::Duration;

use forebay_columns::Value;

use super::{KafkaRecord, is_match, kafka};
use crate::Batch;
use crate::config::Values;
use crate::kafka::{
    Cluster, ClusterSettings, ConsumerSettings, Event, FailureKind, KafkaError, KafkaFailure, Position,
    ProducerSettings, Routes, Start, TopicPartition,
};
use crate::testing::texts;

const SECOND: Option<Duration> = Some(Duration::from_secs(1));

fn cluster() -> Cluster {
    Cluster::open(ClusterSettings::new(["broker:9092"])).unwrap()
}

#[test]
fn what_was_appended_comes_in_its_order_until_it_is_paused() {
    let broker = kafka();
    for value in ["a", "b", "c"] {
        broker.append("t", 0, KafkaRecord::of(value).key("k").header("h", value));
    }
    let settings = ConsumerSettings { most: Some(2), ..ConsumerSettings::topics(["t"]).group("g") };
    let consumer = cluster().consumer(settings).unwrap();
    let Event::Assigned(assigned) = consumer.poll(SECOND) else { panic!("it is assigned first") };
    let Event::Fetched(fetched) = consumer.poll(SECOND) else { panic!("two are there") };
    assert_eq!((fetched.first, fetched.next, fetched.high_watermark), (0, 2, 3));
    assert_eq!(texts(&fetched.messages), ["a", "b"]);
    let second = fetched.messages.message(1);
    assert_eq!(second.metadata("h"), Some(Value::Text("b")));
    assert_eq!(second.metadata("kafka_offset"), Some(Value::Signed(1)));
    consumer.pause(&assigned);
    assert!(matches!(consumer.poll(SECOND), Event::Woken(_)));
    consumer.resume(&assigned);
    assert!(matches!(consumer.poll(SECOND), Event::Fetched(_)));
}

#[test]
fn what_is_lost_can_not_be_committed_and_what_is_revoked_can() {
    let broker = kafka();
    broker.topic("t", 2);
    let consumer = cluster().consumer(ConsumerSettings::topics(["t"]).group("g")).unwrap();
    assert!(matches!(consumer.poll(SECOND), Event::Assigned(all) if all.len() == 2));
    broker.revoke(&[("t", 0)]);
    broker.lose(&[("t", 1)]);
    assert!(matches!(consumer.poll(SECOND), Event::Revoked(_)));
    assert!(matches!(consumer.poll(SECOND), Event::Lost(_)));
    let commit = |partition| {
        let source = TopicPartition { topic: "t".to_owned(), partition };
        consumer.commit(&[Position { source, next: 7 }], Duration::ZERO)
    };
    assert!(commit(0).is_ok());
    assert!(matches!(commit(1), Err(KafkaError::Failed(failure)) if failure.kind == FailureKind::Fenced));
    consumer.release();
    assert!(commit(0).is_err());
    assert_eq!((broker.committed("g", "t", 0), broker.take_released().len()), (Some(7), 1));
    broker.assign(&[("t", 0)]);
    assert!(matches!(consumer.poll(SECOND), Event::Assigned(_)));
}

#[test]
fn a_message_that_can_not_be_sent_is_named_alone() {
    let broker = kafka();
    broker.topic("t", 1);
    broker.break_send("t", KafkaFailure::new(FailureKind::TooLarge, "t-0: too large"));
    let producer = cluster().producer(ProducerSettings::default()).unwrap();
    let routes = Routes { key: Some(Values::Constant("k")), ..Routes::to(Values::Constant("t")) };
    let operation = producer.send(&Batch::from_payloads(["a", "b"]), &routes).unwrap();
    assert!(operation.outcome().unwrap().is_err());
    let unsent = producer.failures(&operation);
    assert_eq!((unsent.len(), unsent[0].messages.as_slice()), (1, [0].as_slice()));
    assert_eq!(broker.records("t", 0), [KafkaRecord::of("b").key("k")]);
}

#[test]
fn a_partition_is_read_from_a_time() {
    let broker = kafka();
    for at in [10, 20, 30] {
        broker.append("t", 0, KafkaRecord::of(at.to_string()).at(at));
    }
    let place = TopicPartition { topic: "t".to_owned(), partition: 0 };
    let settings = ConsumerSettings {
        partitions: vec![(place, Start::Time(15))],
        ..ConsumerSettings::topics(Vec::<String>::new())
    };
    let consumer = cluster().consumer(settings).unwrap();
    assert!(matches!(consumer.poll(SECOND), Event::Assigned(_)));
    assert!(matches!(consumer.poll(SECOND), Event::Fetched(fetched) if fetched.first == 1));
}

#[test]
fn patterns_of_tests_stand_anywhere() {
    for (pattern, text, expected) in [
        ("ord", "orders", true),
        ("^ord", "my-orders", false),
        ("^a.*z$", "abcz", true),
        ("z$", "abczy", false),
        ("a.*b", "ba", false),
    ] {
        assert_eq!(is_match(pattern, text), expected, "{pattern} {text}");
    }
}
