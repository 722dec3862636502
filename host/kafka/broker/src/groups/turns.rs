use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use forebay_model::GroupId;

type Turn = tokio::sync::Mutex<()>;

/// From how many on those that nobody holds are thrown away.
const TIDY: usize = 1_024;

/// Whose turn it is to change a group, on this agent: otherwise members that join at the same time would be in each
/// other's way all the time. Between agents the store decides.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<GroupId, Weak<Turn>>>);

impl Turns {
    pub(super) fn of(&self, id: &GroupId) -> Arc<Turn> {
        // Nothing in here panics half way.
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(id).and_then(Weak::upgrade) {
            return turn;
        }
        if turns.len() >= TIDY {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::new(Turn::default());
        turns.insert(id.clone(), Arc::downgrade(&turn));
        turn
    }
}
