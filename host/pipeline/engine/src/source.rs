//! The task that reads the input.
//!
//! When a newer build of the input's plugin is there, the task stops reading, waits until nothing is in
//! flight, closes the old instance with the last settlements and goes on with the new one: tokens belong
//! to the instance that gave them out.

mod handover;
mod rejected;

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::Backoff;
use forebay_pipeline_message::{Batch, ResponseStore, Transaction};
use forebay_plugins_api::{Components, Event, Input, Scanner, Setup, Stream, Token, Wakes};

use crate::budget::Reading;
use crate::channel::{Sender, hand_on};
use crate::drain::{Drain, MOST_DRAINING};
use crate::flight::{Again, Flight, Settlements, Sky, StreamFlight, StreamKind};
use crate::idle::Idle;
use crate::intake::OptionalIntake;
use crate::meters::InputMeter;
use crate::reread::Left;
use crate::scan::Scan;
pub(crate) use handover::{Kept, hurry_on_handovers};

/// Pauses between tries to connect or to open again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Reads an input until it ends or the pipeline stops.
pub(crate) struct Source {
    pub(crate) components: Arc<dyn Components>,
    pub(crate) setup: Setup,
    pub(crate) input: Box<dyn Input>,
    pub(crate) scanner: Option<Box<dyn Scanner>>,
    /// Who sends failed messages again.
    pub(crate) again: Again,
    /// Whether the input could do that.
    pub(crate) rereads: bool,
    /// Whether the input takes responses to its batches.
    pub(crate) responds: bool,
    pub(crate) sky: Arc<Sky>,
    pub(crate) intake: OptionalIntake,
    pub(crate) to: Sender,
    pub(crate) idle: Idle,
    /// Dropped when it hands out no more.
    pub(crate) reading: Option<Reading>,
    /// Whether nothing is read any more but what was rejected.
    pub(crate) is_ending: bool,
    /// What it has given already.
    pub(crate) kept: Kept,
}

/// What to do after an event.
enum Next {
    Read,
    /// The instance is of no more use.
    Reopen(String),
    Reconnect(String),
    End,
}

impl Source {
    /// Reads until the end, then waits until everything is settled, and closes the input.
    pub(crate) async fn run(mut self) {
        let wakes = Arc::clone(&self.setup.wakes);
        let meter = InputMeter::of(&self.components.metrics(), &self.components.tracer(), &self.setup);
        let mut settlements = Settlements::new(&wakes, &meter);
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut connected = false;
        let mut drain = Drain::default();
        let mut is_open = true;
        while !wakes.pending().shutdown {
            // Tokens that are kept are of the old instance.
            if self.kept.is_empty()
                && drain.may_begin()
                && self.input.prepare().await
                && drain.is_over(&self.sky, &self.setup.path, &wakes).await
            {
                self.input.take_over(settlements.take()).await;
                settlements = Settlements::new(&wakes, &meter);
                connected = false;
                continue;
            }
            if !connected {
                connected = self.connect(&mut backoff, &wakes, &meter).await;
                continue;
            }
            match self.step(&settlements, &wakes).await {
                Next::Read => backoff.reset(),
                Next::End if self.again == Again::Input => {
                    self.sky.empty().await;
                    if !settlements.has_rejected() {
                        break;
                    }
                }
                Next::End => break,
                Next::Reconnect(reason) => {
                    tracing::error!(path = self.setup.path, reason, "input is not connected");
                    meter.connection().lost();
                    connected = false;
                    pause(&mut backoff, &wakes).await;
                }
                Next::Reopen(reason) => {
                    tracing::error!(path = self.setup.path, reason, "input failed and is opened again");
                    meter.connection().lost();
                    connected = false;
                    pause(&mut backoff, &wakes).await;
                    settled_soon(&self.sky, &self.setup.path, &wakes).await;
                    self.input.close(settlements.take()).await;
                    settlements = Settlements::new(&wakes, &meter);
                    is_open = self.reopen(&mut backoff, &wakes).await;
                }
            }
        }
        drop(self.reading.take());
        self.sky.empty().await;
        if self.again == Again::Input && is_open && !self.deliver_rejected(&settlements, &meter).await {
            tracing::error!(
                path = self.setup.path,
                "stopped with messages that were rejected and not read again"
            );
            self.sky.note_incomplete();
        }
        if is_open {
            self.input.close(settlements.take()).await;
        }
        if let Some(scanner) = &mut self.scanner {
            scanner.close().await;
        }
    }

    async fn step(&mut self, settlements: &Arc<Settlements>, wakes: &Wakes) -> Next {
        let sky = &self.sky;
        let room = async {
            tokio::select! {
                biased;
                () = wakes.wait_for_shutdown() => {}
                () = sky.room() => {}
            }
        };
        self.kept.while_waiting(self.input.as_mut(), settlements, wakes, room).await;
        if wakes.pending().shutdown {
            return Next::Read;
        }
        let event = match self.kept.take() {
            Some(event) => event,
            None => self.input.read(settlements.take()).await,
        };
        match event {
            Ok(Event::Idle) => {
                self.idle.pause().await;
                Next::Read
            }
            Ok(Event::Ended) => Next::End,
            Ok(Event::NotConnected(reason)) => Next::Reconnect(reason),
            Ok(Event::Batch(token, batch)) => {
                let taking_in = take_in(&self.intake, &batch, wakes);
                self.kept.while_waiting(self.input.as_mut(), settlements, wakes, taking_in).await;
                if let Some(transaction) = self.transaction(token, batch, settlements) {
                    let handing_on = hand_on(&self.to, transaction);
                    self.kept.while_waiting(self.input.as_mut(), settlements, wakes, handing_on).await;
                }
                Next::Read
            }
            Ok(Event::Stream(token, stream)) => {
                self.scan(token, stream, settlements, wakes).await;
                Next::Read
            }
            Err(error) => Next::Reopen(error.to_string()),
        }
    }

