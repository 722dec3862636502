use super::slot::{self, Slot};
use crate::bindings::capabilities::forebay::plugin::{batches, configuration, operations};
use crate::bindings::outputs::exports::forebay::plugin::outputs as wit;
use crate::operation::Operation;
use crate::output::{Failure, Output, Pending, WriteError, Written};
use crate::{Batch, Context, Error, Problem};

pub type Entry = slot::Entry<dyn Open>;

thread_local! {
    static OPEN: Slot<dyn Open> = const { Slot::new() };
}

/// An [`Output`] as an object.
pub trait Open {
    fn connect(&mut self) -> Result<(), Error>;
    fn write(&mut self, batch: Batch) -> Result<Written, WriteError>;
    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError>;
    fn close(self: Box<Self>);
}

impl<T: Output> Open for T {
    fn connect(&mut self) -> Result<(), Error> {
        Output::connect(self)
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        Output::write(self, batch)
    }

    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        Output::resolve(self, operation)
    }

    fn close(self: Box<Self>) {
        Output::close(*self);
    }
}

pub const fn entry<T: Output>() -> Entry {
    fn open<T: Output>(config: &str, context: &Context) -> Result<Box<dyn Open>, Problem> {
        Ok(Box::new(T::open(slot::parse(config)?, context)?))
    }
    Entry { name: T::NAME, open: open::<T> }
}

pub fn open(entries: &[Entry], component: String, config: &str) -> Result<(), configuration::Problem> {
    let component = slot::open(entries, component, config)?;
    OPEN.with(|slot| slot.set(component));
    Ok(())
}

pub fn connect() -> Result<(), String> {
    OPEN.with(|slot| slot.with(|output| output.connect())).map_err(Error::into_message)
}

pub fn write(batch: batches::Batch) -> Result<wit::Written, wit::WriteError> {
    to_wit(OPEN.with(|slot| slot.with(|output| output.write(batch.into()))))
}

pub fn resolve(operation: operations::Operation) -> Result<wit::Written, wit::WriteError> {
    to_wit(OPEN.with(|slot| slot.with(|output| output.resolve(operation.into()))))
}

pub fn close() {
    if let Some(output) = OPEN.with(Slot::take) {
        output.close();
    }
}

fn to_wit(written: Result<Written, WriteError>) -> Result<wit::Written, wit::WriteError> {
    match written {
        Ok(Written { failed, pending }) => Ok(wit::Written {
            failed: failed
                .into_iter()
                .map(|Failure { reason, messages }| wit::Failure { reason, messages })
                .collect(),
            pending: pending
                .into_iter()
                .map(|Pending { operation, messages, resolve }| wit::Pending {
                    operation: operation.into(),
                    messages,
                    resolve,
                })
                .collect(),
        }),
        Err(WriteError::NotConnected(reason)) => Err(wit::WriteError::NotConnected(reason)),
        Err(WriteError::Failed(reason)) => Err(wit::WriteError::Failed(reason)),
    }
}
