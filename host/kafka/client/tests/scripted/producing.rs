use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_kafka_client::{
    Client, ClientSettings, Partitioner, ProduceError, Produced, Producer, ProducerRecord, ProducerSettings,
};
use forebay_lifecycle::Spawner;
use forebay_model::PartitionId;
use futures_util::FutureExt as _;
use kafka_protocol::error::ResponseError;
use proptest::prelude::*;
use tokio::time::Instant;

use crate::cluster::{Cluster, Fate, MISSING, Taken};

fn producer(cluster: &Arc<Cluster>) -> Producer {
    producer_with(cluster, ProducerSettings::default())
}

fn producer_with(cluster: &Arc<Cluster>, settings: ProducerSettings) -> Producer {
    let transport: Arc<Cluster> = Arc::clone(cluster);
    Client::new(transport, ClientSettings::default(), Spawner::current()).producer(settings)
}

/// Each record is a batch, and up to five batches of a partition are under way at a time.
fn one_by_one() -> ProducerSettings {
    ProducerSettings { max_message_bytes: 120, ..ProducerSettings::default() }
}

/// Sends records together, and waits for what becomes of them.
async fn send(producer: &Producer, records: &[(i32, &'static str)]) -> Vec<Result<Produced, ProduceError>> {
    let record = |(partition, value): &(i32, &'static str)| ProducerRecord {
        partition: Some(PartitionId::new(*partition).unwrap()),
        ..ProducerRecord::new("t".parse().unwrap(), Some(Bytes::from_static(value.as_bytes())))
    };
    let sent = producer.send(records.iter().map(record).collect()).await;
    tokio::time::timeout(Duration::from_secs(30), sent.outcomes()).await.unwrap()
}

fn taken(producer: i64, epoch: i16, sequence: i32, values: &[&str]) -> Taken {
    Taken { producer, epoch, sequence, values: values.iter().map(|value| (*value).to_owned()).collect() }
}

/// One partition refuses a batch for good while the answer about another one's is lost: that one is sent again as it
/// was, so that it is not there twice.
#[tokio::test]
async fn a_batch_that_is_refused_has_no_other_partition_begin_anew() {
    let refused = Fate::Refused(ResponseError::InvalidRecord);
    let cluster = Cluster::new([&[Fate::Taken, refused], &[Fate::Taken, Fate::Lost]]);
    let producer = producer(&cluster);
    // Both brokers are spoken to, so that the next batches go at the same time.
    assert!(send(&producer, &[(0, "first"), (1, "first")]).await.iter().all(Result::is_ok));
    let outcomes = send(&producer, &[(0, "refused"), (1, "lost")]).await;
    assert!(outcomes[0].is_err() && outcomes[1].is_ok(), "{outcomes:?}");
    assert_eq!(cluster.values(1), ["first", "lost"]);
    // The sequence that nobody has taken is not waited for.
    assert!(send(&producer, &[(0, "second"), (1, "more")]).await.iter().all(Result::is_ok));
    assert_eq!(cluster.taken(0), [taken(1, 0, 0, &["first"]), taken(1, 1, 0, &["second"])]);
    let expected = [(0, "first"), (1, "lost"), (2, "more")];
    assert_eq!(cluster.taken(1), expected.map(|(sequence, value)| taken(1, 0, sequence, &[value])));
}

#[tokio::test]
async fn where_a_broker_has_lost_track_the_next_epoch_begins() {
    let unknown = Fate::Refused(ResponseError::UnknownProducerId);
    let cluster = Cluster::new([&[Fate::Taken, unknown], &[]]);
    let producer = producer(&cluster);
    assert!(send(&producer, &[(0, "a"), (1, "b")]).await.iter().all(Result::is_ok));
    assert!(send(&producer, &[(0, "c"), (1, "d")]).await.iter().all(Result::is_ok));
    assert_eq!(cluster.taken(0), [taken(1, 0, 0, &["a"]), taken(1, 1, 0, &["c"])]);
    assert_eq!(cluster.taken(1), [taken(1, 0, 0, &["b"]), taken(1, 0, 1, &["d"])]);
}

#[tokio::test]
async fn where_somebody_else_has_its_id_a_partition_gets_another() {
    let fenced = Fate::Refused(ResponseError::InvalidProducerEpoch);
    let cluster = Cluster::new([&[Fate::Taken, fenced], &[]]);
    let producer = producer(&cluster);
    assert!(send(&producer, &[(0, "a"), (1, "b")]).await.iter().all(Result::is_ok));
    assert!(send(&producer, &[(0, "c"), (1, "d")]).await.iter().all(Result::is_ok));
    assert_eq!(cluster.taken(0), [taken(1, 0, 0, &["a"]), taken(2, 0, 0, &["c"])]);
    assert_eq!(cluster.taken(1), [taken(1, 0, 0, &["b"]), taken(1, 0, 1, &["d"])]);
}

#[tokio::test]
async fn the_halves_of_a_batch_that_is_too_large_have_its_sequences() {
    let cluster = Cluster::new([&[Fate::Refused(ResponseError::MessageTooLarge)], &[]]);
    let producer = producer(&cluster);
    let values = [(0, "a"), (0, "b"), (0, "c")];
    assert!(send(&producer, &values).await.iter().all(Result::is_ok));
    assert_eq!(cluster.taken(0), [taken(1, 0, 0, &["a"]), taken(1, 0, 1, &["b", "c"])]);
    assert!(send(&producer, &[(0, "d")]).await[0].is_ok());
    assert_eq!(cluster.taken(0)[2], taken(1, 0, 3, &["d"]));
}

/// The batch in front of one that is refused for good was taken, and its broker has said otherwise: it is sent again as
/// it was, since by another sequence nobody would know it again.
#[tokio::test]
async fn what_is_in_front_of_a_batch_that_is_refused_is_not_there_twice() {
    let twice = Fate::TakenAndRefused(ResponseError::NotEnoughReplicasAfterAppend);
    let refused = Fate::Refused(ResponseError::InvalidRecord);
    let cluster = Cluster::new([&[Fate::Taken, twice, refused], &[]]);
    let producer = producer_with(&cluster, one_by_one());
    assert!(send(&producer, &[(0, "first")]).await[0].is_ok());
    let outcomes = send(&producer, &[(0, "again"), (0, "refused"), (0, "behind")]).await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_err() && outcomes[2].is_ok(), "{outcomes:?}");
    let expected = [(0, 0, "first"), (0, 1, "again"), (1, 0, "behind")];
    assert_eq!(
        cluster.taken(0),
        expected.map(|(epoch, sequence, value)| taken(1, epoch, sequence, &[value]))
    );
}

/// As when a right is taken away while answers are lost: what is refused was taken before, and so was what is behind it.
#[tokio::test]
async fn what_is_behind_a_batch_that_is_refused_is_not_there_twice() {
    let twice = Fate::TakenAndRefused(ResponseError::RequestTimedOut);
    let refused = Fate::Refused(ResponseError::TopicAuthorizationFailed);
    let cluster = Cluster::new([&[Fate::Taken, twice, Fate::Lost, refused], &[]]);
    let producer = producer_with(&cluster, one_by_one());
    assert!(send(&producer, &[(0, "first")]).await[0].is_ok());
    let outcomes = send(&producer, &[(0, "refused"), (0, "lost")]).await;
    assert!(outcomes[0].is_err() && outcomes[1].is_ok(), "{outcomes:?}");
    assert!(send(&producer, &[(0, "more")]).await[0].is_ok());
    let expected = [(0, 0, "first"), (0, 1, "refused"), (0, 2, "lost"), (1, 0, "more")];
    assert_eq!(
        cluster.taken(0),
        expected.map(|(epoch, sequence, value)| taken(1, epoch, sequence, &[value]))
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_in_front_of_a_batch_that_is_refused_is_given_up_in_time() {
    let again = ResponseError::NotEnoughReplicasAfterAppend;
    let mut fates =
        vec![Fate::Taken, Fate::TakenAndRefused(again), Fate::Refused(ResponseError::InvalidRecord)];
    fates.extend([Fate::Refused(again); 12]);
    let cluster = Cluster::new([&fates, &[]]);
    let settings = ProducerSettings { delivery_timeout: Duration::from_secs(5), ..one_by_one() };
    let producer = producer_with(&cluster, settings);
    assert!(send(&producer, &[(0, "first")]).await[0].is_ok());
    let outcomes = send(&producer, &[(0, "given up"), (0, "refused")]).await;
    assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
    assert!(send(&producer, &[(0, "more")]).await[0].is_ok());
    let expected = [(0, 0, "first"), (0, 1, "given up"), (1, 0, "more")];
    assert_eq!(
        cluster.taken(0),
        expected.map(|(epoch, sequence, value)| taken(1, epoch, sequence, &[value]))
    );
}

/// Of more than 20,000 partitions without anything under way those that were used last are remembered. The others get
/// another id, which has no sequences there yet.
#[tokio::test]
async fn partitions_that_are_not_used_any_more_are_forgotten() {
    let cluster = Cluster::wide(20_001);
    let settings = ProducerSettings { max_buffered_records: 100_000, ..ProducerSettings::default() };
    let producer = producer_with(&cluster, settings);
    let records: Vec<_> = (0..20_001).map(|partition| (partition, "a")).collect();
    assert!(send(&producer, &records).await.iter().all(Result::is_ok));
    let records = [0, 10_000, 10_001, 20_000].map(|partition| (partition, "b"));
    assert!(send(&producer, &records).await.iter().all(Result::is_ok));
    let again = |partition| cluster.taken(partition)[1].clone();
    assert_eq!([0, 10_000].map(again), [taken(2, 0, 0, &["b"]), taken(2, 0, 0, &["b"])]);
    assert_eq!([10_001, 20_000].map(again), [taken(1, 0, 1, &["b"]), taken(1, 0, 1, &["b"])]);
}

/// Whoever waits for room and goes away takes none with it.
#[tokio::test]
async fn a_send_that_is_dropped_while_it_waits_keeps_no_room() {
    let cluster = Cluster::new([&[], &[]]);
    let settings =
        ProducerSettings { max_buffered_records: 3, max_buffered_bytes: 200, ..ProducerSettings::default() };
    let producer = producer_with(&cluster, settings);
    assert!(send(&producer, &[(0, "first")]).await.iter().all(Result::is_ok));
    let record = |length: usize| ProducerRecord {
        partition: Some(PartitionId::new(0).unwrap()),
        ..ProducerRecord::new("t".parse().unwrap(), Some("x".repeat(length).into()))
    };
    // There is room for one that is large, and nothing is sent before this gives way.
    assert!(producer.send(vec![record(150)]).now_or_never().is_some());
    for _ in 0..3 {
        assert!(producer.send(vec![record(150)]).now_or_never().is_none());
    }
    producer.flush().await;
    assert!(
        producer.send(vec![record(1), record(1), record(1)]).now_or_never().is_some(),
        "there is room for three"
    );
    producer.flush().await;
    assert_eq!(cluster.values(0).len(), 5);
}

/// A record for a partition of a topic.
fn record_of(topic: &str, partition: i32, value: &'static str) -> ProducerRecord {
    ProducerRecord {
        partition: Some(PartitionId::new(partition).unwrap()),
        ..ProducerRecord::new(topic.parse().unwrap(), Some(Bytes::from_static(value.as_bytes())))
    }
}

/// A topic that there is not is looked for several times, with pauses.
#[tokio::test(start_paused = true)]
async fn what_is_taken_goes_while_the_next_topic_is_looked_for() {
    for stays in [true, false] {
        let cluster = Cluster::new([&[], &[]]);
        let producer = producer(&cluster);
        // Who sends has nothing more to do.
        assert!(send(&producer, &[(0, "first")]).await[0].is_ok());
        let records = vec![record_of("t", 0, "taken"), record_of(MISSING, 0, "not taken")];
        let sending = producer.send(records);
        let sent = tokio::time::timeout(Duration::from_millis(1), sending).await;
        let sent = sent.expect("whoever sends does not wait for topics");
        // Whoever has sent goes away, or not.
        let sent = stays.then_some(sent);
        tokio::time::timeout(Duration::from_secs(30), cluster.asked(2)).await.unwrap();
        assert_eq!(cluster.values(0), ["first", "taken"]);
        assert!(sent.is_none_or(|sent| !sent.is_done()), "it is looked for");
    }
}

/// Also not where they come by turns, and not what is sent later: it is looked for at most once a second.
#[tokio::test(start_paused = true)]
async fn records_of_a_topic_that_there_is_not_hold_up_no_others() {
    let cluster = Cluster::new([&[], &[]]);
    let producer = producer(&cluster);
    let mixed = || (0..50).flat_map(|_| [record_of("t", 0, "good"), record_of(MISSING, 1, "missing")]);
    let is_right = |outcomes: &[Result<Produced, ProduceError>]| {
        let (good, missing): (Vec<_>, Vec<_>) = (0..100).zip(outcomes).partition(|(index, _)| index % 2 == 0);
        let unknown = Some(ResponseError::UnknownTopicOrPartition);
        let is_unknown = |outcome: &Result<_, ProduceError>| {
            outcome.as_ref().is_err_and(|error| error.reason.code() == unknown)
        };
        good.iter().all(|(_, outcome)| outcome.is_ok())
            && missing.iter().all(|(_, outcome)| is_unknown(outcome))
    };
    let began = Instant::now();
    let sent = producer.send(mixed().collect()).await;
    cluster.asked(1).await;
    assert_eq!(cluster.values(0).len(), 50);
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
    assert!(is_right(&sent.outcomes().await));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let looks = cluster.looks(MISSING);
    assert!(looks > 1, "it may be there in a moment");
    for later in 0..4 {
        let began = Instant::now();
        for _ in 0..10 {
            assert!(is_right(&producer.send(mixed().collect()).await.outcomes().await));
        }
        assert!(began.elapsed() < Duration::from_millis(10), "{:?}", began.elapsed());
        assert_eq!(cluster.looks(MISSING), looks + later);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert_eq!(cluster.looks("t"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_topic_without_leaders_holds_up_no_others_and_its_records_keep_their_order() {
    let cluster = Cluster::new([&[], &[]]);
    cluster.tell("late", &[ResponseError::LeaderNotAvailable; 20]);
    let producer = producer(&cluster);
    let (began, mut late) = (Instant::now(), Vec::new());
    for value in ["a", "b", "c"] {
        late.push(producer.send(vec![record_of("late", 1, value), record_of("t", 0, value)]).await);
        let requests = cluster.values(0).len() + 1;
        cluster.asked(requests).await;
    }
    assert_eq!(cluster.values(0), ["a", "b", "c"]);
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
    for sent in late {
        assert!(sent.outcomes().await.iter().all(Result::is_ok));
    }
    assert!(began.elapsed() > Duration::from_secs(10), "it takes a while");
    assert_eq!(cluster.values(1), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_being_made_is_asked_for_again() {
    let cluster = Cluster::new([&[], &[]]);
    cluster.tell("made", &[ResponseError::UnknownTopicOrPartition; 4]);
    cluster.tell("slow", &[ResponseError::UnknownTopicOrPartition; 7]);
    let producer = producer_with(&cluster, ProducerSettings { creates_topics: true, ..Default::default() });
    let sent = producer.send(vec![record_of("made", 0, "made"), record_of("slow", 1, "too soon")]).await;
    let outcomes = sent.outcomes().await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_err(), "{outcomes:?}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let outcomes = producer.send(vec![record_of("slow", 1, "slow")]).await.outcomes().await;
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    assert_eq!((cluster.values(0), cluster.values(1)), (vec!["made".to_owned()], vec!["slow".to_owned()]));
}

/// What waits for its topic counts as any other: it is flushed, given up in time, and told of in the end.
#[tokio::test(start_paused = true)]
async fn what_waits_for_its_topic_is_flushed_given_up_and_closed() {
    let cluster = Cluster::new([&[], &[]]);
    cluster.tell("late", &[ResponseError::LeaderNotAvailable; 10]);
    let settings = ProducerSettings {
        delivery_timeout: Duration::from_secs(20),
        linger: Duration::from_secs(3600),
        ..Default::default()
    };
    let producer = producer_with(&cluster, settings);
    let sent = producer.send(vec![record_of("late", 0, "a")]).await;
    tokio::time::timeout(Duration::from_secs(15), producer.flush()).await.unwrap();
    assert!(sent.is_done());
    assert_eq!(cluster.values(0), ["a"]);

    // Each in its time.
    cluster.tell("never", &[ResponseError::LeaderNotAvailable; 100]);
    let began = Instant::now();
    let first = producer.send(vec![record_of("never", 1, "first")]).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let second = producer.send(vec![record_of("never", 1, "second")]).await;
    assert!(first.outcomes().await[0].is_err());
    assert_eq!(began.elapsed().as_secs(), 20);
    assert!(second.outcomes().await[0].is_err());
    assert_eq!(began.elapsed().as_secs(), 30);

    let sent = producer.send(vec![record_of("never", 1, "closed")]).await;
    producer.close(Duration::from_secs(1)).await;
    let outcomes = sent.outcomes().await;
    assert!(outcomes[0].is_err() && cluster.values(1).is_empty(), "{outcomes:?}");
}

/// Nobody has asked for the leader of a partition yet, or not even for its topic: what holds the room goes as soon as it
/// can, and does not wait for more records.
#[tokio::test(start_paused = true)]
async fn who_waits_for_room_does_not_wait_for_others_to_fill_batches_up() {
    for errors in [0, 3] {
        let cluster = Cluster::new([&[], &[]]);
        cluster.tell("t", &vec![ResponseError::LeaderNotAvailable; errors]);
        let linger = Duration::from_secs(3600);
        let settings = ProducerSettings { max_buffered_records: 2, linger, ..Default::default() };
        let producer = producer_with(&cluster, settings);
        let records = ["a", "b", "c"].map(|value| record_of("t", 0, value)).to_vec();
        let began = Instant::now();
        let sent = producer.send(records).await;
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(cluster.values(0), ["a", "b"], "nobody waits for room any more");
        producer.flush().await;
        assert!(sent.outcomes().await.iter().all(Result::is_ok));
        assert_eq!(cluster.values(0), ["a", "b", "c"]);
    }
}

/// However records are chosen a partition for, however much room there is and however large batches get: each is there
/// once, where its outcome says, and those of a partition in the order in which they were sent.
#[test]
fn records_of_a_partition_keep_their_order() {
    let record = (prop::option::of(0..6_i32), prop::option::of(0..9_u8), 0..90_usize);
    let sends = prop::collection::vec(prop::collection::vec(record, 0..40), 1..6);
    let partitioner = prop_oneof![
        Just(Partitioner::Murmur2),
        Just(Partitioner::RoundRobin),
        Just(Partitioner::LeastBackup),
        any::<[bool; 2]>().prop_map(|[adaptive, keys]| Partitioner::UniformBytes {
            bytes: 200,
            adaptive,
            keys
        }),
    ];
    let room = (1..12_usize, 60..900_usize);
    proptest!(ProptestConfig::with_cases(60), |(sends in sends, partitioner in partitioner, room in room)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(keeps_order(sends, partitioner, room));
    });
}

type Said = (Option<i32>, Option<u8>, usize);

async fn keeps_order(sends: Vec<Vec<Said>>, partitioner: Partitioner, room: (usize, usize)) {
    let cluster = Cluster::wide(4);
    let (max_buffered_records, max_buffered_bytes) = room;
    let settings = ProducerSettings {
        partitioner,
        max_buffered_records,
        max_buffered_bytes,
        max_message_bytes: 180,
        ..ProducerSettings::default()
    };
    let producer = producer_with(&cluster, settings);
    let (mut number, mut under_way) = (0, Vec::new());
    for said in sends {
        let mut records = Vec::new();
        let first = number;
        for (partition, key, length) in &said {
            let key = key.map(|key| Bytes::from(vec![key]));
            let value = format!("{number:04}{}", "x".repeat(*length));
            number += 1;
            records.push(ProducerRecord {
                partition: partition.map(|partition| PartitionId::new(partition).unwrap()),
                key,
                ..ProducerRecord::new("t".parse().unwrap(), Some(value.into()))
            });
        }
        under_way.push((first, said, producer.send(records).await));
    }
    let mut expected = [const { Vec::new() }; 4];
    for (first, said, sent) in under_way {
        let outcomes = tokio::time::timeout(Duration::from_secs(30), sent.outcomes()).await.unwrap();
        assert_eq!(outcomes.len(), said.len());
        for ((number, (partition, key, length)), outcome) in (first..).zip(said).zip(outcomes) {
            // Of what a batch may have, 61 bytes are its header and 36 what stands around a record.
            let is_large = 61 + 36 + 4 + length + usize::from(key.is_some()) > 180;
            let is_wrong = partition.is_some_and(|partition| partition >= 4);
            assert_eq!(outcome.is_err(), is_large || is_wrong, "{outcome:?}");
            let Ok(Produced { partition: taken, .. }) = outcome else { continue };
            assert!(partition.is_none_or(|said| said == taken.get()));
            expected[usize::try_from(taken.get()).unwrap()].push(format!("{number:04}"));
        }
    }
    for (partition, expected) in (0..).zip(expected) {
        let values = cluster.values(partition);
        let numbers: Vec<_> = values.iter().map(|value| &value[..4]).collect();
        assert_eq!(numbers, expected, "partition {partition}");
    }
}
