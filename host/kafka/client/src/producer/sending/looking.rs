//! How topics are looked for that are not known: several with one request, and again after a pause.

use std::sync::Arc;

use forebay_model::TopicName;
use tokio::time::Instant;

use super::{Outcome, Running, Sending};
use crate::failure::Failure;
use crate::metadata::TopicMetadata;

impl Sending {
    /// Looks for topics that records wait for: when to look again, or to give records up.
    pub(super) fn look(&mut self, running: &mut Running) -> Option<Instant> {
        let mut state = self.shared.lock();
        let late = state.unknown.late(&self.settings);
        let given_up = state.unknown.given_up(&self.settings);
        let due = if self.is_looking { Vec::new() } else { state.unknown.due() };
        self.is_looking |= !due.is_empty();
        // The end of a look wakes by itself.
        let next = state.unknown.next().filter(|_| !self.is_looking);
        drop(state);
        for (topic, refused) in late {
            self.shared.refuse(&topic, refused);
        }
        if !due.is_empty() {
            let (client, creates) = (self.client.clone(), self.settings.creates_topics);
            running.push(Box::pin(async move {
                Outcome::Looked(client.parts.metadata.topics(&client, due, creates).await)
            }));
        }
        [given_up, next].into_iter().flatten().min()
    }

    pub(super) fn looked(&self, name: &TopicName, found: Result<Arc<TopicMetadata>, Failure>) {
        let found = match found {
            Ok(topic) if topic.partitions.is_empty() => {
                self.client.parts.metadata.is_wrong(name);
                Err(Failure::NoLeader)
            }
            found => found,
        };
        let refused = self.shared.lock().found(&self.settings, name, found);
        self.shared.refuse(name, refused);
    }
}
