use super::slot::{self, Slot};
use crate::bindings::capabilities::forebay::plugin::{batches, configuration, operations};
use crate::bindings::processors::exports::forebay::plugin::processors as wit;
use crate::operation::Operation;
use crate::processor::{IncrementalProcessor, Processing, Processor};
use crate::streams::ByteSink;
use crate::{Batch, Context, Error, Problem, StreamMetadata};

pub type Entry = slot::Entry<dyn Open>;

thread_local! {
    static OPEN: Slot<dyn Open> = const { Slot::new() };
}

/// A [`Processor`] as an object.
pub trait Open {
    fn process(&mut self, batch: Batch) -> Result<Processing, Error>;
    fn resume(&mut self, operation: Operation) -> Result<Processing, Error>;
    fn close(self: Box<Self>);

    /// The incremental form, of processors that have one.
    fn incremental(&mut self) -> Option<&mut dyn Incremental>;
}

/// An [`IncrementalProcessor`] as an object.
pub trait Incremental {
    fn begin(&mut self, sink: ByteSink) -> Result<(), Error>;
    fn add(&mut self, slice: &Batch) -> Result<(), Error>;
    fn finish(&mut self) -> Result<StreamMetadata, Error>;
    fn abort(&mut self);
}

impl<T: IncrementalProcessor> Incremental for T {
    fn begin(&mut self, sink: ByteSink) -> Result<(), Error> {
        IncrementalProcessor::begin(self, sink)
    }

    fn add(&mut self, slice: &Batch) -> Result<(), Error> {
        IncrementalProcessor::add(self, slice)
    }

    fn finish(&mut self) -> Result<StreamMetadata, Error> {
        IncrementalProcessor::finish(self)
    }

    fn abort(&mut self) {
        IncrementalProcessor::abort(self);
    }
}

/// A processor, and how to see it as an incremental one.
struct Opened<T> {
    processor: T,
    incremental: fn(&mut T) -> Option<&mut dyn Incremental>,
}

impl<T: Processor> Open for Opened<T> {
    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        self.processor.process(batch)
    }

    fn resume(&mut self, operation: Operation) -> Result<Processing, Error> {
        self.processor.resume(operation)
    }

    fn close(self: Box<Self>) {
        self.processor.close();
    }

    fn incremental(&mut self) -> Option<&mut dyn Incremental> {
        (self.incremental)(&mut self.processor)
    }
}

pub const fn entry<T: Processor>() -> Entry {
    fn open<T: Processor>(config: &str, context: &Context) -> Result<Box<dyn Open>, Problem> {
        let processor = T::open(slot::parse(config)?, context)?;
        Ok(Box::new(Opened { processor, incremental: |_| None }))
    }
    Entry { name: T::NAME, open: open::<T> }
}

pub const fn incremental_entry<T: IncrementalProcessor>() -> Entry {
    fn open<T: IncrementalProcessor>(config: &str, context: &Context) -> Result<Box<dyn Open>, Problem> {
        let processor = T::open(slot::parse(config)?, context)?;
        Ok(Box::new(Opened { processor, incremental: |processor: &mut T| Some(processor) }))
    }
    Entry { name: T::NAME, open: open::<T> }
}

pub fn open(entries: &[Entry], component: String, config: &str) -> Result<(), configuration::Problem> {
    let component = slot::open(entries, component, config)?;
    OPEN.with(|slot| slot.set(component));
    Ok(())
}

pub fn process(batch: batches::Batch) -> Result<wit::Processing, String> {
    to_wit(OPEN.with(|slot| slot.with(|processor| processor.process(batch.into()))))
}

pub fn resume(operation: operations::Operation) -> Result<wit::Processing, String> {
    to_wit(OPEN.with(|slot| slot.with(|processor| processor.resume(operation.into()))))
}

pub fn close() {
    if let Some(processor) = OPEN.with(Slot::take) {
        processor.close();
    }
}

/// # Panics
/// When the open processor has no incremental form: the host breaks the contract.
pub(super) fn with_incremental<R>(call: impl FnOnce(&mut dyn Incremental) -> R) -> R {
    OPEN.with(|slot| {
        slot.with(|processor| {
            call(processor.incremental().expect("the description says which processors are incremental"))
        })
    })
}

fn to_wit(processing: Result<Processing, Error>) -> Result<wit::Processing, String> {
    match processing {
        Ok(Processing::Done(results)) => {
            Ok(wit::Processing::Done(results.into_iter().map(batches::Processed::from).collect()))
        }
        Ok(Processing::Pending(operation)) => Ok(wit::Processing::Pending(operation.into())),
        Err(error) => Err(error.into_message()),
    }
}
