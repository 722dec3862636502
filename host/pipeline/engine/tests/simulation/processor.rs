use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{ComponentError, Operation, Processing, Processor, Setup};

use crate::components::{lost, number};
use crate::dice::fixed;
use crate::world::{World, copy, each};

/// A processor that does one thing, to some messages.
pub(crate) struct ScriptedProcessor {
    world: Arc<World>,
    setup: Setup,
    id: u64,
}

impl ScriptedProcessor {
    pub(crate) fn new(world: &Arc<World>, setup: Setup) -> Self {
        let id = number(&setup, "id");
        Self { world: Arc::clone(world), setup, id }
    }

    fn troubles(&self, often: u64) -> bool {
        self.world.notes().fails("processor", self.id, number(&self.setup, "troubles"), often)
    }

    /// Whether a message is one of those; the same each time.
    fn is_meant(&self, name: &str) -> bool {
        fixed(self.id, name) % 100 < number(&self.setup, "often")
    }

    fn drop_some(&self, batch: &Batch) -> Vec<Processed> {
        let mut kept = Vec::new();
        for (index, names) in (0..).zip(each(batch)) {
            if self.is_meant(&names[0]) {
                let mut notes = self.world.notes();
                notes.note(format!("processor {} drops {names:?}", self.id));
                notes.dropped.extend(names.into_iter().map(|name| (self.id, name)));
            } else {
                kept.push(index);
            }
        }
        vec![Processed { batch: batch.select(&kept).unwrap(), origins: Origins::Each(kept) }]
    }

    fn copy_some(&self, batch: &Batch) -> Vec<Processed> {
        let (mut payloads, mut origins, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (index, message) in (0..).zip(batch.iter()) {
            let name = String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned();
            let mut results = vec![name.clone()];
            if self.is_meant(&name) {
                let another = copy(&name, self.id);
                let mut notes = self.world.notes();
                notes.together([&name, &another]);
                notes.copied.insert((self.id, name));
                results.push(another);
            }
            for payload in results {
                if let Some(error) = message.error() {
                    errors.push((payloads.len(), error));
                }
                payloads.push(Some(payload));
                origins.push(index);
            }
        }
        let made = Batch::from_payloads(payloads, batch.independent()).with_errors(errors);
        vec![Processed { batch: made, origins: Origins::Each(origins) }]
    }

    fn split(&self, batch: &Batch) -> Vec<Processed> {
        let mut rest = (0..).take(batch.len());
        let mut results = Vec::new();
        loop {
            let size = self.world.notes().dice.between(1, 3);
            let indexes: Vec<u32> = rest.by_ref().take(usize::try_from(size).unwrap()).collect();
            if indexes.is_empty() {
                return results;
            }
            let part = batch.select(&indexes).unwrap();
            results.push(Processed { batch: part, origins: Origins::Each(indexes) });
        }
    }

    fn group(&self, batch: &Batch) -> Vec<Processed> {
        let all = each(batch).concat().join("+");
        let errors = batch.errors().map(|(error, _)| (0, error));
        let made = Batch::from_payloads([Some(all)], batch.independent()).with_errors(errors);
        let origins = if self.world.notes().dice.percent(50) {
            Origins::Whole
        } else {
            Origins::Sets(vec![(0..).take(batch.len()).collect()])
        };
        vec![Processed { batch: made, origins }]
    }

    fn flag_some(&self, batch: &Batch) -> Vec<Processed> {
        let mut flagged: Vec<(usize, &str)> = Vec::new();
        for (index, names) in each(batch).into_iter().enumerate() {
            if self.troubles(30) {
                let mut notes = self.world.notes();
                notes.note(format!("processor {} flags {names:?}", self.id));
                notes.trouble(&names);
                flagged.push((index, "as the dice fell"));
            }
        }
        let kept = batch.iter().enumerate().filter_map(|(index, message)| {
            let is_new = flagged.iter().any(|(flagged, _)| *flagged == index);
            message.error().filter(|_| !is_new).map(|error| (index, error))
        });
        let mut all: Vec<_> = kept.chain(flagged.iter().copied()).collect();
        all.sort_by_key(|(index, _)| *index);
        vec![Processed { batch: batch.with_errors(all), origins: Origins::Same }]
    }

    fn mark(batch: &Batch) -> Vec<Processed> {
        let marked = batch.iter().map(|message| {
            let mut payload = message.payload().unwrap_or_default().to_vec();
            if !payload.ends_with(b"@") {
                payload.push(b'@');
            }
            Some(payload)
        });
        let errors = batch.iter().enumerate();
        let errors = errors.filter_map(|(index, message)| message.error().map(|error| (index, error)));
        let made = Batch::from_payloads(marked.collect::<Vec<_>>(), batch.independent()).with_errors(errors);
        vec![Processed { batch: made, origins: Origins::Same }]
    }
}

#[async_trait]
impl Processor for ScriptedProcessor {
    async fn process(&mut self, batch: Batch) -> Result<Processing, ComponentError> {
        let names = each(&batch).concat();
        let pause = {
            let mut notes = self.world.notes();
            notes.note(format!("processor {} {names:?}", self.id));
            notes.together(&names);
            let is_slow = notes.dice.percent(number(&self.setup, "slow"));
            is_slow.then(|| Duration::from_millis(notes.dice.between(0, 90)))
        };
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        let results = match self.setup.config["does"].as_str().unwrap_or_default() {
            "drop" => self.drop_some(&batch),
            "duplicate" => self.copy_some(&batch),
            "group" => self.group(&batch),
            "flag" => self.flag_some(&batch),
            "mark" => Self::mark(&batch),
            "lose" if self.troubles(30) => {
                let mut notes = self.world.notes();
                notes.note(format!("processor {} is lost", self.id));
                notes.trouble(&names);
                notes.lost = true;
                return Err(lost().into());
            }
            "fail" if self.troubles(30) => {
                let mut notes = self.world.notes();
                notes.note(format!("processor {} fails", self.id));
                notes.trouble(&names);
                return Err(ComponentError::Failed("as the dice fell".to_owned()));
            }
            "lose" | "fail" => vec![Processed { batch, origins: Origins::Same }],
            _ => self.split(&batch),
        };
        Ok(Processing::Done(results))
    }

    async fn resume(&mut self, _: Operation) -> Result<Processing, ComponentError> {
        unreachable!("nothing is pending")
    }

    async fn close(&mut self) {
        self.world.notes().open -= 1;
    }
}
