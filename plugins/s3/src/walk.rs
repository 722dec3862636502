//! Reads the objects below a prefix, in the order of their names.

use std::rc::Rc;

use forebay_sdk::objects::ObjectError;
use forebay_sdk::{Error, Event, Settlement};

use crate::reading::{AHEAD, Keys, Reading};
use crate::stores::Stores;

/// How many names one list gives.
const PAGE: u32 = 1_000;

/// The objects of one bucket, in the order of their names.
pub(crate) struct Walk {
    reading: Reading,
    bucket: Rc<str>,
    prefix: String,
    listing: Listing,
}

/// How far the bucket is listed.
enum Listing {
    NotBegun,
    /// To this name.
    Until(String),
    Complete,
}

impl Walk {
    pub(crate) fn new(stores: Stores, bucket: &str, deletes: bool, keys: &'static Keys) -> Self {
        Self {
            reading: Reading::new(stores, deletes, keys),
            bucket: bucket.into(),
            prefix: String::new(),
            listing: Listing::NotBegun,
        }
    }

    /// Lists the first objects that begin with a prefix; nothing when that was done before.
    ///
    /// # Errors
    /// When the bucket can't be listed.
    pub(crate) fn connect(&mut self, prefix: &str) -> Result<(), Error> {
        if matches!(self.listing, Listing::NotBegun) {
            prefix.clone_into(&mut self.prefix);
            self.list_more().map_err(|error| self.about_list(error))?;
        }
        Ok(())
    }

    pub(crate) fn read(&mut self, settled: Vec<Settlement>) -> Event {
        self.reading.settle(settled);
        loop {
            // So that there is always something to open ahead.
            let is_short = self.reading.waiting() < AHEAD && !matches!(self.listing, Listing::Complete);
            // What fails while there is something to read is asked again when there is less of it.
            if is_short
                && let Err(error) = self.list_more()
                && self.reading.waiting() == 0
                && !self.reading.has_rejected()
            {
                return Event::NotConnected(self.about_list(error).into_message());
            }
            match self.reading.open_next() {
                Ok(Some(stream)) => return Event::Stream(stream),
                Ok(None) if matches!(self.listing, Listing::Complete) => return Event::Ended,
                Ok(None) => {}
                Err(error) => return Event::NotConnected(error.into_message()),
            }
        }
    }

    /// Ends when everything is deleted that is to be.
    pub(crate) fn close(mut self, settled: Vec<Settlement>) {
        self.reading.settle(settled);
        self.reading.finish_deletions();
    }

    fn list_more(&mut self) -> Result<(), ObjectError> {
        let store = self.reading.store(&self.bucket)?;
        let after = match &self.listing {
            Listing::NotBegun => None,
            Listing::Until(name) => Some(name.as_str()),
            Listing::Complete => return Ok(()),
        };
        let page = store.list(&self.prefix, after, PAGE)?;
        self.listing = match page.last() {
            Some(last) if page.len() >= PAGE as usize => Listing::Until(last.name.clone()),
            _ => Listing::Complete,
        };
        for object in page {
            self.reading.want(&self.bucket, object.name, Some(object.size), None);
        }
        Ok(())
    }

    fn about_list(&self, error: ObjectError) -> Error {
        self.reading.about(&self.bucket, &self.prefix, error)
    }
}

#[cfg(test)]
mod tests;
