use std::time::Duration;

use forebay_sdk::streams::ByteStream;
use forebay_sdk::{
    Batch, Cache, Context, Error, Event, Input, MappingLanguage, MappingText, Output, Problem, Processed,
    Scanned, Scanner, Settlement, WriteError, Written,
};

use crate::how::{Stuck, stick};

pub(crate) struct StuckInput(Stuck);

impl Input for StuckInput {
    const NAME: &'static str = "stuck_input";
    type Config = Stuck;

    fn open(stuck: Stuck, _: &Context) -> Result<Self, Problem> {
        stuck.here("open");
        Ok(Self(stuck))
    }

    fn connect(&mut self) -> Result<(), Error> {
        self.0.here("connect");
        Ok(())
    }

    fn read(&mut self, _: Vec<Settlement>) -> Result<Event, Error> {
        self.0.here("read");
        Ok(Event::Idle)
    }

    fn close(self, _: Vec<Settlement>) {
        self.0.here("close");
    }
}

pub(crate) struct StuckOutput(Stuck);

impl Output for StuckOutput {
    const NAME: &'static str = "stuck_output";
    type Config = Stuck;

    fn open(stuck: Stuck, _: &Context) -> Result<Self, Problem> {
        stuck.here("open");
        Ok(Self(stuck))
    }

    fn connect(&mut self) -> Result<(), Error> {
        self.0.here("connect");
        Ok(())
    }

    fn write(&mut self, _: Batch) -> Result<Written, WriteError> {
        self.0.here("write");
        Ok(Written::all())
    }

    fn close(self) {
        self.0.here("close");
    }
}

pub(crate) struct StuckScanner(Stuck);

impl Scanner for StuckScanner {
    const NAME: &'static str = "stuck_scanner";
    type Config = Stuck;

    fn open(stuck: Stuck, _: &Context) -> Result<Self, Problem> {
        stuck.here("open");
        Ok(Self(stuck))
    }

    fn begin(&mut self, _: ByteStream, _: &str) -> Result<(), Error> {
        self.0.here("begin");
        Ok(())
    }

    fn next(&mut self) -> Result<Scanned, Error> {
        self.0.here("next");
        Ok(Scanned::Ended)
    }
}

pub(crate) struct StuckCache(Stuck);

impl Cache for StuckCache {
    const NAME: &'static str = "stuck_cache";
    type Config = Stuck;

    fn open(stuck: Stuck, _: &Context) -> Result<Self, Problem> {
        stuck.here("open");
        Ok(Self(stuck))
    }

    fn get(&mut self, _: &str) -> Result<Option<Vec<u8>>, Error> {
        self.0.here("get");
        Ok(None)
    }

    fn set(&mut self, _: &str, _: Vec<u8>, _: Option<Duration>) -> Result<(), Error> {
        self.0.here("set");
        Ok(())
    }

    fn add(&mut self, _: &str, _: Vec<u8>, _: Option<Duration>) -> Result<bool, Error> {
        self.0.here("add");
        Ok(true)
    }

    fn delete(&mut self, _: &str) -> Result<(), Error> {
        self.0.here("delete");
        Ok(())
    }
}

/// A language whose texts say where to get stuck: `compile`, `run` or `evaluate`.
pub(crate) struct StuckLanguage(String);

impl MappingLanguage for StuckLanguage {
    const NAME: &'static str = "stuck_language";

    fn compile(MappingText { source, .. }: MappingText<'_>) -> Result<Self, Problem> {
        if source == "compile" {
            stick("loop");
        }
        Ok(Self(source.to_owned()))
    }

    fn run(&mut self, batch: Batch) -> Processed {
        if self.0 == "run" {
            stick("loop");
        }
        batch.into()
    }

    fn evaluate(&mut self, batch: &Batch) -> Batch {
        if self.0 == "evaluate" {
            stick("loop");
        }
        batch.slice(0..batch.len())
    }
}
