use forebay_sdk::{Batch, BatchWriter, Error, Message, Value};

use crate::budget::Budget;

/// What becomes of one message: parts, each of which is written to the end of the results.
pub(super) struct Parts<'w, 'b> {
    batch: &'b Batch,
    message: Message<'b>,
    writer: &'w mut BatchWriter<'b>,
    budget: &'w mut Budget,
}

impl<'w, 'b> Parts<'w, 'b> {
    pub(super) fn new(
        batch: &'b Batch,
        message: Message<'b>,
        writer: &'w mut BatchWriter<'b>,
        budget: &'w mut Budget,
    ) -> Self {
        Self { batch, message, writer, budget }
    }

    /// The content of the message.
    pub(super) fn source(&self) -> &'b [u8] {
        self.message.bytes()
    }

    /// How many bytes the next part may have.
    pub(super) fn left(&self) -> usize {
        self.budget.bytes()
    }

    /// Adds a part of the source as it is.
    pub(super) fn add(&mut self, part: &[u8]) -> Result<(), Error> {
        self.fits(part)?;
        self.write(|out| {
            out.extend_from_slice(part);
            Ok(())
        })
    }

    /// Adds a part that is appended to the results.
    pub(super) fn write(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let bytes = self.append(write)?;
        self.budget.spend(bytes)?;
        self.writer.end(self.message.index());
        Ok(())
    }

    /// The same as `add`, with one more piece of metadata, unless that is empty.
    pub(super) fn add_named(&mut self, name: (&str, &[u8]), part: &[u8]) -> Result<(), Error> {
        self.fits(part)?;
        self.write_named(name, |out| {
            out.extend_from_slice(part);
            Ok(())
        })
    }

    /// The same as `write`, with one more piece of metadata.
    pub(super) fn write_named(
        &mut self,
        (key, name): (&str, &[u8]),
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let bytes = self.append(write)?;
        let metadata = self.batch.metadata();
        let own = metadata.own_size(self.message.index()) + metadata.shared_size();
        self.budget.spend(bytes + own + key.len() + name.len())?;
        let is_empty = name.is_empty();
        let name = std::str::from_utf8(name).map_or(Value::Bytes(name), Value::Text);
        let others = self.message.metadata_entries().filter(|(other, _)| *other != key);
        // Without a name there is no such metadata, as in Bento.
        let name = (!is_empty).then_some((key, name));
        self.writer.replace_metadata(others.chain(name));
        self.writer.end(self.message.index());
        Ok(())
    }

    /// Takes all parts back.
    pub(super) fn begin_again(&mut self, at: (usize, Budget)) {
        self.writer.truncate(at.0);
        *self.budget = at.1;
    }

    /// Where the results are, to begin again from there.
    pub(super) fn here(&self) -> (usize, Budget) {
        (self.writer.results(), *self.budget)
    }

    fn append(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>) -> Result<usize, Error> {
        let out = self.writer.payload();
        let before = out.len();
        write(out)?;
        Ok(out.len() - before)
    }

    /// That a part is not too large, before it is copied.
    fn fits(&self, part: &[u8]) -> Result<(), Error> {
        let mut budget = *self.budget;
        budget.spend(part.len())
    }
}
