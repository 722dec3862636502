#![cfg(test)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use forebay_kafka_groups::{Group, GroupSettings};
use forebay_storage_metadata::{
    Decorated, Decorator, GroupChange, Operation, StateChange, VirtualClusters as _,
};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::sync::Semaphore;

use super::*;
use crate::groups::Coordinator;

/// A store that counts how often it is asked about the virtual cluster, and answers that late.
#[derive(Debug, Default, Clone)]
struct Late(Arc<Asked>);

#[derive(Debug, Default)]
struct Asked {
    count: AtomicUsize,
    fails: AtomicBool,
    /// One of them for each answer.
    answers: Option<Semaphore>,
}

impl Late {
    fn count(&self) -> usize {
        self.0.count.load(Ordering::SeqCst)
    }
}

impl Decorator for Late {
    async fn around<T: Send, E: From<StoreFailure> + Send>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        if operation.name() != "cluster_configs" {
            return work.await;
        }
        self.0.count.fetch_add(1, Ordering::SeqCst);
        match &self.0.answers {
            Some(answers) => answers.acquire().await.unwrap().forget(),
            // All others come to ask meanwhile.
            None => {
                for _ in 0..1_000 {
                    tokio::task::yield_now().await;
                }
            }
        }
        if self.0.fails.load(Ordering::SeqCst) {
            return Err(StoreFailure::Unavailable { reason: "away".to_owned() }.into());
        }
        work.await
    }
}

async fn over(late: Late) -> (Arc<Topics>, Arc<dyn MetadataStore>) {
    let cluster: VirtualClusterId = "vci_test".parse().unwrap();
    let store = SqliteMetadataStore::open(&Location::Memory).unwrap();
    store.create_virtual_cluster(&cluster).await.unwrap();
    let store: Arc<dyn MetadataStore> = Arc::new(Decorated::new(Arc::new(store), late));
    (Arc::new(Topics::new(cluster, Arc::clone(&store))), store)
}

#[tokio::test]
async fn many_beats_ask_what_holds_for_the_cluster_once() {
    let late = Late::default();
    let (topics, store) = over(late.clone()).await;
    let (id, member) = ("group".parse().unwrap(), "member".parse().unwrap());
    let state = StateChange::Write(Group::empty(store.now().await.unwrap()).encode().unwrap());
    let change = GroupChange { state, ..GroupChange::default() };
    store.change_group(topics.cluster(), &id, None, change).await.unwrap();
    let coordinator = Coordinator::new(Arc::clone(&topics), store, GroupSettings::default());
    let beat = async || {
        let settings = coordinator.settings().await.unwrap();
        coordinator.beat(&id, &member, &settings).await.unwrap()
    };
    // It remembers the group from here on.
    beat().await;
    for _ in 0..2 {
        topics.cache.age(Duration::from_secs(1));
        let before = late.count();
        join_all((0..200).map(|_| beat())).await;
        assert_eq!(late.count(), before + 1);
    }
}

#[tokio::test]
async fn those_who_wait_take_the_failure_and_whoever_comes_later_asks_again() {
    let late = Late::default();
    let (topics, _) = over(late.clone()).await;
    late.0.fails.store(true, Ordering::SeqCst);
    let all = async || join_all((0..200).map(|_| topics.cluster_config())).await;
    assert!(all().await.iter().all(Result::is_err));
    assert_eq!(late.count(), 1);
    late.0.fails.store(false, Ordering::SeqCst);
    assert!(all().await.iter().all(Result::is_ok));
    assert_eq!(late.count(), 2);
}

#[tokio::test]
async fn what_was_told_before_a_change_is_not_taken_for_what_holds_after_it() {
    let late = Late(Arc::new(Asked { answers: Some(Semaphore::new(0)), ..Asked::default() }));
    let (topics, _) = over(late.clone()).await;
    let mut first = Box::pin(topics.cluster_config());
    assert!(first.as_mut().now_or_never().is_none());
    topics.forget_all();
    let mut second = Box::pin(topics.cluster_config());
    assert!(second.as_mut().now_or_never().is_none());
    late.0.answers.as_ref().unwrap().add_permits(2);
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(late.count(), 2);
}

#[tokio::test]
async fn where_the_first_one_goes_away_the_next_one_asks() {
    let late = Late(Arc::new(Asked { answers: Some(Semaphore::new(0)), ..Asked::default() }));
    let (topics, _) = over(late.clone()).await;
    let mut first = Box::pin(topics.cluster_config());
    let mut second = Box::pin(topics.cluster_config());
    assert!(first.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_none());
    drop(first);
    late.0.answers.as_ref().unwrap().add_permits(1);
    assert!(second.await.is_ok());
    assert_eq!(late.count(), 2);
}
