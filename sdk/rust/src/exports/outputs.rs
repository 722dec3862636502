use super::slot::{self, Slot};
use crate::bindings::capabilities::forebay::plugin::{batches, configuration, operations};
use crate::bindings::outputs::exports::forebay::plugin::outputs as wit;
use crate::operation::Operation;
use crate::output::{Failure, Output, Pending, StreamingOutput, WriteError, Written};
use crate::streams::ByteStream;
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

    /// As [`StreamingOutput::write_stream`], of outputs that have it.
    fn write_stream(&mut self, head: Batch, payload: ByteStream) -> Result<Written, WriteError>;
}

type WriteStream<T> = fn(&mut T, Batch, ByteStream) -> Result<Written, WriteError>;

/// An output, and how it takes streams.
struct Opened<T> {
    output: T,
    write_stream: WriteStream<T>,
}

impl<T: Output> Open for Opened<T> {
    fn connect(&mut self) -> Result<(), Error> {
        self.output.connect()
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        self.output.write(batch)
    }

    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        self.output.resolve(operation)
    }

    fn close(self: Box<Self>) {
        self.output.close();
    }

    fn write_stream(&mut self, head: Batch, payload: ByteStream) -> Result<Written, WriteError> {
        (self.write_stream)(&mut self.output, head, payload)
    }
}

pub const fn entry<T: Output>() -> Entry {
    fn open<T: Output>(config: &str, context: &Context) -> Result<Box<dyn Open>, Problem> {
        let output = T::open(slot::parse(config)?, context)?;
        let none = |_: &mut T, _, _| Err(WriteError::Failed("this output takes no streams".to_owned()));
        Ok(Box::new(Opened { output, write_stream: none }))
    }
    Entry { name: T::NAME, open: open::<T> }
}

pub const fn streaming_entry<T: StreamingOutput>() -> Entry {
    fn open<T: StreamingOutput>(config: &str, context: &Context) -> Result<Box<dyn Open>, Problem> {
        let output = T::open(slot::parse(config)?, context)?;
        Ok(Box::new(Opened { output, write_stream: T::write_stream }))
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

pub(super) fn write_stream(head: Batch, payload: ByteStream) -> Result<Written, WriteError> {
    OPEN.with(|slot| slot.with(|output| output.write_stream(head, payload)))
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
