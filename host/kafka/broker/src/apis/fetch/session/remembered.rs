use std::collections::HashMap;

use forebay_kafka_wire::Pieces;
use kafka_protocol::messages::fetch_request::{FetchTopic, ForgottenTopic};
use kafka_protocol::messages::fetch_response::PartitionData;

use crate::apis::fetch::wanted::{Named, Wanted};

/// What a session wants, in the order in which it is served, and what it was told last.
#[derive(Debug)]
pub(super) struct Remembered {
    partitions: HashMap<(Named, i32), Told>,
    /// The place that the next partition gets, behind all others.
    next_place: u64,
}

#[derive(Debug)]
struct Told {
    wanted: Wanted,
    place: u64,
    high_watermark: Option<i64>,
    log_start: i64,
}

impl Remembered {
    pub(super) fn new(wanted: &[Wanted]) -> Self {
        let mut remembered = Self { partitions: HashMap::with_capacity(wanted.len()), next_place: 0 };
        for wanted in wanted {
            remembered.want(wanted.clone());
        }
        remembered
    }

    pub(super) fn len(&self) -> usize {
        self.partitions.len()
    }

    fn want(&mut self, wanted: Wanted) {
        let key = (wanted.topic.clone(), wanted.partition);
        match self.partitions.get_mut(&key) {
            Some(told) => told.wanted = wanted,
            None => {
                let place = self.next_place;
                self.next_place += 1;
                self.partitions.insert(key, Told { wanted, place, high_watermark: None, log_start: -1 });
            }
        }
    }

    pub(super) fn update(&mut self, topics: &[FetchTopic], forgotten: &[ForgottenTopic]) {
        for topic in forgotten {
            let named = Named::new(&topic.topic, topic.topic_id);
            for partition in &topic.partitions {
                self.partitions.remove(&(named.clone(), *partition));
            }
        }
        for wanted in Wanted::all(topics) {
            self.want(wanted);
        }
    }

    /// All partitions in their order.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        let mut told: Vec<_> = self.partitions.values().collect();
        told.sort_unstable_by_key(|told| told.place);
        told.into_iter().map(|told| told.wanted.clone()).collect()
    }

    /// Whether an answer has something that the session was not told yet.
    pub(super) fn tell(&mut self, wanted: &Wanted, data: &PartitionData, records: &Pieces) -> bool {
        let Some(told) = self.partitions.get_mut(&(wanted.topic.clone(), wanted.partition)) else {
            return true;
        };
        let moved =
            told.high_watermark != Some(data.high_watermark) || told.log_start != data.log_start_offset;
        if data.error_code != 0 {
            // Told again for as long as it lasts, and the bounds after it.
            told.high_watermark = None;
            return true;
        }
        told.high_watermark = Some(data.high_watermark);
        told.log_start = data.log_start_offset;
        !records.is_empty() || moved
    }

    /// What was served waits behind what was not, the next time.
    pub(super) fn move_back(&mut self, served: &[&Wanted]) {
        for wanted in served {
            if let Some(told) = self.partitions.get_mut(&(wanted.topic.clone(), wanted.partition)) {
                told.place = self.next_place;
                self.next_place += 1;
            }
        }
    }
}
