//! Several agents on one database, which is killed, and replaced by its standby.

#[path = "agents/ground.rs"]
mod ground;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use forebay_model::{ProducerEpoch, ProducerId, Sequence};
use forebay_storage_metadata::{IdempotentBatch, Log as _, ProduceOutcome};
use forebay_storage_metadata_postgres::PostgresMetadataStore;
use forebay_tests_postgres::Server;
use futures_util::future::{join, join_all};
use ground::{Ground, PARTITIONS};

/// Lets agents commit while something happens, which is given what waits for so many more acknowledgements; then looks
/// whether everything that was acknowledged is there, once, and nothing else.
async fn commit_while(ground: &Ground, agents: usize, happens: impl AsyncFnOnce(&Ground)) {
    let stores = join_all((0..agents).map(|_| ground.open())).await;
    let stop = AtomicBool::new(false);
    let committing = stores.iter().map(|store| async {
        while !stop.load(Ordering::SeqCst) {
            ground.commit(store).await;
        }
    });
    let happening = async {
        happens(ground).await;
        stop.store(true, Ordering::SeqCst);
    };
    Box::pin(join(join_all(committing), happening)).await;
    ground.check(ground.open().await.as_ref()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_agents_share_their_partitions() {
    let server = Server::start().unwrap();
    let ground = Ground::new(&server.url_of_new_schema().unwrap()).await;
    commit_while(&ground, 3, async |ground| ground.acknowledged(200).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_done_twice_when_the_database_is_killed() {
    let mut server = Server::start().unwrap();
    let ground = Ground::new(&server.url_of_new_schema().unwrap()).await;
    commit_while(&ground, 3, async |ground| {
        for commits in [1, 17, 40] {
            ground.acknowledged(commits).await;
            server.kill().unwrap();
            server.start_again().unwrap();
        }
        ground.acknowledged(20).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_a_standby_takes_over() {
    let mut primary = Server::start().unwrap();
    let standby = primary.standby().unwrap();
    primary.wait_for_standbys().unwrap();
    let url = format!(
        "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres?sslmode=disable",
        primary.port(),
        standby.port()
    );
    let ground = Ground::new(&url).await;
    commit_while(&ground, 2, async |ground| {
        ground.acknowledged(50).await;
        primary.kill().unwrap();
        standby.promote().unwrap();
        ground.acknowledged(50).await;
    })
    .await;
}

/// A producer that comes to another agent is judged by what the first has written.
#[tokio::test]
async fn batches_that_come_again_elsewhere_are_duplicates() {
    let server = Server::start().unwrap();
    let ground = Ground::new(&server.url_of_new_schema().unwrap()).await;
    let (one, other) = (ground.open().await, ground.open().await);
    let send = async |store: &Arc<PostgresMetadataStore>, sequence| {
        let producer = IdempotentBatch {
            id: ProducerId::new(7).unwrap(),
            epoch: ProducerEpoch::ZERO,
            base_sequence: Sequence::new(sequence).unwrap(),
        };
        let commit = ground.segment(Some(producer));
        store.commit(&ground.cluster, commit).await.unwrap().requests.remove(0)
    };
    let placed = |outcome: ProduceOutcome| match outcome {
        ProduceOutcome::Committed(batches) => {
            assert_eq!(batches.len(), usize::try_from(PARTITIONS).unwrap());
            Some((batches[0].base_offset.get(), batches[0].is_duplicate))
        }
        ProduceOutcome::Refused(_) => None,
    };
    assert_eq!(placed(send(&one, 0).await), Some((0, false)));
    assert_eq!(placed(send(&other, 0).await), Some((0, true)));
    assert_eq!(placed(send(&other, 3).await), Some((3, false)));
    assert_eq!(placed(send(&one, 9).await), None);
    assert_eq!(placed(send(&one, 6).await), Some((6, false)));
    for sequence in [0, 3, 6] {
        assert_eq!(placed(send(&other, sequence).await), Some((sequence.into(), true)));
    }
}
