//! Reads the objects below a prefix, one after the other.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use forebay_sdk::objects::{ObjectDetails, ObjectError, ObjectSummary, OpenedObject, Store};
use forebay_sdk::{
    ArrivedStream, Error, Event, Operation, Outcome, Settlement, StreamMetadata, Token, Value, log, scanned,
    waits::{self, Woken},
};

use crate::stores::{Stores, about};

/// How many names one list gives.
const PAGE: u32 = 1_000;
/// How many objects are deleted at once.
const MOST_DELETED: usize = 1_000;
/// How long to wait before looking again whether objects are deleted.
const PAUSE: Duration = Duration::from_millis(1);

/// The keys of the metadata of a cloud.
pub(crate) struct Keys {
    pub(crate) name: &'static str,
    pub(crate) bucket: &'static str,
    pub(crate) modified: &'static str,
    pub(crate) modified_unix: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) content_encoding: &'static str,
    /// Whether a content type or encoding that is absent is an empty text.
    pub(crate) says_absent: bool,
}

/// The objects of one bucket, in the order of their names.
pub(crate) struct Walk {
    stores: Stores,
    bucket: String,
    prefix: String,
    deletes: bool,
    keys: &'static Keys,
    listing: Listing,
    /// Listed, and not opened yet.
    found: VecDeque<ObjectSummary>,
    /// Opened before its turn, so that the host reads its beginning while the object before it is scanned.
    ahead: Option<OpenedObject>,
    /// Those that are handed out.
    under_way: HashMap<Token, ObjectSummary>,
    /// Those of which messages were rejected, by the tokens under which they were handed out last.
    rejected: VecDeque<(Token, ObjectSummary)>,
    deletions: Vec<(Operation, Vec<String>)>,
    next_token: Token,
}

/// How far the bucket is listed.
enum Listing {
    NotBegun,
    /// To this name.
    Until(String),
    Complete,
}

impl Walk {
    pub(crate) fn new(stores: Stores, bucket: String, deletes: bool, keys: &'static Keys) -> Self {
        Self {
            stores,
            bucket,
            prefix: String::new(),
            deletes,
            keys,
            listing: Listing::NotBegun,
            found: VecDeque::new(),
            ahead: None,
            under_way: HashMap::new(),
            rejected: VecDeque::new(),
            deletions: Vec::new(),
            next_token: 1,
        }
    }

    /// Lists the first objects that begin with a prefix; nothing when that was done before.
    ///
    /// # Errors
    /// When the bucket can't be listed.
    pub(crate) fn connect(&mut self, prefix: &str) -> Result<(), Error> {
        if matches!(self.listing, Listing::NotBegun) {
            prefix.clone_into(&mut self.prefix);
            self.list_more().map_err(|error| self.about(prefix, error))?;
        }
        Ok(())
    }

    pub(crate) fn read(&mut self, settled: Vec<Settlement>) -> Event {
        self.settle(settled);
        self.deletions.retain(|(operation, names)| !has_ended(operation, names));
        if let Some(event) = self.read_again() {
            return event;
        }
        let opened = match self.ahead.take() {
            Some(opened) => Ok(Some(opened)),
            None => self.open_next(),
        };
        match opened {
            Ok(Some(opened)) => {
                if !self.found.is_empty() {
                    // What fails is tried again, and reported, when it is its turn.
                    self.ahead = self.open_next().unwrap_or(None);
                }
                Event::Stream(self.hand_out(opened))
            }
            Ok(None) => Event::Ended,
            Err(error) => Event::NotConnected(self.about(&self.prefix, error).into_message()),
        }
    }

    /// Ends when everything is deleted that is to be.
    pub(crate) fn close(mut self, settled: Vec<Settlement>) {
        self.settle(settled);
        while !self.deletions.is_empty() {
            self.deletions.retain(|(operation, names)| !has_ended(operation, names));
            let Some((_, names)) = self.deletions.first() else { return };
            // A wait ends at once when a shutdown is pending; what asks the store takes about as long as what is waited for.
            let is_cut_short = waits::wait(Some(PAUSE)).contains(Woken::SHUTDOWN);
            if is_cut_short
                && let Some(name) = names.first().cloned()
                && let Ok(store) = self.store()
            {
                let _ = store.head(&name);
            }
        }
    }

