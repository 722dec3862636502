//! Reads objects in the order in which they are wanted: several are opened at once, and handed out one after the other.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

use forebay_sdk::objects::{ObjectDetails, ObjectError, ObjectSummary, OpenedObject, Opening, Store};
use forebay_sdk::{
    ArrivedStream, Error, Operation, Outcome, Settlement, StreamMetadata, Token, Value, log, scanned,
};

use crate::closing;
use crate::stores::{Stores, about};

/// How many objects are opened before their turn, so that the host asks for all of them at once.
pub(crate) const AHEAD: usize = 64;
/// How many bytes of them the host has, but for the first one.
const AHEAD_BYTES: u64 = 32 << 20;
/// How much of an object the host has when it is open.
const FIRST_BYTES: u64 = 4 << 20;
/// How many objects are deleted at once.
const MOST_DELETED: usize = 1_000;
/// How often the store may be away when an object of which a queue tells is opened: a bucket that is nowhere looks as one
/// that is away.
const MOST_TRIES: u32 = 5;

/// The keys of the metadata of a cloud.
pub(crate) struct Keys {
    pub(crate) name: &'static str,
    pub(crate) bucket: &'static str,
    pub(crate) modified: &'static str,
    pub(crate) modified_unix: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) content_encoding: &'static str,
    /// Where the cloud tells versions.
    pub(crate) version: Option<&'static str>,
    /// Whether a content type or encoding that is absent is an empty text.
    pub(crate) says_absent: bool,
}

/// The objects that are to be read.
pub(crate) struct Reading {
    stores: Stores,
    deletes: bool,
    keys: &'static Keys,
    wanted: VecDeque<Wanted>,
    /// Those that are handed out.
    under_way: HashMap<Token, UnderWay>,
    /// Those of which messages were rejected, by the tokens under which they were handed out last.
    rejected: VecDeque<(Token, UnderWay)>,
    /// What became of those that somebody wants to hear of.
    ended: Vec<Ended>,
    deletions: Vec<Deletion>,
    next_token: Token,
    /// The object of which a queue told that was handed out last.
    last: Option<(Rc<str>, String)>,
}

/// An object that is to be read.
struct Wanted {
    bucket: Rc<str>,
    name: String,
    /// Bytes, as far as it is known.
    size: Option<u64>,
    /// Who wants to hear of its end: the message of a queue that tells of it.
    of: Option<u64>,
    /// Begun before its turn.
    opening: Option<Opening>,
    /// How often the store was away when it was opened.
    tries: u32,
}

/// An object that is handed out.
struct UnderWay {
    bucket: Rc<str>,
    object: ObjectSummary,
    of: Option<u64>,
}

/// Objects of a bucket that are being deleted.
struct Deletion {
    operation: Operation,
    bucket: Rc<str>,
    names: Vec<String>,
}

/// That an object is done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// For whom it was read.
    pub(crate) of: u64,
    /// Whether all of it was delivered.
    pub(crate) delivered: bool,
}

impl Reading {
    pub(crate) fn new(stores: Stores, deletes: bool, keys: &'static Keys) -> Self {
        Self {
            stores,
            deletes,
            keys,
            wanted: VecDeque::new(),
            under_way: HashMap::new(),
            rejected: VecDeque::new(),
            ended: Vec::new(),
            deletions: Vec::new(),
            next_token: 1,
            last: None,
        }
    }

    /// Wants one more object, for somebody who wants to hear of its end where `of` is given.
    pub(crate) fn want(&mut self, bucket: &Rc<str>, name: String, size: Option<u64>, of: Option<u64>) {
        let bucket = Rc::clone(bucket);
        self.wanted.push_back(Wanted { bucket, name, size, of, opening: None, tries: 0 });
    }

    /// How many are wanted and not handed out yet.
    pub(crate) fn waiting(&self) -> usize {
        self.wanted.len()
    }

    pub(crate) fn has_rejected(&self) -> bool {
        !self.rejected.is_empty()
    }

    /// What has ended since this was asked last.
    pub(crate) fn take_ended(&mut self) -> Vec<Ended> {
        std::mem::take(&mut self.ended)
    }

    pub(crate) fn store(&mut self, bucket: &str) -> Result<Rc<Store>, ObjectError> {
        self.stores.bucket(bucket)
    }

    pub(crate) fn about(&self, bucket: &str, name: &str, error: ObjectError) -> Error {
        about(&self.stores.shown(bucket, name), error)
    }

