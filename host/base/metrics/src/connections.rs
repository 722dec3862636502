use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Which inputs and outputs of the pipelines of a process are connected.
#[derive(Debug, Clone, Default)]
pub struct Connections(Arc<Mutex<All>>);

#[derive(Debug, Default)]
struct All {
    next: u64,
    states: BTreeMap<u64, ConnectionState>,
}

/// Which end of a pipeline a component is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    Input,
    Output,
}

/// One component and its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionState {
    pub pipeline: String,
    pub side: Side,
    /// Where the component stands in its configuration.
    pub path: String,
    pub is_up: bool,
}

/// The connection of one component, as that itself states it. It is gone when this is dropped.
#[derive(Debug)]
pub struct Connection {
    all: Connections,
    id: u64,
}

impl Connections {
    /// A connection that is not up yet.
    #[must_use]
    pub fn open(&self, pipeline: &str, side: Side, path: &str) -> Connection {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = all.next;
        all.next += 1;
        let (pipeline, path) = (pipeline.to_owned(), path.to_owned());
        all.states.insert(id, ConnectionState { pipeline, side, path, is_up: false });
        Connection { all: self.clone(), id }
    }

    /// All of them, in the order in which they were opened.
    #[must_use]
    pub fn states(&self) -> Vec<ConnectionState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).states.values().cloned().collect()
    }

    /// Whether there are connections on this side, and all of them are up.
    #[must_use]
    pub fn are_up(&self, side: Side) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_side = all.states.values().filter(|state| state.side == side).peekable();
        of_side.peek().is_some() && of_side.all(|state| state.is_up)
    }
}

impl Connection {
    /// States whether it is up.
    pub fn set(&self, is_up: bool) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = all.states.get_mut(&self.id) {
            state.is_up = is_up;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).states.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_up_when_all_of_it_is() {
        let connections = Connections::default();
        assert!(!connections.are_up(Side::Input));
        let [one, other] = ["input.0", "input.1"].map(|path| connections.open("p", Side::Input, path));
        one.set(true);
        assert!(!connections.are_up(Side::Input));
        other.set(true);
        assert!(connections.are_up(Side::Input) && !connections.are_up(Side::Output));
        other.set(false);
        drop(other);
        assert!(connections.are_up(Side::Input));
        drop(one);
        assert!(!connections.are_up(Side::Input) && connections.states().is_empty());
    }
}
