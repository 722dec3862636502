//! What becomes of batches that were sent.

use std::collections::BTreeMap;

use forebay_model::Offset;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{ApiKey, ProduceResponse};

use super::super::Acks;
use super::super::queues::{Batch, Reset};
use super::{Sending, batch_of, suited};
use crate::failure::Failure;
use crate::topic_partition::TopicPartition;

/// What is done about a batch that was not taken.
enum Remedy {
    /// It is there: it was sent twice.
    Taken,
    Again,
    /// The broker has lost track of the producer, or knows another one by its name.
    AgainAsAnother(Reset),
    InHalves,
    None,
}

impl Sending {
    pub(super) fn answered(
        &mut self,
        broker: i32,
        sent: &[(TopicPartition, u64)],
        result: Result<ProduceResponse, Failure>,
    ) {
        let api = ApiKey::Produce;
        let response = match result {
            Ok(response) => response,
            Err(reason) => {
                // Brokers may be of another version when they are back.
                self.versions.remove(&broker);
                for (partition, number) in sent {
                    self.not_taken(broker, (partition, *number), reason.clone());
                }
                return;
            }
        };
        let is_unanswered = !self.settings.idempotent && self.settings.acks == Acks::None;
        let mut told = BTreeMap::new();
        for topic in response.responses {
            for answered in topic.partition_responses {
                told.insert((topic.name.to_string(), answered.index), answered);
            }
        }
        for (partition, number) in sent {
            let key = (partition.topic.as_str().to_owned(), partition.partition.get());
            let outcome = match told.remove(&key) {
                _ if is_unanswered => Ok(None),
                None => Err(Failure::Missing { api }),
                Some(told) => Failure::check(api, told.error_code, told.error_message.as_deref())
                    .map(|()| Offset::new(told.base_offset).ok()),
            };
            match outcome {
                Ok(base) => self.taken((partition, *number), base),
                Err(reason) => self.not_taken(broker, (partition, *number), reason),
            }
        }
    }

    fn taken(&self, (partition, number): (&TopicPartition, u64), base: Option<Offset>) {
        let mut state = self.shared.lock();
        let Some(queue) = state.queues.get_mut(partition) else { return };
        queue.in_flight = queue.in_flight.saturating_sub(1);
        queue.is_proven = true;
        queue.backoff.reset();
        let batch = queue.remove(number);
        drop(state);
        if let Some(batch) = batch {
            self.shared.finish(partition, batch, &Ok(base));
        }
    }

    fn not_taken(&mut self, broker: i32, (partition, number): (&TopicPartition, u64), reason: Failure) {
        let mut state = self.shared.lock();
        let is_first = state
            .queues
            .get(partition)
            .is_some_and(|queue| queue.batches.front().is_some_and(|first| first.number == number));
        let Some(batch) = batch_of(&mut state, partition, number) else {
            // It was given up; its place among those under way is free.
            if let Some(queue) = state.queues.get_mut(partition) {
                queue.in_flight = queue.in_flight.saturating_sub(1);
            }
            return;
        };
        let remedy = remedy(&reason, batch, is_first);
        batch.is_in_flight = false;
        batch.last = Some((Some(broker), reason.clone()));
        let Some(queue) = state.queues.get_mut(partition) else { return };
        queue.in_flight = queue.in_flight.saturating_sub(1);
        match remedy {
            Remedy::Taken => {
                // It counts as answered with the next line.
                queue.in_flight += 1;
                drop(state);
                self.taken((partition, number), None);
            }
            Remedy::Again | Remedy::AgainAsAnother(_) => {
                if let Remedy::AgainAsAnother(reset) = remedy {
                    let reset = suited(&mut self.identity, queue, reset);
                    queue.reset(reset);
                }
                queue.is_retrying = true;
                queue.leader = None;
                queue.pause();
                self.client.parts.metadata.is_wrong(&partition.topic);
            }
            Remedy::InHalves => {
                queue.is_retrying = true;
                state.halve(partition, number);
            }
            Remedy::None => {
                drop(state);
                self.fail(partition, number, Some(broker), reason);
            }
        }
    }
}

fn remedy(reason: &Failure, batch: &Batch, is_first: bool) -> Remedy {
    match reason.code() {
        Some(ResponseError::DuplicateSequenceNumber) => Remedy::Taken,
        // A batch before it was not taken yet: in their order they will be.
        Some(ResponseError::OutOfOrderSequenceNumber) if !is_first => Remedy::Again,
        Some(ResponseError::OutOfOrderSequenceNumber | ResponseError::UnknownProducerId) => {
            Remedy::AgainAsAnother(Reset::Epoch)
        }
        Some(
            ResponseError::InvalidProducerEpoch
            | ResponseError::InvalidProducerIdMapping
            | ResponseError::ProducerFenced,
        ) => Remedy::AgainAsAnother(Reset::Id),
        Some(ResponseError::MessageTooLarge) if batch.entries.len() > 1 => Remedy::InHalves,
        _ if reason.is_retriable() => Remedy::Again,
        _ => Remedy::None,
    }
}
