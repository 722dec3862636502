use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::history::{Moment, Recorder, Try};

/// Something that a member of a group did, and what it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum GroupEvent {
    /// A member was told what is its own in a generation, or at an epoch.
    Assigned { member: u32, generation: i32, partitions: Vec<i32> },
    /// A member has read the records from one offset up to before another.
    Consumed { member: u32, partition: i32, from: i64, to: i64 },
    /// What a member has committed was acknowledged.
    Committed { during: Try, member: u32, generation: i32, partition: i32, offset: i64 },
    /// Somebody was told what is committed.
    Told { during: Try, partition: i32, offset: i64 },
}

/// Where members write down what happens. Clones write into the same history.
#[derive(Debug, Clone, Default)]
pub struct GroupRecorder {
    moments: Recorder,
    events: Arc<Mutex<Vec<GroupEvent>>>,
}

impl GroupRecorder {
    /// The moment that this is asked.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.moments.moment()
    }

    pub fn add(&self, event: GroupEvent) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    /// What was written down so far.
    #[must_use]
    pub fn events(&self) -> Vec<GroupEvent> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
