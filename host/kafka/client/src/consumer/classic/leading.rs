//! What the leader of a group does: shares out the partitions of all topics that somebody subscribes to.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use forebay_model::TopicName;
use kafka_protocol::protocol::StrBytes;

use super::Classic;
use super::assignor::{Assignor, Joined};
use super::codec::{Subscribed, assignment_to_bytes};
use super::requests::Generation;
use crate::failure::Failure;

impl Classic<'_> {
    /// What each member gets, where this one leads.
    pub(super) async fn lead(&mut self, joined: &Generation) -> Result<Vec<(StrBytes, Bytes)>, Failure> {
        self.counts = None;
        if !joined.is_leader {
            return Ok(Vec::new());
        }
        let members: Vec<_> = joined
            .members
            .iter()
            .map(|(id, instance, said)| Joined {
                id: id.to_string(),
                instance: instance.as_ref().map(StrBytes::to_string),
                // Who says something that nobody understands subscribes to nothing.
                said: Subscribed::parse(said).unwrap_or_default(),
            })
            .collect();
        let topics = members.iter().flat_map(|member| member.said.topics.iter().cloned()).collect();
        let counts = self.count(&topics).await;
        let settings = &self.member.membership.settings;
        let assignor = settings.assignors.iter().find(|assignor| assignor.name() == &*joined.protocol);
        let assignor = assignor.copied().unwrap_or(Assignor::Range);
        let shares = assignor.share(&members, &counts, self.is_cooperative());
        self.counts = Some(counts);
        if joined.skips {
            return Ok(Vec::new());
        }
        let shares =
            shares.into_iter().map(|(id, share)| (StrBytes::from_string(id), assignment_to_bytes(&share)));
        Ok(shares.collect())
    }

    /// How many partitions topics have; those that there are not have none.
    pub(super) async fn count(&self, topics: &BTreeSet<String>) -> BTreeMap<String, i32> {
        let mut counts = BTreeMap::new();
        for topic in topics {
            let Ok(name) = topic.parse::<TopicName>() else { continue };
            if let Ok(known) = self.member.client.topic(&name).await {
                counts.insert(topic.clone(), i32::try_from(known.partitions.len()).unwrap_or(i32::MAX));
            }
        }
        counts
    }
}
