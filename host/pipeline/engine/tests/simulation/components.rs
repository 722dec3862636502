//! The components of a simulation, as the engine opens them.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_metrics::Metrics;
use forebay_pipeline_config::Catalog;
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{
    Cache, Components, IncrementalProcessor, Input, LostInstance, LostReason, Mapping, MappingText,
    OpenError, Output, Problem, Processor, Scanner, Setup,
};

use crate::dice::fixed;
use crate::input::ScriptedInput;
use crate::output::ScriptedOutput;
use crate::processor::ScriptedProcessor;
use crate::world::{World, case_of, names};

/// The scripted components of a run.
pub(crate) struct Script(pub(crate) Arc<World>);

/// A number in the settings.
pub(crate) fn number(setup: &Setup, field: &str) -> u64 {
    setup.config[field].as_u64().unwrap_or(0)
}

pub(crate) fn lost() -> LostInstance {
    let (plugin, component) = ("script".parse().unwrap(), "script".parse().unwrap());
    LostInstance { plugin, component, reason: LostReason::Trap, detail: "as the dice fell".to_owned() }
}

#[async_trait]
impl Components for Script {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.0.catalog)
    }

    fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.0.metrics)
    }

    async fn open_input(&self, setup: Setup) -> Result<Box<dyn Input>, OpenError> {
        let id = number(&setup, "id");
        let mut notes = self.0.notes();
        if notes.inputs.contains_key(&id) && notes.fails("input", id, number(&setup, "troubles"), 30) {
            notes.note(format!("input {id} can't be opened"));
            notes.refused_to_open = true;
            let message = "as the dice fell".to_owned();
            return Err(OpenError::Problem(Problem { message, field: String::new(), line: 0, column: 0 }));
        }
        notes.inputs.entry(id).or_default();
        notes.open += 1;
        Ok(Box::new(ScriptedInput::new(&self.0, setup)))
    }

    async fn open_processor(&self, setup: Setup) -> Result<Box<dyn Processor>, OpenError> {
        self.0.notes().open += 1;
        Ok(Box::new(ScriptedProcessor::new(&self.0, setup)))
    }

    async fn open_output(&self, setup: Setup) -> Result<Box<dyn Output>, OpenError> {
        self.0.notes().open += 1;
        Ok(Box::new(ScriptedOutput::new(&self.0, setup)))
    }

    async fn open_scanner(&self, _: Setup) -> Result<Box<dyn Scanner>, OpenError> {
        unreachable!("there are no streams")
    }

    async fn open_incremental(&self, _: Setup) -> Result<Box<dyn IncrementalProcessor>, OpenError> {
        unreachable!("the engine has no use for it")
    }

    async fn open_cache(&self, _: Setup) -> Result<Box<dyn Cache>, OpenError> {
        unreachable!("there are no caches")
    }

    async fn check_mapping(&self, _: MappingText<'_>) -> Result<(), OpenError> {
        Ok(())
    }

    async fn open_mapping(&self, text: MappingText<'_>, _: &Setup) -> Result<Box<dyn Mapping>, OpenError> {
        let numbers: Vec<u64> = text.source.split(' ').filter_map(|word| word.parse().ok()).collect();
        Ok(Box::new(match numbers[..] {
            [case, count, place] => Check::Case { case, count, place },
            [count] => Check::OneIn(count),
            _ => Check::Unmarked,
        }))
    }
}

/// A condition, by the first message in a payload.
enum Check {
    /// `case 0 of 3 at 7`
    Case {
        case: u64,
        count: u64,
        place: u64,
    },
    /// `one in 3`
    OneIn(u64),
    Unmarked,
}

#[async_trait]
impl Mapping for Check {
    async fn apply(&mut self, _: Batch) -> Result<Processed, String> {
        Err("it is a condition".to_owned())
    }

    async fn values(&mut self, batch: Batch) -> Result<Batch, String> {
        tokio::task::yield_now().await;
        let values = batch.iter().map(|message| {
            let payload = message.payload();
            let first = &names(payload)[0];
            Some(match self {
                Self::Case { case, count, place } => case_of(*place, *count, first) == *case,
                Self::OneIn(count) => fixed(0, first).is_multiple_of(*count),
                Self::Unmarked => {
                    !payload.is_some_and(|payload| payload.ends_with(b"@"))
                        && fixed(1, first).is_multiple_of(2)
                }
            })
        });
        let values: Vec<_> = values.map(|value| value.map(|value| value.to_string())).collect();
        Ok(Batch::from_payloads(values, batch.independent()))
    }
}
