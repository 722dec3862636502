use forebay_bloblang::{Changed, Content, Form, Given, Mapping, Outcome, ParseError, Places, Subject};
use forebay_sdk::{Batch, BatchWriter, Problem, Processed, waits};

use crate::messages::Seen;
use crate::metadata;
use crate::surroundings::Surroundings;

/// Messages after which others may run: a few milliseconds, where mappings are short.
pub(crate) const STRETCH: usize = 256;

/// A mapping or a mutation, and the world that it runs in.
pub(crate) struct Runner {
    mapping: Mapping,
    world: Surroundings,
}

impl Runner {
    /// Compiles a text that has no file of its own.
    pub(crate) fn compile(source: &str, form: Form) -> Result<Self, Problem> {
        Self::compile_in(source, form, "")
    }

    /// Compiles a text of a file in `folder`.
    pub(crate) fn compile_in(source: &str, form: Form, folder: &str) -> Result<Self, Problem> {
        let mut world = Surroundings::default();
        let mapping = Mapping::compile_in(source, form, folder, &mut world).map_err(problem)?;
        Ok(Self { mapping, world })
    }

    /// Runs on every message of a batch. Contents are written straight into the block that goes back.
    pub(crate) fn run(&mut self, batch: &Batch) -> Processed {
        let independent = batch.independent();
        let mut writer = batch.writer();
        for index in 0..batch.len() {
            let (seen, at) = Seen::around(batch, independent, index);
            let outcome = self.mapping.run(&seen, at, &mut self.world, writer.payload());
            write(outcome, &mut writer);
            writer.end(index);
            if (index + 1).is_multiple_of(STRETCH) {
                waits::give_way();
            }
        }
        writer.finish()
    }
}

impl Runner {
    /// What the mapping gives for a message.
    pub(crate) fn value(&mut self, seen: &Seen<'_>, at: usize, subject: Subject) -> Result<Given, String> {
        self.mapping.value(seen, at, &mut self.world, subject)
    }

    /// What the mapping reads and writes.
    pub(crate) fn places(&self) -> Option<Places> {
        self.mapping.places()
    }

    /// What the mapping makes of a message of `onto` when it looks at one of `seen`.
    pub(crate) fn change(
        &mut self,
        (seen, index): (&Seen<'_>, usize),
        (onto, at): (&Seen<'_>, usize),
        out: &mut Vec<u8>,
    ) -> Changed {
        self.mapping.run_onto((seen, index), (onto, at), &mut self.world, out)
    }
}

/// Says of a result what became of it; its payload is written already, where it has a new one.
pub(crate) fn write(outcome: Outcome, writer: &mut BatchWriter<'_>) {
    let Outcome { content, metadata, error } = outcome;
    match content {
        Content::Written => {}
        Content::Unchanged => writer.keep_payload(),
        Content::Deleted => {
            writer.drop_message();
            return;
        }
    }
    if let Some(entries) = metadata {
        metadata::write(&entries, writer);
    }
    if let Some(error) = error {
        writer.flag(&error);
    }
}

/// Where a text does not compile.
pub(crate) fn problem(error: ParseError) -> Problem {
    let ParseError { place: (line, column), message, .. } = error;
    let narrow = |number| u32::try_from(number).unwrap_or(u32::MAX);
    Problem::new(message).position(narrow(line), narrow(column))
}

#[cfg(test)]
mod tests;