    /// The next object: first what was rejected, then what is wanted, in its order. None when there is no more. An error
    /// leaves the object where it is, but for one of which a queue tells: names in a queue come from others, and what is
    /// wrong with one of them must not keep the rest. It ends, or waits behind the others while its store is away.
    pub(crate) fn open_next(&mut self) -> Result<Option<ArrivedStream>, Error> {
        if let Some(stream) = self.read_again()? {
            return Ok(Some(stream));
        }
        self.open_ahead();
        while let Some(mut wanted) = self.wanted.pop_front() {
            let opened = match wanted.opening.take() {
                Some(opening) => {
                    wanted.tries += 1;
                    opening.finish()
                }
                // There was no room for it: it was not tried.
                None => self.stores.bucket(&wanted.bucket).and_then(|store| store.get(&wanted.name)),
            };
            match opened {
                Ok(opened) => {
                    self.open_ahead();
                    return Ok(Some(self.hand_out(opened, wanted.bucket, wanted.of)));
                }
                Err(ObjectError::NotFound(_)) => {
                    let shown = self.stores.shown(&wanted.bucket, &wanted.name);
                    log::warn(format!("{shown}: it was deleted before it was read"));
                    self.end(wanted.of, false);
                }
                Err(error) => {
                    let is_away = is_away(&error) && wanted.tries < MOST_TRIES;
                    let error = self.about(&wanted.bucket, &wanted.name, error);
                    match wanted.of {
                        Some(_) if !is_away => {
                            self.leave(wanted.of, &error);
                            continue;
                        }
                        Some(_) => self.wanted.push_back(wanted),
                        None => self.wanted.push_front(wanted),
                    }
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Starts to open the next objects. What fails is tried again, and reported, when it is its turn.
    fn open_ahead(&mut self) {
        let mut bytes = 0;
        for wanted in self.wanted.iter_mut().take(AHEAD) {
            bytes += wanted.size.map_or(FIRST_BYTES, |size| size.min(FIRST_BYTES));
            if wanted.opening.is_some() {
                continue;
            }
            if bytes > AHEAD_BYTES {
                return;
            }
            let started = self.stores.bucket(&wanted.bucket).and_then(|store| store.start_get(&wanted.name));
            match started {
                Ok(opening) => wanted.opening = Some(opening),
                // So it is for the others.
                Err(error) if is_away(&error) => return,
                Err(_) => {}
            }
        }
    }

    /// The next object of which messages were rejected.
    fn read_again(&mut self) -> Result<Option<ArrivedStream>, Error> {
        while let Some((token, UnderWay { bucket, object, of })) = self.rejected.pop_front() {
            match self.stores.bucket(&bucket).and_then(|store| store.get(&object.name)) {
                Ok(opened) => {
                    if opened.details.summary == object {
                        scanned::again(token);
                    } else {
                        let shown = self.stores.shown(&bucket, &object.name);
                        log::warn(format!(
                            "{shown}: it was replaced while it was read, so it is read from its beginning"
                        ));
                    }
                    return Ok(Some(self.hand_out(opened, bucket, of)));
                }
                Err(ObjectError::NotFound(_)) => {
                    let shown = self.stores.shown(&bucket, &object.name);
                    log::error(format!("{shown}: what was rejected of it is lost, since it is gone"));
                    self.end(of, false);
                }
                Err(error) => {
                    let is_away = is_away(&error);
                    let error = self.about(&bucket, &object.name, error);
                    if of.is_some() && !is_away {
                        self.leave(of, &error);
                        continue;
                    }
                    self.rejected.push_front((token, UnderWay { bucket, object, of }));
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    fn hand_out(&mut self, opened: OpenedObject, bucket: Rc<str>, of: Option<u64>) -> ArrivedStream {
        let OpenedObject { details, body: source } = opened;
        let token = self.next_token;
        self.next_token += 1;
        let (name, metadata) = (details.summary.name.clone(), self.metadata(&bucket, &details));
        if of.is_some() {
            self.last = Some((Rc::clone(&bucket), name.clone()));
        }
        self.under_way.insert(token, UnderWay { bucket, object: details.summary, of });
        ArrivedStream { token, source, name, metadata }
    }

    /// What the messages of an object get. What the object itself says of a key wins.
    fn metadata(&self, bucket: &str, details: &ObjectDetails) -> StreamMetadata {
        let ObjectDetails { summary: ObjectSummary { name, modified, .. }, attributes, version } = details;
        let keys = self.keys;
        let modified_text = forebay_text::of_seconds(*modified);
        let modified_unix = i64::try_from(modified.as_secs()).unwrap_or(i64::MAX);
        let mut values = BTreeMap::from([
            (keys.name, Value::Text(name)),
            (keys.bucket, Value::Text(bucket)),
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
        if let Some((key, version)) = keys.version.zip(version.as_deref()) {
            values.insert(key, Value::Text(version));
        }
        values.extend(attributes.metadata.iter().map(|(key, value)| (key.as_str(), Value::Text(value))));
        let mut metadata = StreamMetadata::default();
        for (key, value) in values {
            metadata.push(key, value);
        }
        metadata
    }

    /// Starts to delete the objects that were delivered, and notes those that are to be read again.
    pub(crate) fn settle(&mut self, settled: Vec<Settlement>) {
        self.deletions.retain(Deletion::is_under_way);
        let mut delivered: BTreeMap<Rc<str>, Vec<String>> = BTreeMap::new();
        for Settlement { token, outcome, .. } in settled {
            let Some(object) = self.under_way.remove(&token) else { continue };
            match outcome {
                Outcome::Acknowledged => {
                    self.end(object.of, true);
                    if self.deletes {
                        delivered.entry(object.bucket).or_default().push(object.object.name);
                    }
                }
                Outcome::Rejected { messages: None, .. } => self.rejected.push_back((token, object)),
                // It is of no use to read it again.
                Outcome::Rejected { .. } => self.end(object.of, false),
            }
        }
        for (bucket, names) in delivered {
            for names in names.chunks(MOST_DELETED) {
                match self.stores.bucket(&bucket).and_then(|store| store.delete(names)) {
                    Ok(operation) => {
                        let bucket = Rc::clone(&bucket);
                        self.deletions.push(Deletion { operation, bucket, names: names.to_vec() });
                    }
                    Err(error) => log::error(format!("delete {}: {error}", names.join(", "))),
                }
            }
        }
    }

    fn end(&mut self, of: Option<u64>, delivered: bool) {
        self.ended.extend(of.map(|of| Ended { of, delivered }));
    }

    /// Gives an object up that can't be read.
    fn leave(&mut self, of: Option<u64>, error: &Error) {
        log::error(format!("{}: its message is left to the queue", error.message()));
        self.end(of, false);
    }

    /// The object of which a queue told that was handed out last.
    pub(crate) fn last(&self) -> Option<(Rc<str>, String)> {
        self.last.clone()
    }

    /// Asks for an object, for the time that this takes. Whether it was asked for.
    pub(crate) fn ask(&mut self, bucket: &str, name: &str) -> bool {
        ask(&mut self.stores, bucket, name)
    }

    /// Ends when everything is deleted that is to be.
    pub(crate) fn finish_deletions(&mut self) {
        let Self { deletions, stores, .. } = self;
        let left = || {
            deletions.retain(Deletion::is_under_way);
            deletions.first().and_then(Deletion::place)
        };
        closing::until_done(left, |(bucket, name)| ask(stores, &bucket, &name));
    }
}

impl Deletion {
    fn is_under_way(&self) -> bool {
        !has_ended(&self.operation, "delete", &self.names)
    }

    /// One of the objects.
    fn place(&self) -> Option<(Rc<str>, String)> {
        Some((Rc::clone(&self.bucket), self.names.first()?.clone()))
    }
}

/// Whether it may go better later, with all objects.
fn is_away(error: &ObjectError) -> bool {
    matches!(error, ObjectError::Unavailable(_))
}

fn ask(stores: &mut Stores, bucket: &str, name: &str) -> bool {
    let told = stores.bucket(bucket).and_then(|store| store.head(name));
    // These are said here, at once.
    !matches!(told, Err(ObjectError::Invalid(_) | ObjectError::Denied(_)))
}

/// Whether work has ended. What could not be done is in the log, and stays as it was.
pub(crate) fn has_ended(operation: &Operation, what: &str, names: &[String]) -> bool {
    match operation.outcome() {
        None => false,
        Some(Ok(())) => true,
        Some(Err(error)) => {
            log::error(format!("{what} {}: {error}", names.join(", ")));
            true
        }
    }
}
