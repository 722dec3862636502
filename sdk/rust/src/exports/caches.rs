use std::time::Duration;

use super::slot::{self, Slot};
use crate::bindings::capabilities::forebay::plugin::configuration;
use crate::cache::Cache;
use crate::{Context, Error, Problem};

pub type Entry = slot::Entry<dyn Open>;

thread_local! {
    static OPEN: Slot<dyn Open> = const { Slot::new() };
}

/// A [`Cache`] as an object.
pub trait Open {
    fn connect(&mut self) -> Result<(), Error>;
    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error>;
    fn set(&mut self, key: &str, value: Vec<u8>, expiry: Option<Duration>) -> Result<(), Error>;
    fn add(&mut self, key: &str, value: Vec<u8>, expiry: Option<Duration>) -> Result<bool, Error>;
    fn delete(&mut self, key: &str) -> Result<(), Error>;
    fn close(self: Box<Self>);
}

impl<T: Cache> Open for T {
    fn connect(&mut self) -> Result<(), Error> {
        Cache::connect(self)
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        Cache::get(self, key)
    }

    fn set(&mut self, key: &str, value: Vec<u8>, expiry: Option<Duration>) -> Result<(), Error> {
        Cache::set(self, key, value, expiry)
    }

    fn add(&mut self, key: &str, value: Vec<u8>, expiry: Option<Duration>) -> Result<bool, Error> {
        Cache::add(self, key, value, expiry)
    }

    fn delete(&mut self, key: &str) -> Result<(), Error> {
        Cache::delete(self, key)
    }

    fn close(self: Box<Self>) {
        Cache::close(*self);
    }
}

pub const fn entry<T: Cache>() -> Entry {
    fn open<T: Cache>(config: &str, context: &Context) -> Result<Box<dyn Open>, Problem> {
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
    call(|cache| cache.connect())
}

pub fn get(key: &str) -> Result<Option<Vec<u8>>, String> {
    call(|cache| cache.get(key))
}

pub fn set(key: &str, value: Vec<u8>, nanoseconds: Option<u64>) -> Result<(), String> {
    call(|cache| cache.set(key, value, nanoseconds.map(Duration::from_nanos)))
}

pub fn add(key: &str, value: Vec<u8>, nanoseconds: Option<u64>) -> Result<bool, String> {
    call(|cache| cache.add(key, value, nanoseconds.map(Duration::from_nanos)))
}

pub fn delete(key: &str) -> Result<(), String> {
    call(|cache| cache.delete(key))
}

pub fn close() {
    if let Some(cache) = OPEN.with(Slot::take) {
        cache.close();
    }
}

fn call<R>(call: impl FnOnce(&mut (dyn Open + 'static)) -> Result<R, Error>) -> Result<R, String> {
    OPEN.with(|slot| slot.with(call)).map_err(Error::into_message)
}
