//! Pipes from outputs to inputs of the same process, by their names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::channel::{Receiver, Sender};

/// Pipes by their names. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Pipes(Arc<Mutex<HashMap<String, Pipe>>>);

/// It holds one batch. One whose last reader has gone is closed.
struct Pipe {
    to: Sender,
    from: Receiver,
    readers: usize,
}

/// The end of a pipe that is read.
pub(crate) struct PipeReader {
    name: String,
    pub(crate) from: Receiver,
    pipes: Pipes,
}

impl Pipes {
    /// Where batches go that somebody reads, or will read; none where the last reader has gone.
    pub(crate) fn sender(&self, name: &str) -> Option<Sender> {
        let mut pipes = self.lock();
        let pipe = pipes.entry(name.to_owned()).or_insert_with(Pipe::new);
        (!pipe.to.is_closed()).then(|| pipe.to.clone())
    }

    /// Reads a pipe, beside others who do.
    pub(crate) fn read(&self, name: &str) -> PipeReader {
        let mut pipes = self.lock();
        let pipe = pipes.entry(name.to_owned()).or_insert_with(Pipe::new);
        if pipe.to.is_closed() {
            *pipe = Pipe::new();
        }
        pipe.readers += 1;
        PipeReader { name: name.to_owned(), from: pipe.from.clone(), pipes: self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Pipe>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pipe {
    fn new() -> Self {
        let (to, from) = async_channel::bounded(1);
        Self { to, from, readers: 0 }
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        let left = {
            let mut pipes = self.pipes.lock();
            let Some(pipe) = pipes.get_mut(&self.name) else { return };
            pipe.readers -= 1;
            if pipe.readers > 0 {
                return;
            }
            pipe.from.close();
            pipe.from.clone()
        };
        // Settling may do anything, so nothing is locked meanwhile.
        while let Ok(transaction) = left.try_recv() {
            transaction.decline("nobody reads the pipe any more");
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_pipeline_message::{Batch, Outcome, Transaction};

    use super::*;

    /// A batch, and what becomes of it.
    fn transaction() -> (Transaction, std::sync::mpsc::Receiver<Outcome>) {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let batch = Batch::from_payloads(["a"].map(Some), false);
        (Transaction::new(batch, move |outcome| drop(tell.send(outcome))), told)
    }

    #[test]
    fn a_pipe_whose_last_reader_has_gone_gives_back_what_is_in_it() {
        let pipes = Pipes::default();
        let to = pipes.sender("p").unwrap();
        let (one, other) = (pipes.read("p"), pipes.read("p"));
        let (inside, told) = transaction();
        to.try_send(inside).unwrap();
        drop(one);
        // The other one may still read it.
        assert!(told.try_recv().is_err() && pipes.sender("p").is_some());
        drop(other);
        let Ok(Outcome::Rejected(rejection)) = told.try_recv() else { panic!("it was not given back") };
        assert!(rejection.declined && rejection.reason == "nobody reads the pipe any more");
        assert!(to.is_closed() && pipes.sender("p").is_none());
    }

    #[test]
    fn a_pipe_is_read_again_after_its_last_reader_has_gone() {
        let pipes = Pipes::default();
        let old = pipes.sender("p").unwrap();
        drop(pipes.read("p"));
        let reader = pipes.read("p");
        assert!(old.is_closed());
        let (inside, told) = transaction();
        pipes.sender("p").unwrap().try_send(inside).unwrap();
        reader.from.try_recv().unwrap().acknowledge();
        assert_eq!(told.try_recv(), Ok(Outcome::Acknowledged));
    }
}
