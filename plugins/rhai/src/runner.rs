use forebay_rhai::{Content, Form, Outcome, ParseError, Script};
use forebay_sdk::{Batch, BatchWriter, BlockWriter, Message, Problem, Processed, waits};

use crate::messages::Seen;
use crate::metadata;
use crate::surroundings;

/// Messages after which others may run, where scripts are short; long ones see to it themselves.
const STRETCH: usize = 256;

/// A compiled text.
pub(crate) struct Runner(Script);

impl Runner {
    pub(crate) fn compile(source: &str, form: Form) -> Result<Self, Problem> {
        Script::compile(&surroundings::interpreter(), source, form).map(Self).map_err(problem)
    }

    /// Runs on every message of a batch. Contents are written straight into the block that goes back.
    pub(crate) fn run(&mut self, batch: &Batch) -> Processed {
        let independent = batch.independent();
        let mut writer = batch.writer();
        for index in 0..batch.len() {
            let outcome = self.0.run(&Seen::of(batch, independent, index), writer.payload());
            apply(&outcome, batch.message(index), &mut writer);
            writer.end(index);
            rest(index);
        }
        writer.finish()
    }

    /// The value for every message of a batch, as text.
    pub(crate) fn evaluate(&mut self, batch: &Batch) -> Batch {
        let independent = batch.independent();
        // A result is rarely longer than this.
        let mut results = BlockWriter::with_capacity(batch.len(), batch.len() * 16);
        results.set_independent(independent);
        for index in 0..batch.len() {
            match self.0.value(&Seen::of(batch, independent, index), results.payload()) {
                Ok(Content::Null) => results.push_null(),
                Ok(_) => results.end_message(),
                Err(error) => {
                    results.push_error(index, &error);
                    results.end_message();
                }
            }
            rest(index);
        }
        Batch::from_block(results)
    }
}

fn rest(index: usize) {
    if (index + 1).is_multiple_of(STRETCH) {
        waits::give_way();
    }
}

/// Says what shall become of a message.
fn apply(outcome: &Outcome, source: Message<'_>, writer: &mut BatchWriter<'_>) {
    let Outcome { content, metadata, error } = outcome;
    match content {
        Content::Written => {}
        Content::Unchanged => writer.keep_payload(),
        Content::Null => writer.tombstone(),
        Content::Dropped => {
            writer.drop_message();
            return;
        }
    }
    let mut error = error.clone();
    if let Some(entries) = metadata
        && let Err(refused) = metadata::write(entries, source, writer)
    {
        writer.discard();
        error = error.or(Some(refused));
    }
    if let Some(error) = error {
        writer.flag(&error);
    }
}

/// Where a text does not compile.
fn problem(error: ParseError) -> Problem {
    let ParseError { line, column, message } = error;
    let narrow = |number| u32::try_from(number).unwrap_or(u32::MAX);
    Problem::new(message).position(narrow(line), narrow(column))
}

#[cfg(test)]
mod tests;
