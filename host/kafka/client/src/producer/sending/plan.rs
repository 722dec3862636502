use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use forebay_model::TopicName;
use tokio::time::Instant;

use super::super::queues::{Batch, Queue, Ready};
use super::{MOST_REQUESTS, Sending, compression};
use crate::failure::Failure;
use crate::topic_partition::TopicPartition;

/// What can be sent now.
#[derive(Default)]
pub(super) struct Plan {
    /// By broker.
    pub requests: BTreeMap<i32, Request>,
    /// Topics whose leaders are not known.
    pub unknown: BTreeSet<TopicName>,
    /// Batches that can't be made.
    pub failed: Vec<(TopicPartition, u64, Failure)>,
    /// When to look again, at the latest.
    pub wake: Option<Instant>,
}

/// What a broker is sent.
pub(super) struct Request {
    /// None where the broker is to be asked for one first.
    pub version: Option<i16>,
    /// Before compression.
    bytes: usize,
    pub ready: Vec<Ready>,
}

impl Plan {
    /// Marks what it names as being under way.
    pub(super) fn of(sending: &Sending) -> Self {
        let settings = &sending.settings;
        let mut plan = Self::default();
        let mut state = sending.shared.lock();
        let (now, is_urgent) = (Instant::now(), state.is_urgent());
        let due = |batch: &Batch| is_urgent || batch.created + settings.linger <= now;
        let mut ended = Vec::new();
        for (partition, queue) in &mut state.queues {
            // One that is under way is given up when its request is.
            let Some(first) = queue.batches.iter().find(|batch| !batch.is_in_flight) else { continue };
            plan.wake_at(first.created + settings.delivery_timeout);
            if let Some(not_before) = queue.not_before.filter(|not_before| *not_before > now) {
                plan.wake_at(not_before);
                continue;
            }
            let Some(index) = queue.next(settings, due) else {
                if let Some(open) = queue.batches.back().filter(|open| !open.is_in_flight && !due(open)) {
                    plan.wake_at(open.created + settings.linger);
                }
                continue;
            };
            let Some(broker) = queue.leader else {
                plan.unknown.insert(partition.topic.clone());
                continue;
            };
            let version = match sending.versions.get(&broker) {
                None => None,
                // It is asked.
                Some(None) => continue,
                Some(version) => *version,
            };
            queue.identity = queue.identity.or(sending.identity);
            let may_send = !settings.idempotent || queue.identity.is_some();
            let is_busy = sending.in_flight.get(&broker).is_some_and(|requests| *requests >= MOST_REQUESTS);
            if !may_send || is_busy {
                // What is asked or not answered yet wakes by itself; asking again does not.
                if let Some(not_before) = sending.not_before.filter(|_| !may_send && !sending.is_identifying)
                {
                    plan.wake_at(not_before);
                }
                continue;
            }
            if plan.put(sending, (broker, version), (partition, queue), index) {
                ended.push(partition.clone());
            }
        }
        for partition in ended {
            state.batch_ended(&partition, settings);
        }
        plan
    }

    /// Puts a batch into the request to its broker: whether it is in there now.
    fn put(
        &mut self,
        sending: &Sending,
        (broker, version): (i32, Option<i16>),
        (partition, queue): (&TopicPartition, &mut Queue),
        index: usize,
    ) -> bool {
        let request = || Request { version, bytes: 0, ready: Vec::new() };
        let request = self.requests.entry(broker).or_insert_with(request);
        let next = queue.next_sequence;
        let (Some(version), Some(batch)) = (version, queue.batches.get_mut(index)) else { return false };
        if request.bytes > 0 && request.bytes + batch.bytes > sending.settings.broker_write_max_bytes {
            // With the next request.
            self.wake_at(Instant::now());
            return false;
        }
        let sequence = queue.identity.map(|_| batch.sequence.unwrap_or(next));
        if batch.sequence.is_none() && sequence.is_some() {
            queue.next_sequence = next.advanced(batch.count());
        }
        batch.sequence = sequence;
        match batch.build(compression(&sending.settings, version), queue.identity) {
            Ok(bytes) => {
                (batch.is_closed, batch.is_in_flight) = (true, true);
                request.bytes += batch.bytes;
                request.ready.push(Ready { partition: partition.clone(), number: batch.number, bytes });
                queue.in_flight += 1;
                if queue.batches.iter().any(|batch| !batch.is_in_flight) {
                    self.wake_at(Instant::now());
                }
                true
            }
            Err(reason) => {
                self.failed.push((partition.clone(), batch.number, Failure::Build(Arc::new(reason))));
                false
            }
        }
    }

    fn wake_at(&mut self, time: Instant) {
        self.wake = Some(self.wake.map_or(time, |known| known.min(time)));
    }
}