    /// The next object of which messages were rejected.
    fn read_again(&mut self) -> Option<Event> {
        while let Some((token, object)) = self.rejected.pop_front() {
            match self.store().and_then(|store| store.get(&object.name)) {
                Ok(opened) => {
                    if opened.details.summary == object {
                        scanned::again(token);
                    } else {
                        let shown = self.stores.shown(&self.bucket, &object.name);
                        log::warn(format!(
                            "{shown}: it was replaced while it was read, so it is read from its beginning"
                        ));
                    }
                    return Some(Event::Stream(self.hand_out(opened)));
                }
                Err(ObjectError::NotFound(_)) => {
                    let shown = self.stores.shown(&self.bucket, &object.name);
                    log::error(format!("{shown}: what was rejected of it is lost, since it is gone"));
                }
                Err(error) => {
                    let reason = self.about(&object.name, error).into_message();
                    self.rejected.push_front((token, object));
                    return Some(Event::NotConnected(reason));
                }
            }
        }
        None
    }

    fn open_next(&mut self) -> Result<Option<OpenedObject>, ObjectError> {
        loop {
            let Some(next) = self.found.pop_front() else {
                if matches!(self.listing, Listing::Complete) {
                    return Ok(None);
                }
                self.list_more()?;
                continue;
            };
            match self.store().and_then(|store| store.get(&next.name)) {
                Ok(opened) => return Ok(Some(opened)),
                Err(ObjectError::NotFound(_)) => {
                    let shown = self.stores.shown(&self.bucket, &next.name);
                    log::warn(format!("{shown}: it was deleted before it was read"));
                }
                Err(error) => {
                    self.found.push_front(next);
                    return Err(error);
                }
            }
        }
    }

    fn list_more(&mut self) -> Result<(), ObjectError> {
        let store = self.store()?;
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
        self.found.extend(page);
        Ok(())
    }

    fn store(&mut self) -> Result<Rc<Store>, ObjectError> {
        self.stores.bucket(&self.bucket)
    }

    fn hand_out(&mut self, opened: OpenedObject) -> ArrivedStream {
        let OpenedObject { details, body: source } = opened;
        let token = self.next_token;
        self.next_token += 1;
        let (name, metadata) = (details.summary.name.clone(), self.metadata(&details));
        self.under_way.insert(token, details.summary);
        ArrivedStream { token, source, name, metadata }
    }

    /// What the messages of an object get. What the object itself says of a key wins.
    fn metadata(&self, details: &ObjectDetails) -> StreamMetadata {
        let ObjectDetails { summary: ObjectSummary { name, modified, .. }, attributes } = details;
        let keys = self.keys;
        let modified_text = forebay_text::of_seconds(*modified);
        let modified_unix = i64::try_from(modified.as_secs()).unwrap_or(i64::MAX);
        let mut values = BTreeMap::from([
            (keys.name, Value::Text(name)),
            (keys.bucket, Value::Text(&self.bucket)),
            (keys.modified, Value::Text(&modified_text)),
            (keys.modified_unix, Value::Signed(modified_unix)),
        ]);
        for (key, value) in [
            (keys.content_type, &attributes.content_type),
            (keys.content_encoding, &attributes.content_encoding),
        ] {
            match value {
                Some(value) => drop(values.insert(key, Value::Text(value))),
                None if keys.says_absent => drop(values.insert(key, Value::Text(""))),
                None => {}
            }
        }
        values.extend(attributes.metadata.iter().map(|(key, value)| (key.as_str(), Value::Text(value))));
        let mut metadata = StreamMetadata::default();
        for (key, value) in values {
            metadata.push(key, value);
        }
        metadata
    }

    /// Starts to delete the objects that were delivered, and notes those that are to be read again.
    fn settle(&mut self, settled: Vec<Settlement>) {
        let mut delivered = Vec::new();
        for Settlement { token, outcome, .. } in settled {
            let Some(object) = self.under_way.remove(&token) else { continue };
            match outcome {
                Outcome::Acknowledged if self.deletes => delivered.push(object.name),
                Outcome::Acknowledged => {}
                Outcome::Rejected { messages: None, .. } => self.rejected.push_back((token, object)),
                // It is of no use to read it again.
                Outcome::Rejected { .. } => {}
            }
        }
        for names in delivered.chunks(MOST_DELETED) {
            match self.store().and_then(|store| store.delete(names)) {
                Ok(operation) => self.deletions.push((operation, names.to_vec())),
                Err(error) => log::error(format!("delete {}: {error}", names.join(", "))),
            }
        }
    }

    fn about(&self, name: &str, error: ObjectError) -> Error {
        about(&self.stores.shown(&self.bucket, name), error)
    }
}

/// Whether a deletion has ended. What could not be deleted stays, and is in the log.
fn has_ended(operation: &Operation, names: &[String]) -> bool {
    match operation.outcome() {
        None => false,
        Some(Ok(())) => true,
        Some(Err(error)) => {
            log::error(format!("delete {}: {error}", names.join(", ")));
            true
        }
    }
}

#[cfg(test)]
mod tests;
