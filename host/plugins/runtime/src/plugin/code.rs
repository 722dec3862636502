//! The compiled code of a plugin: in memory as far as there is a use for it.
//!
//! Few of the plugins that come with the program are used by any one pipeline. What they describe is embedded beside
//! them, and their code, which is most of the memory that a process without pipelines would take, is loaded for their
//! first instance. From then on it stays.

use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::component::InstancePre;

use super::{Embedded, Kinds};
use crate::guest::Guest;
use crate::load::{LoadProblem, Loader};

/// What instances are made of.
pub(crate) struct Code {
    pub(crate) pre: InstancePre<Guest>,
    pub(crate) kinds: Kinds,
}

/// The code of a plugin, or where it can be had from.
pub(crate) enum Keeping {
    /// It is there as long as the plugin is.
    Always(Arc<Code>),
    /// It is there from its first use.
    FromFirstUse { embedded: Embedded, loaded: Mutex<Option<Arc<Code>>> },
}

impl Keeping {
    pub(crate) fn from_first_use(embedded: Embedded) -> Self {
        Self::FromFirstUse { embedded, loaded: Mutex::default() }
    }

    /// The code, which takes milliseconds where this is its first use.
    ///
    /// # Errors
    /// When it can't be loaded, such as on a processor that lacks what it was compiled for.
    pub(crate) fn get(&self, loader: &Loader) -> Result<Arc<Code>, LoadProblem> {
        match self {
            Self::Always(code) => Ok(Arc::clone(code)),
            Self::FromFirstUse { embedded, loaded } => {
                // Who comes meanwhile waits for the same.
                let mut loaded = loaded.lock().unwrap_or_else(PoisonError::into_inner);
                match &*loaded {
                    Some(code) => Ok(Arc::clone(code)),
                    None => Ok(Arc::clone(loaded.insert(Arc::new(loader.embedded_again(embedded)?)))),
                }
            }
        }
    }
}
