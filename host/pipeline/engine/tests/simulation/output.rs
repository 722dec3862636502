use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_message::{Batch, Failure};
use forebay_plugins_api::{ComponentError, Operation, Output, Pending, Setup, WriteError, Written};
use tokio::time::{Instant, sleep_until};

use crate::components::{lost, number};
use crate::world::{Notes, World, each};

/// An output that takes what the dice let it.
pub(crate) struct ScriptedOutput {
    world: Arc<World>,
    setup: Setup,
    id: u64,
    connected: bool,
    operations: u64,
}

/// What an operation still has to settle when it has ended and is asked about.
struct Later {
    names: Vec<Vec<String>>,
    indexes: Vec<u32>,
}

impl ScriptedOutput {
    pub(crate) fn new(world: &Arc<World>, setup: Setup) -> Self {
        let id = number(&setup, "id");
        Self { world: Arc::clone(world), setup, id, connected: false, operations: 0 }
    }

    /// Messages that fail now, of so many.
    fn some(notes: &mut Notes, messages: usize) -> Vec<u32> {
        let most = notes.dice.between(1, 100);
        (0..).take(messages).filter(|_| notes.dice.percent(most)).collect()
    }

    fn fails(&self, notes: &mut Notes, often: u64) -> bool {
        notes.fails("output", self.id, number(&self.setup, "troubles"), often)
    }

    /// An operation for some of the messages of a batch.
    fn later(&mut self, notes: &mut Notes, names: &[Vec<String>], indexes: Vec<u32>) -> Pending {
        self.operations += 1;
        let until = Instant::now() + Duration::from_millis(notes.dice.between(0, 500));
        let names: Vec<_> = indexes.iter().map(|index| names[*index as usize].clone()).collect();
        let fails = self.fails(notes, 30);
        let resolve = notes.dice.percent(40);
        let (world, id, own) = (Arc::clone(&self.world), self.id, names.clone());
        let work = async move {
            sleep_until(until).await;
            let mut notes = world.notes();
            if fails {
                notes.refuse(id, &own.concat());
                return Err("as the dice fell".to_owned());
            }
            if !resolve {
                notes.take(id, &own.concat());
            }
            Ok(())
        };
        let later = Later { names, indexes: indexes.clone() };
        let operation = Operation::new(self.operations, work).with_payload((later, fails));
        Pending { operation, messages: Some(indexes), resolve }
    }
}

impl Notes {
    fn refuse(&mut self, output: u64, names: &[String]) {
        self.note(format!("output {output} refuses {names:?}"));
        self.trouble(names);
    }

    fn take(&mut self, output: u64, names: &[String]) {
        self.note(format!("output {output} takes {names:?}"));
        for name in names {
            *self.delivered.entry((output, name.clone())).or_default() += 1;
        }
    }
}

fn failure(messages: Option<Vec<u32>>) -> Vec<Failure> {
    vec![Failure { reason: "as the dice fell".to_owned(), messages }]
}

/// The messages at these places.
fn chosen(names: &[Vec<String>], indexes: &[u32]) -> Vec<String> {
    indexes.iter().flat_map(|index| names[*index as usize].clone()).collect()
}

#[async_trait]
impl Output for ScriptedOutput {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        let world = Arc::clone(&self.world);
        let mut notes = world.notes();
        if self.fails(&mut notes, 20) {
            return Err(ComponentError::Failed("as the dice fell".to_owned()));
        }
        self.connected = true;
        Ok(())
    }

    async fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let world = Arc::clone(&self.world);
        let mut notes = world.notes();
        let names = each(&batch);
        let all = names.concat();
        notes.note(format!("output {} {all:?}", self.id));
        notes.together(&all);
        if !self.connected {
            notes.fault(format!("output {} is not connected", self.id));
        }
        if self.fails(&mut notes, 10) {
            self.connected = false;
            return Err(WriteError::NotConnected("as the dice fell".to_owned()));
        }
        notes.written.entry(self.id).or_default().extend(all.clone());
        if self.fails(&mut notes, 25) {
            notes.refuse(self.id, &all);
            return match notes.dice.below(4) {
                0 => {
                    notes.lost = true;
                    self.connected = false;
                    Err(WriteError::Component(lost().into()))
                }
                1 => Err(WriteError::Component(ComponentError::Failed("as the dice fell".to_owned()))),
                _ => Ok(Written { failed: failure(None), pending: Vec::new() }),
            };
        }
        let refused =
            if self.fails(&mut notes, 25) { Self::some(&mut notes, names.len()) } else { Vec::new() };
        if !refused.is_empty() {
            notes.refuse(self.id, &chosen(&names, &refused));
        }
        let is_slow = notes.dice.percent(number(&self.setup, "slow"));
        let slow = if is_slow { Self::some(&mut notes, names.len()) } else { Vec::new() };
        let (mut now, mut later) = (Vec::new(), [Vec::new(), Vec::new()]);
        for index in (0..).take(names.len()).filter(|index| !refused.contains(index)) {
            if slow.contains(&index) {
                later[usize::from(notes.dice.percent(50))].push(index);
            } else {
                now.push(index);
            }
        }
        notes.take(self.id, &chosen(&names, &now));
        let later = later.into_iter().filter(|indexes| !indexes.is_empty());
        let pending = later.map(|indexes| self.later(&mut notes, &names, indexes)).collect();
        let failed = if refused.is_empty() { Vec::new() } else { failure(Some(refused)) };
        Ok(Written { failed, pending })
    }

    async fn resolve(&mut self, mut operation: Operation) -> Result<Written, WriteError> {
        let world = Arc::clone(&self.world);
        let mut notes = world.notes();
        let Some((Later { names, indexes }, fails)) = operation.take_payload::<(Later, bool)>() else {
            unreachable!("it was given this")
        };
        if fails {
            return Ok(Written { failed: failure(Some(indexes)), pending: Vec::new() });
        }
        notes.take(self.id, &names.concat());
        Ok(Written::default())
    }

    async fn close(&mut self) {
        self.world.notes().open -= 1;
    }
}
