use std::collections::VecDeque;

use forebay_sdk::{Batch, Error, Scanned};

use crate::plan::{Plan, Scan};
use crate::source::Source;

/// Gathers the messages of another scanner into batches, each of which ends with an empty message.
pub(crate) struct Multipart {
    inner: Box<dyn Plan>,
}

impl Multipart {
    pub(crate) fn behind(inner: Box<dyn Plan>) -> Box<dyn Plan> {
        Box::new(Self { inner })
    }
}

impl Plan for Multipart {
    fn begin(&self, source: Box<dyn Source>, name: &str) -> Result<Box<dyn Scan>, Error> {
        let inner = Some(self.inner.begin(source, name)?);
        Ok(Box::new(Gathering { inner, parts: Vec::new(), ready: VecDeque::new() }))
    }
}

struct Gathering {
    inner: Option<Box<dyn Scan>>,
    /// The batch whose end has not come.
    parts: Vec<Batch>,
    ready: VecDeque<Batch>,
}

impl Gathering {
    fn end_batch(&mut self) {
        let parts = std::mem::take(&mut self.parts);
        if !parts.is_empty() {
            self.ready.push_back(Batch::concatenate(parts).with_independent(false));
        }
    }

    fn add(&mut self, batch: &Batch) {
        let mut start = 0;
        for index in 0..batch.len() {
            if batch.message(index).bytes().is_empty() {
                self.add_part(batch, start, index);
                self.end_batch();
                start = index + 1;
            }
        }
        self.add_part(batch, start, batch.len());
    }

    fn add_part(&mut self, batch: &Batch, start: usize, end: usize) {
        if start < end {
            self.parts.push(batch.slice(start..end));
        }
    }
}

impl Scan for Gathering {
    fn next(&mut self) -> Result<Scanned, Error> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Scanned::Batch(batch));
            }
            let Some(inner) = &mut self.inner else { return Ok(Scanned::Ended) };
            match inner.next()? {
                // Batches of several messages never count as empty.
                Scanned::Batch(batch) if !batch.independent() => self.parts.push(batch),
                Scanned::Batch(batch) => self.add(&batch),
                Scanned::Idle => return Ok(Scanned::Idle),
                Scanned::Ended => {
                    self.inner = None;
                    self.end_batch();
                }
            }
        }
    }
}
