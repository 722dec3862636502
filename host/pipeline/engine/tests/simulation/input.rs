use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_message::Batch;
use forebay_plugins_api::{ComponentError, Event, Input, Settlement, Setup, Token};

use crate::components::{lost, number};
use crate::world::World;

/// An instance of an input, whose messages are `INPUT.NUMBER`.
pub(crate) struct ScriptedInput {
    world: Arc<World>,
    setup: Setup,
    id: u64,
    next_token: u64,
    /// What it has handed out, until it hears of it.
    in_flight: BTreeMap<u64, Vec<String>>,
    /// Whether it is of no more use.
    has_failed: bool,
}

/// What a call does.
enum Act {
    Give(Vec<String>),
    Wait(Option<Duration>),
    NotConnected,
    Fail(ComponentError),
    End,
}

impl ScriptedInput {
    pub(crate) fn new(world: &Arc<World>, setup: Setup) -> Self {
        let id = number(&setup, "id");
        Self {
            world: Arc::clone(world),
            setup,
            id,
            next_token: 0,
            in_flight: BTreeMap::new(),
            has_failed: false,
        }
    }

    fn replays(&self) -> bool {
        self.setup.config["auto_replay_nacks"] == true
    }

    fn settle(&mut self, settled: Vec<Settlement>) {
        for Settlement { token, outcome, .. } in settled {
            match self.in_flight.remove(&token.0) {
                Some(batch) => self.world.settled(self.id, &batch, outcome, self.replays()),
                None => self.world.notes().fault(format!("input {}: nobody knows {token:?}", self.id)),
            }
        }
    }

    fn act(&self) -> Act {
        let mut notes = self.world.notes();
        let id = self.id;
        if notes.fails("input", id, number(&self.setup, "troubles"), 10) {
            return match notes.dice.below(3) {
                0 => Act::NotConnected,
                1 => Act::Fail(ComponentError::Failed("as the dice fell".to_owned())),
                _ => Act::Fail(lost().into()),
            };
        }
        if notes.dice.percent(number(&self.setup, "slow")) {
            let pause = notes.dice.between(1, 400);
            return Act::Wait(Some(Duration::from_millis(pause)));
        }
        let messages = notes.dice.between(1, number(&self.setup, "largest"));
        let reading = notes.inputs.entry(id).or_default();
        if let Some(batch) = reading.again.pop_front() {
            return Act::Give(batch);
        }
        if reading.batches < number(&self.setup, "batches") {
            reading.batches += 1;
            let first = reading.messages;
            reading.messages += messages;
            return Act::Give((first..first + messages).map(|number| format!("{id}.{number}")).collect());
        }
        if !self.replays() && !self.in_flight.is_empty() && notes.dice.percent(80) {
            return Act::Wait(Some(Duration::from_millis(100)));
        }
        notes.inputs.entry(id).or_default().ended = true;
        Act::End
    }
}

#[async_trait]
impl Input for ScriptedInput {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        let fails = self.world.notes().fails("input", self.id, number(&self.setup, "troubles"), 20);
        if fails { Err(ComponentError::Failed("as the dice fell".to_owned())) } else { Ok(()) }
    }

    async fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, ComponentError> {
        self.settle(settled);
        match self.act() {
            Act::Give(names) => {
                let token = Token(self.next_token);
                self.next_token += 1;
                let mut notes = self.world.notes();
                notes.note(format!("input {} gives {names:?}", self.id));
                notes.together(&names);
                let is_independent = self.setup.config["independent"] == true;
                let batch = Batch::from_payloads(names.iter().map(Some), is_independent);
                self.in_flight.insert(token.0, names);
                Ok(Event::Batch(token, batch))
            }
            Act::Wait(limit) => {
                self.setup.wakes.wait(limit).await;
                Ok(Event::Idle)
            }
            Act::NotConnected => Ok(Event::NotConnected("as the dice fell".to_owned())),
            Act::Fail(error) => {
                self.world.notes().note(format!("input {} fails", self.id));
                self.has_failed = true;
                Err(error)
            }
            Act::End => Ok(Event::Ended),
        }
    }

    async fn close(&mut self, settled: Vec<Settlement>) {
        self.settle(settled);
        let mut notes = self.world.notes();
        notes.open -= 1;
        notes.note(format!("input {} is closed", self.id));
        if self.has_failed {
            // The next instance reads it again.
            for names in std::mem::take(&mut self.in_flight).into_values() {
                notes.trouble(&names);
                notes.inputs.entry(self.id).or_default().again.push_back(names);
            }
        } else if !self.in_flight.is_empty() {
            let what = format!("input {} is closed and does not know of {:?}", self.id, self.in_flight);
            notes.fault(what);
        }
    }
}
