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
