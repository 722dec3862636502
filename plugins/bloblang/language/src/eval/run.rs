//! What one evaluation shares, whatever it is inside of.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::sync::Arc;

use super::documents::Documents;
use crate::failure::Failure;
use crate::limits::{STEPS, STRETCH};
use crate::program::Routine;
use crate::time::Zone;
use crate::value::{Text, Value};
use crate::world::{Messages, Outside};

/// State that a call keeps between runs of the mapping.
#[derive(Debug, Default)]
pub(crate) enum Site {
    #[default]
    Fresh,
    Counter {
        next: i64,
        last: Option<i64>,
        min: i64,
        max: i64,
    },
    Random(u64),
    /// The last identifier: its millisecond and its count within that.
    Snowflake {
        last: i64,
        step: i64,
    },
    /// What was fetched from the outside.
    Fetched(Value),
    /// What a method made out of an argument, which it needs again as long as the argument stays the same.
    Kept {
        argument: Text,
        made: Arc<dyn Any + Send + Sync>,
    },
}

/// One run: a message of a batch, the world, and what the run has used up.
pub(crate) struct Run<'v> {
    pub(crate) messages: &'v dyn Messages,
    /// The message that the run is about.
    pub(crate) index: usize,
    /// The message that is changed, unless that is the one the run is about.
    pub(crate) onto: Option<(&'v dyn Messages, usize)>,
    pub(crate) outside: &'v (dyn Outside + 'v),
    pub(crate) maps: &'v [Routine],
    pub(crate) sites: &'v [RefCell<Site>],
    pub(crate) documents: Documents,
    /// Whether the message itself is changed: what is read of it is then what has become of it.
    pub(crate) live: bool,
    /// Whether what is read of its metadata is what has become of it.
    pub(crate) live_metadata: bool,
    /// The content of a message that is changed, once it has been asked for.
    content: OnceCell<Vec<u8>>,
    steps: Cell<u64>,
    local: OnceCell<Zone>,
}

impl<'v> Run<'v> {
    pub(crate) fn new(
        messages: &'v dyn Messages,
        index: usize,
        outside: &'v (dyn Outside + 'v),
        maps: &'v [Routine],
        sites: &'v [RefCell<Site>],
    ) -> Self {
        Self {
            messages,
            index,
            onto: None,
            outside,
            maps,
            sites,
            documents: Documents::default(),
            live: false,
            live_metadata: false,
            content: OnceCell::new(),
            steps: Cell::new(0),
            local: OnceCell::new(),
        }
    }

    /// The message whose metadata is changed, and those around it.
    pub(crate) fn changed(&self) -> (&'v dyn Messages, usize) {
        self.onto.unwrap_or((self.messages, self.index))
    }

    /// The zone that the world says it is in.
    pub(crate) fn local(&self) -> Zone {
        let known = || self.outside.zone().and_then(|name| Zone::load(&name).ok());
        *self.local.get_or_init(|| known().unwrap_or_default())
    }

    /// The content of a message that is changed, which is made of its document when it is first asked for.
    pub(crate) fn live_content(&self, document: &Value) -> &[u8] {
        self.content.get_or_init(|| {
            let mut content = Vec::new();
            document.write_json(&mut content);
            content
        })
    }

    /// Counts a step, and fails when there were too many.
    pub(crate) fn step(&self) -> Result<(), Failure> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if steps > STEPS {
            return Err(Failure::new(format!("the mapping took more than {STEPS} steps")));
        }
        if steps.is_multiple_of(STRETCH) {
            self.outside.give_way();
        }
        Ok(())
    }

    /// The document of a message, read once; the index may be out of range.
    pub(crate) fn document(&self, index: usize) -> Result<&Value, &str> {
        self.documents.get(self.messages, self.index, index)
    }
}
