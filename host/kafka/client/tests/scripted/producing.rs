use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_kafka_client::{
    Client, ClientSettings, ProduceError, Produced, Producer, ProducerRecord, ProducerSettings,
};
use forebay_lifecycle::Spawner;
use forebay_model::PartitionId;
use kafka_protocol::error::ResponseError;

use crate::cluster::{Cluster, Fate, Taken};

fn producer(cluster: &Arc<Cluster>) -> Producer {
    let transport: Arc<Cluster> = Arc::clone(cluster);
    Client::new(transport, ClientSettings::default(), Spawner::current())
        .producer(ProducerSettings::default())
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
