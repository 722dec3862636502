use std::cell::RefCell;

use crate::batch::{Handle, narrow};
use crate::bindings::capabilities::forebay::plugin::{batches, configuration};
use crate::mapping::{Changed, MappingLanguage, MappingText, Targets};
use crate::{Batch, Problem, Processed};

/// How a text of a language is compiled.
#[derive(Debug)]
pub struct Entry {
    name: &'static str,
    compile: Compile,
}

type Compile = fn(MappingText<'_>) -> Result<Box<dyn Compiled>, Problem>;

/// A [`MappingLanguage`] as an object.
trait Compiled {
    fn run(&mut self, batch: Batch) -> Processed;
    fn run_onto(&mut self, batch: &Batch, onto: Batch) -> Changed;
    fn targets(&self) -> Option<Targets>;
    fn evaluate(&mut self, batch: &Batch) -> Batch;
}

impl<T: MappingLanguage> Compiled for T {
    fn run(&mut self, batch: Batch) -> Processed {
        MappingLanguage::run(self, batch)
    }

    fn run_onto(&mut self, batch: &Batch, onto: Batch) -> Changed {
        MappingLanguage::run_onto(self, batch, onto)
    }

    fn targets(&self) -> Option<Targets> {
        MappingLanguage::targets(self)
    }

    fn evaluate(&mut self, batch: &Batch) -> Batch {
        MappingLanguage::evaluate(self, batch)
    }
}

/// One compiled text, behind the resource `mapping`.
#[expect(missing_debug_implementations, reason = "languages need not have it")]
pub struct Text(RefCell<Box<dyn Compiled>>);

pub const fn entry<T: MappingLanguage>() -> Entry {
    fn compile<T: MappingLanguage>(text: MappingText<'_>) -> Result<Box<dyn Compiled>, Problem> {
        Ok(Box::new(T::compile(text)?))
    }
    Entry { name: T::NAME, compile: compile::<T> }
}

pub fn compile(
    entries: &[Entry],
    language: &str,
    text: MappingText<'_>,
) -> Result<Text, configuration::Problem> {
    super::panics::install();
    let entry = entries
        .iter()
        .find(|entry| entry.name == language)
        .ok_or_else(|| Problem::new(format!("this plugin has no mapping language {language}")))?;
    Ok(Text(RefCell::new((entry.compile)(text)?)))
}

impl Text {
    pub fn run(&self, batch: batches::Batch) -> batches::Processed {
        self.0.borrow_mut().run(batch.into()).into()
    }

    /// The messages, and the indexes of those that are deleted.
    pub fn run_onto(&self, batch: &batches::Batch, onto: batches::Batch) -> (batches::Batch, Vec<u32>) {
        let batch = Batch::from_handle(Handle::borrowed(batch));
        let Changed { batch, deleted } = self.0.borrow_mut().run_onto(&batch, onto.into());
        (batch.into(), deleted.into_iter().map(narrow).collect())
    }

    pub fn targets(&self) -> Option<Targets> {
        self.0.borrow().targets()
    }

    pub fn evaluate(&self, batch: &batches::Batch) -> batches::Batch {
        let batch = Batch::from_handle(Handle::borrowed(batch));
        self.0.borrow_mut().evaluate(&batch).into()
    }
}
