//! Reading without a group: the partitions that are named, and all of the topics that are.

use std::collections::BTreeSet;
use std::time::Duration;

use forebay_lifecycle::{Backoff, Shutdown};
use forebay_model::TopicName;

use super::Start;
use super::event::ConsumeError;
use super::names::Names;
use super::state::{Place, SharedState};
use crate::client::Client;
use crate::failure::Failure;
use crate::topic_partition::TopicPartition;

pub(super) struct Assigning {
    client: Client,
    shared: SharedState,
    names: Names,
    start: Start,
    /// What was named from the start.
    explicit: Vec<(TopicPartition, Start)>,
    /// What was found.
    owned: BTreeSet<TopicPartition>,
    /// Whether topics have been looked for: what comes later is read from its beginning.
    has_looked: BTreeSet<TopicName>,
    is_first: bool,
}

impl Assigning {
    pub(super) fn new(
        client: Client,
        shared: SharedState,
        names: Names,
        explicit: Vec<(TopicPartition, Start)>,
        start: Start,
    ) -> Self {
        let (owned, has_looked) = (BTreeSet::new(), BTreeSet::new());
        Self { client, shared, names, start, explicit, owned, has_looked, is_first: true }
    }

    pub(super) async fn run(mut self, shutdown: Shutdown) {
        let explicit = std::mem::take(&mut self.explicit);
        self.shared
            .assign(explicit.into_iter().map(|(partition, start)| (partition, Place::from_start(start))));
        if self.names.is_empty() {
            return;
        }
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        loop {
            let pause = match self.look().await {
                Ok(()) => {
                    backoff.reset();
                    self.client.parts.settings.metadata_max_age
                }
                Err(reason) => {
                    self.shared.failed(ConsumeError::general(reason));
                    backoff.pause().min(self.client.parts.settings.metadata_max_age)
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Reads what is new, and lets go of what is gone.
    async fn look(&mut self) -> Result<(), Failure> {
        let names = self.names.now(&self.client).await?;
        let (mut found, mut failed) = (BTreeSet::new(), None);
        for name in &names {
            match self.client.topic(name).await {
                Ok(topic) => found.extend(
                    topic.partitions.iter().map(|known| TopicPartition::new(name.clone(), known.partition)),
                ),
                // What is known of it stays as it is: it may be back soon.
                Err(reason) => {
                    found.extend(self.owned.iter().filter(|owned| owned.topic == *name).cloned());
                    failed = Some(reason);
                }
            }
        }
        let gone: Vec<_> = self.owned.difference(&found).cloned().collect();
        self.shared.lose(gone);
        let place = |partition: &TopicPartition| {
            // A topic that was subscribed to by name and is made later has nothing that was there before.
            let is_later = !self.is_first || self.has_looked.contains(&partition.topic);
            let start = match self.start {
                Start::Latest if is_later => Start::Earliest,
                start => start,
            };
            (partition.clone(), Place::from_start(start))
        };
        let new: Vec<_> = found.difference(&self.owned).map(place).collect();
        self.shared.assign(new);
        self.owned = found;
        if failed.is_none() {
            self.is_first = false;
        }
        self.has_looked = names;
        failed.map_or(Ok(()), Err)
    }
}
