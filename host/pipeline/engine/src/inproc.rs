//! Pipes from outputs to inputs of the same process, by their names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use forebay_pipeline_message::Transaction;

/// Pipes by their names. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Pipes(Arc<Mutex<HashMap<String, Pipe>>>);

type Pipe = (async_channel::Sender<Transaction>, async_channel::Receiver<Transaction>);

impl Pipes {
    /// Both ends of a pipe, which holds one batch.
    pub(crate) fn get(&self, name: &str) -> Pipe {
        let mut pipes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pipes.entry(name.to_owned()).or_insert_with(|| async_channel::bounded(1)).clone()
    }
}
