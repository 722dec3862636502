use super::slot::{self, Slot};
use crate::bindings::capabilities::forebay::plugin::configuration;
use crate::bindings::inputs::exports::forebay::plugin::inputs as wit;
use crate::input::{ArrivedStream, Event, Input, Outcome, Settlement};
use crate::{Batch, Context, Error, Problem};

pub type Entry = slot::Entry<dyn Open>;

thread_local! {
    static OPEN: Slot<dyn Open> = const { Slot::new() };
}

/// An [`Input`] as an object.
pub trait Open {
    fn connect(&mut self) -> Result<(), Error>;
    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error>;
    fn close(self: Box<Self>, settled: Vec<Settlement>);
}

impl<T: Input> Open for T {
    fn connect(&mut self) -> Result<(), Error> {
        Input::connect(self)
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        Input::read(self, settled)
    }

    fn close(self: Box<Self>, settled: Vec<Settlement>) {
        Input::close(*self, settled);
    }
}

pub const fn entry<T: Input>() -> Entry {
    fn open<T: Input>(config: &str, context: &Context) -> Result<Box<dyn Open>, Problem> {
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
    OPEN.with(|slot| slot.with(|input| input.connect())).map_err(Error::into_message)
}

pub fn read(settled: Vec<wit::Settlement>) -> Result<wit::Event, String> {
    let settled = settled.into_iter().map(settlement).collect();
    match OPEN.with(|slot| slot.with(|input| input.read(settled))) {
        Ok(event) => Ok(to_wit(event)),
        Err(error) => Err(error.into_message()),
    }
}

pub fn close(settled: Vec<wit::Settlement>) {
    if let Some(input) = OPEN.with(Slot::take) {
        input.close(settled.into_iter().map(settlement).collect());
    }
}

fn settlement(wit::Settlement { token, outcome, responses }: wit::Settlement) -> Settlement {
    let outcome = match outcome {
        wit::Outcome::Acknowledged => Outcome::Acknowledged,
        wit::Outcome::Rejected(wit::Rejection { reason, messages }) => Outcome::Rejected { reason, messages },
    };
    Settlement { token, outcome, responses: responses.into_iter().map(Batch::from).collect() }
}

fn to_wit(event: Event) -> wit::Event {
    match event {
        Event::Batch { token, batch } => wit::Event::Batch(wit::ArrivedBatch { token, batch: batch.into() }),
        Event::Stream(ArrivedStream { token, source, name, metadata }) => {
            wit::Event::Stream(wit::ArrivedStream {
                token,
                source: source.into(),
                name,
                metadata: metadata.0,
            })
        }
        Event::Idle => wit::Event::Idle,
        Event::Ended => wit::Event::Ended,
        Event::NotConnected(reason) => wit::Event::NotConnected(reason),
    }
}
