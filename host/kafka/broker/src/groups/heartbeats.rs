use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay_lifecycle::Here;
use forebay_model::{Timestamp, VirtualClusterId};
use forebay_storage_metadata::{Beat, Beats, GroupVersion, MetadataStore, StoreFailure};
use tokio::sync::oneshot;

/// How long signs of life are collected. An answer takes that much longer, and the store is asked ten times a second at
/// most, however many members there are.
const COLLECT: Duration = Duration::from_millis(100);
/// How many go to the store at a time.
const TOGETHER: usize = 1_000;
/// How many wait at most. Each is a request of a connection of its own.
const MOST: usize = 100_000;

/// Signs of life on their way to the store, many in one call.
#[derive(Debug)]
pub(super) struct Heartbeats {
    cluster: VirtualClusterId,
    metadata: Arc<dyn MetadataStore>,
    waiting: Mutex<Vec<Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    beat: Beat,
    answer: oneshot::Sender<Result<Heard, StoreFailure>>,
}

/// What the store says to a sign of life.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    pub now: Timestamp,
    pub version: Option<GroupVersion>,
    pub oldest: Option<Timestamp>,
}

impl Heartbeats {
    pub(super) fn new(cluster: VirtualClusterId, metadata: Arc<dyn MetadataStore>) -> Self {
        Self { cluster, metadata, waiting: Mutex::default() }
    }

    /// Gives a sign of life, and waits until the store has it.
    pub(super) async fn beat(self: &Arc<Self>, beat: Beat) -> Result<Heard, StoreFailure> {
        let (answer, heard) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting();
            if waiting.len() >= MOST {
                return Err(StoreFailure::Unavailable { reason: "too many heartbeats wait".to_owned() });
            }
            waiting.push(Waiting { beat, answer });
            waiting.len() == 1
        };
        if is_first {
            // It answers those of others too, so that it does not end with the first one's connection.
            let this = Arc::clone(self);
            Here::spawn_detached(async move {
                tokio::time::sleep(COLLECT).await;
                this.flush().await;
            });
        }
        let ended = || StoreFailure::Unavailable { reason: "who took heartbeats there has ended".to_owned() };
        heard.await.map_err(|_| ended())?
    }

    async fn flush(&self) {
        let mut waiting = mem::take(&mut *self.waiting());
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(TOGETHER));
            let beats = waiting.iter().map(|waiting| waiting.beat.clone()).collect();
            let told = self.metadata.beat(&self.cluster, beats).await.map(by_group);
            for Waiting { beat, answer } in waiting {
                let heard = told.as_ref().map_err(Clone::clone).map(|(now, groups)| {
                    let (version, oldest) = groups.get(&beat.group).copied().unwrap_or_default();
                    Heard { now: *now, version, oldest }
                });
                // Who no longer waits does not need it.
                let _ = answer.send(heard);
            }
            waiting = rest;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        // Nothing in here panics half way.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type ByGroup = HashMap<forebay_model::GroupId, (Option<GroupVersion>, Option<Timestamp>)>;

fn by_group(beats: Beats) -> (Timestamp, ByGroup) {
    let groups = beats.groups.into_iter().map(|told| (told.group, (told.version, told.oldest)));
    (beats.now, groups.collect())
}
