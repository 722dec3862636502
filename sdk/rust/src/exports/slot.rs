use std::cell::RefCell;

use serde_json::Value;

use crate::config::{Config, Pointer};
use crate::{Context, Problem};

/// Where the open component of an instance is kept.
pub(super) struct Slot<T: ?Sized>(RefCell<Option<Box<T>>>);

impl<T: ?Sized> Slot<T> {
    pub(super) const fn new() -> Self {
        Self(RefCell::new(None))
    }

    pub(super) fn set(&self, component: Box<T>) {
        self.0.replace(Some(component));
    }

    /// # Panics
    /// When nothing is open: the host breaks the contract.
    pub(super) fn with<R>(&self, call: impl FnOnce(&mut T) -> R) -> R {
        let mut component = self.0.borrow_mut();
        call(component.as_mut().expect("the host opens a component before it calls it"))
    }

    pub(super) fn take(&self) -> Option<Box<T>> {
        self.0.take()
    }
}

/// How a component of a kind is opened; `T` is what all components of the kind have in common.
#[derive(Debug)]
pub struct Entry<T: ?Sized> {
    pub(super) name: &'static str,
    pub(super) open: fn(&str, &Context) -> Result<Box<T>, Problem>,
}

/// Opens the component with this name.
pub(super) fn open<T: ?Sized>(
    entries: &[Entry<T>],
    component: String,
    config: &str,
) -> Result<Box<T>, Problem> {
    super::panics::install();
    let entry = entries
        .iter()
        .find(|entry| entry.name == component)
        .ok_or_else(|| Problem::new(format!("this plugin has no component {component}")))?;
    (entry.open)(config, &Context::new(component))
}

/// Reads a configuration.
pub(super) fn parse<C: Config>(config: &str) -> Result<C, Problem> {
    let json: Value = serde_json::from_str(config)
        .map_err(|error| Problem::new(format!("the configuration is no JSON: {error}")))?;
    C::parse(&json, &Pointer::ROOT)
}
