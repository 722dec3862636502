use super::slot::{self, Slot};
use crate::bindings::capabilities::forebay::plugin::{configuration, streams};
use crate::bindings::scanners::exports::forebay::plugin::scanners as wit;
use crate::scanner::{Scanned, Scanner};
use crate::streams::ByteStream;
use crate::{Context, Error, Problem};

pub type Entry = slot::Entry<dyn Open>;

thread_local! {
    static OPEN: Slot<dyn Open> = const { Slot::new() };
}

/// A [`Scanner`] as an object.
pub trait Open {
    fn begin(&mut self, source: ByteStream, name: &str) -> Result<(), Error>;
    fn next(&mut self) -> Result<Scanned, Error>;
    fn close(self: Box<Self>);
}

impl<T: Scanner> Open for T {
    fn begin(&mut self, source: ByteStream, name: &str) -> Result<(), Error> {
        Scanner::begin(self, source, name)
    }

    fn next(&mut self) -> Result<Scanned, Error> {
        Scanner::next(self)
    }

    fn close(self: Box<Self>) {
        Scanner::close(*self);
    }
}

pub const fn entry<T: Scanner>() -> Entry {
    fn open<T: Scanner>(config: &str, context: &Context) -> Result<Box<dyn Open>, Problem> {
        Ok(Box::new(T::open(slot::parse(config)?, context)?))
    }
    Entry { name: T::NAME, open: open::<T> }
}

pub fn open(entries: &[Entry], component: String, config: &str) -> Result<(), configuration::Problem> {
    let component = slot::open(entries, component, config)?;
    OPEN.with(|slot| slot.set(component));
    Ok(())
}

pub fn begin(source: streams::ByteStream, name: &str) -> Result<(), String> {
    OPEN.with(|slot| slot.with(|scanner| scanner.begin(source.into(), name))).map_err(Error::into_message)
}

pub fn next() -> Result<wit::Scanned, String> {
    match OPEN.with(|slot| slot.with(|scanner| scanner.next())) {
        Ok(Scanned::Batch(batch)) => Ok(wit::Scanned::Batch(batch.into())),
        Ok(Scanned::Idle) => Ok(wit::Scanned::Idle),
        Ok(Scanned::Ended) => Ok(wit::Scanned::Ended),
        Err(error) => Err(error.into_message()),
    }
}

pub fn close() {
    if let Some(scanner) = OPEN.with(Slot::take) {
        scanner.close();
    }
}
