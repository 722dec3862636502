use std::sync::atomic::{AtomicU8, Ordering};

use forebay_model::{AgentId, Roles};
use forebay_storage_metadata::{
    AgentDescription, Agents as _, Decorated, Decorator, Operation, StoreFailure, VirtualClusters as _,
};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};

use super::*;

/// What a store does: it answers, fails, or never answers. How often it was asked comes on top.
#[derive(Debug, Default, Clone)]
struct Mood(Arc<(AtomicU8, AtomicU8)>);

const ANSWERS: u8 = 0;
const FAILS: u8 = 1;
const HANGS: u8 = 2;

impl Mood {
    fn set(&self, mood: u8) {
        self.0.0.store(mood, Ordering::SeqCst);
    }

    fn asked(&self) -> u8 {
        self.0.1.load(Ordering::SeqCst)
    }
}

impl Decorator for Mood {
    async fn around<T: Send, E: From<StoreFailure> + Send>(
        &self,
        _: Operation,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        self.0.1.fetch_add(1, Ordering::SeqCst);
        match self.0.0.load(Ordering::SeqCst) {
            FAILS => Err(StoreFailure::Unavailable { reason: "away".to_owned() }.into()),
            HANGS => std::future::pending().await,
            _ => work.await,
        }
    }
}

async fn neighbours(remembered: Duration) -> (Neighbours, Mood) {
    let cluster: VirtualClusterId = "vci_test".parse().unwrap();
    let store = SqliteMetadataStore::open(&Location::Memory).unwrap();
    store.create_virtual_cluster(&cluster).await.unwrap();
    let description = AgentDescription {
        id: AgentId::from_random(1),
        kafka: None,
        zone: None,
        group: None,
        roles: Roles::DEFAULT,
        pipeline_group: None,
        cores: 1,
        version: String::new(),
    };
    store.register_agent(&cluster, &description).await.unwrap();
    let mood = Mood::default();
    let store = Decorated::new(Arc::new(store), mood.clone());
    (Neighbours::new(cluster, Arc::new(store), remembered), mood)
}

#[tokio::test]
async fn what_is_known_holds_while_the_store_is_away() {
    let (neighbours, mood) = neighbours(Duration::ZERO).await;
    mood.set(FAILS);
    assert_eq!(neighbours.all().await.len(), 0);
    mood.set(ANSWERS);
    assert_eq!(neighbours.all().await.len(), 1);
    mood.set(FAILS);
    assert_eq!(neighbours.all().await.len(), 1);
    let known = neighbours.known();
    let told = known.told.unwrap();
    assert_eq!(known.agents_at(told + AGENT_SILENCE - Duration::from_millis(1)).len(), 1);
    assert_eq!(known.agents_at(told + AGENT_SILENCE).len(), 0, "they may all be gone");
    let back = Known { back: Some(told), ..known };
    let early = told + RETURNING - Duration::from_millis(1);
    assert_eq!(back.agents_at(early).len(), 0, "after an outage others may still come back");
    assert_eq!(back.agents_at(told + RETURNING).len(), 1);
}

#[tokio::test]
async fn nobody_waits_long_for_a_store_that_does_not_answer() {
    let (neighbours, mood) = neighbours(Duration::ZERO).await;
    assert_eq!(neighbours.all().await.len(), 1);
    mood.set(HANGS);
    tokio::time::pause();
    let asked = tokio::time::Instant::now();
    let (first, second) = tokio::join!(neighbours.all(), async {
        let known = neighbours.all().await;
        (known, asked.elapsed())
    });
    assert!(first.len() == 1 && (PATIENCE..PATIENCE * 2).contains(&asked.elapsed()), "{:?}", asked.elapsed());
    assert_eq!((second.0.len(), second.1), (1, Duration::ZERO), "only one waits");
}

#[tokio::test]
async fn the_store_is_asked_once_in_a_while() {
    let (neighbours, mood) = neighbours(Duration::from_hours(1)).await;
    for _ in 0..10 {
        assert_eq!(neighbours.all().await.len(), 1);
    }
    assert_eq!(mood.asked(), 1);
}