    async fn scan(&mut self, token: Token, stream: Stream, settlements: &Arc<Settlements>, wakes: &Wakes) {
        let left = stream.again.and_then(|token| settlements.take_left(token));
        let left = if self.is_ending { left.map(Left::without_rest) } else { left };
        let (again, kind) = match self.again {
            Again::Input if stream.source.comes_again() => (Again::Input, StreamKind::ReadAgain),
            Again::Input => (Again::Host, StreamKind::ReadOnce),
            other if self.rereads => (other, StreamKind::ReadOnce),
            other => (other, StreamKind::Final),
        };
        if let Some(left) = &left {
            tokio::select! {
                biased;
                () = wakes.wait_for_shutdown() => {}
                () = tokio::time::sleep(left.pause()) => {}
            }
        }
        let is_unwanted = self.is_ending && left.is_none();
        let flight = StreamFlight::new(token, settlements, kind, left);
        if is_unwanted {
            flight.stop_at(0, "the pipeline stopped before the stream was read");
            return;
        }
        let Some(mut scanner) = self.scanner.take() else {
            let reason = "the input returned a stream, but its configuration has no scanner";
            tracing::error!(path = self.setup.path, reason);
            self.sky.note_incomplete();
            flight.fail(reason.to_owned());
            return;
        };
        if let Some(mut scan) = Scan::begin(scanner.as_mut(), stream, flight, &self.sky).await {
            let mut last = None;
            while let Some(batch) = scan.next(scanner.as_mut(), wakes).await {
                last = Some(batch.clone());
                take_in(&self.intake, &batch, wakes).await;
                for (batch, numbers) in scan.wanted(batch) {
                    let flight = Flight::of_stream(&self.sky, &batch, &scan.flight, numbers);
                    // The flight may be what there is no room for, and is let go of here.
                    hand_on(&self.to, flight.transaction(batch, again)).await;
                }
                tokio::select! {
                    biased;
                    () = self.sky.room() => {}
                    () = wakes.wait_for_shutdown() => {}
                }
            }
            if let Some(last) = last.and_then(last_arrived) {
                self.input.scanned(last);
            }
        }
        self.scanner = Some(scanner);
    }

    /// Sends a batch on its way.
    async fn send(&mut self, token: Token, batch: Batch, settlements: &Arc<Settlements>) {
        if let Some(transaction) = self.transaction(token, batch, settlements) {
            hand_on(&self.to, transaction).await;
        }
    }

    /// The transaction of a batch; `None` where that is empty: it has nothing to deliver, and is settled with its flight.
    fn transaction(
        &mut self,
        token: Token,
        batch: Batch,
        settlements: &Arc<Settlements>,
    ) -> Option<Transaction> {
        self.idle = Idle::default();
        let responses = self.responds.then(ResponseStore::default);
        let batch = match &responses {
            Some(responses) => batch.with_responses(responses),
            None => batch,
        };
        let flight = Flight::of_token(&self.sky, &batch, token, settlements, responses);
        (!batch.is_empty()).then(|| flight.transaction(batch, self.again))
    }

    /// Tries once; whether it succeeded.
    async fn connect(&mut self, backoff: &mut Backoff, wakes: &Wakes, meter: &InputMeter) -> bool {
        match self.input.connect().await {
            Ok(()) => {
                meter.connection().up();
                true
            }
            Err(error) => {
                meter.connection().failed();
                tracing::error!(path = self.setup.path, %error, "input can't connect");
                pause(backoff, wakes).await;
                false
            }
        }
    }

    /// Tries until it succeeds; whether it did before the pipeline stopped.
    async fn reopen(&mut self, backoff: &mut Backoff, wakes: &Wakes) -> bool {
        while !wakes.pending().shutdown {
            match self.components.open_input(self.setup.clone()).await {
                Ok(input) => {
                    self.input = input;
                    return true;
                }
                Err(error) => {
                    tracing::error!(path = self.setup.path, %error, "input can't be opened again");
                    pause(backoff, wakes).await;
                }
            }
        }
        false
    }
}

/// Waits until a batch may go on.
async fn take_in(intake: &OptionalIntake, batch: &Batch, wakes: &Wakes) {
    let Some(intake) = intake else { return };
    tokio::select! {
        biased;
        () = wakes.wait_for_shutdown() => {}
        () = intake.take(batch.byte_size()) => {}
    }
}

/// What arrived last of a batch: all of it, or its last message where each stands for itself.
fn last_arrived(batch: Batch) -> Option<Batch> {
    if batch.independent() { batch.slice(batch.len() - 1, batch.len()) } else { Some(batch) }
}

/// Waits before the next try, unless the pipeline stops.
async fn pause(backoff: &mut Backoff, wakes: &Wakes) {
    let pause = backoff.pause();
    tokio::select! {
        biased;
        () = tokio::time::sleep(pause) => {}
        () = wakes.wait_for_shutdown() => {}
    }
}

/// Waits until what an instance that has failed handed out is settled: its tokens mean nothing to the next one, which
/// may read again what is not. That is better than to wait for as long as a window or a pause may take.
async fn settled_soon(sky: &Sky, path: &str, wakes: &Wakes) {
    tokio::select! {
        biased;
        () = sky.empty() => {}
        () = wakes.wait_for_shutdown() => {}
        () = tokio::time::sleep(MOST_DRAINING) => tracing::warn!(
            path,
            after = ?MOST_DRAINING,
            "the input is opened again before everything that it handed out is settled, and may read some of it again"
        ),
    }
}
