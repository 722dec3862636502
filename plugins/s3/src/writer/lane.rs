use std::collections::{HashMap, VecDeque};

use forebay_sdk::Batch;

use super::Object;

/// Messages of a batch that are put one after the other.
pub(super) struct Lane {
    batch: Batch,
    /// Those that are not put yet, by their indexes.
    waiting: VecDeque<(u32, Object)>,
}

impl Lane {
    /// As many lanes as there is room for, and one at least. Messages for one object share a lane, so that the last of
    /// them is the one that stays.
    pub(super) fn of(batch: &Batch, puts: Vec<(u32, Object)>, room: usize) -> Vec<Self> {
        let room = room.max(1);
        let mut lanes: Vec<Self> = Vec::new();
        let mut lane_of: HashMap<(String, String), usize> = HashMap::new();
        for (index, object) in puts {
            let next = lane_of.len() % room;
            let place = (object.bucket.clone(), object.path.clone());
            let lane = *lane_of.entry(place).or_insert(next);
            match lanes.get_mut(lane) {
                Some(lane) => lane.waiting.push_back((index, object)),
                None => {
                    lanes
                        .push(Self { batch: batch.slice(0..batch.len()), waiting: [(index, object)].into() });
                }
            }
        }
        lanes
    }

    pub(super) fn batch(&self) -> &Batch {
        &self.batch
    }

    pub(super) fn first(&self) -> Option<(u32, &Object)> {
        self.waiting.front().map(|(index, object)| (*index, object))
    }

    pub(super) fn pop(&mut self) -> Option<(u32, Object)> {
        self.waiting.pop_front()
    }

    /// The indexes of all that are not put yet.
    pub(super) fn rest(&self) -> Vec<u32> {
        self.waiting.iter().map(|(index, _)| *index).collect()
    }
}
