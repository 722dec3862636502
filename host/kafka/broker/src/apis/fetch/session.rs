//! Fetch sessions: what a client wants is remembered, so that it sends changes only and is told changes only.
//!
//! A session is used by one fetch at a time: each must have the epoch behind that of the last one. What is remembered is
//! bounded; a client whose session was dropped for others starts a new one, and one for which there is no room is
//! served without.

mod remembered;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_lifecycle::{chance, clock};
use kafka_protocol::messages::FetchRequest;
use kafka_protocol::messages::fetch_request::FetchTopic;

use self::remembered::Remembered;
use super::answer::{Answered, FetchAnswer, Topics, data};
use super::wanted::Wanted;

/// Partitions that all sessions together remember.
const MOST_PARTITIONS: usize = 1_000_000;
/// No topic has a longer name, in bytes: what is asked for by one is not there, and is remembered for nobody.
const LONGEST_NAME: usize = 249;
/// A session that was not used for so long makes room for others.
const IDLE: Duration = Duration::from_mins(2);
/// What a request without a session has as its epoch, and one that ends a session.
const NO_SESSION: i32 = -1;
/// The epoch of a request that begins a session.
const FIRST: i32 = 0;
/// The first version that knows sessions.
const SESSIONS: i16 = 7;

#[derive(Debug)]
pub(crate) struct Sessions {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    sessions: HashMap<i32, Session>,
    partitions: usize,
}

#[derive(Debug)]
struct Session {
    /// That the next fetch must have.
    epoch: i32,
    used: Instant,
    remembered: Remembered,
}

/// Why a session can't go on. The client begins a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionError {
    Unknown,
    Epoch,
}

/// A fetch that may go on.
#[derive(Debug)]
pub(super) struct Begun {
    /// All partitions that are wanted.
    pub wanted: Vec<Wanted>,
    session: InSession,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InSession {
    None,
    /// Everything is told.
    New {
        id: i32,
        next: i32,
    },
    /// Only changes are told.
    Going {
        id: i32,
        next: i32,
    },
}

impl Sessions {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    pub(super) fn begin(&self, request: &FetchRequest, version: i16) -> Result<Begun, SessionError> {
        let epoch = if version < SESSIONS { NO_SESSION } else { request.session_epoch };
        let mut kept = self.lock();
        if epoch == NO_SESSION || epoch == FIRST {
            kept.remove(request.session_id);
            let wanted: Vec<_> = Wanted::all(&request.topics).collect();
            let is_kept = epoch == FIRST && has_names_of_topics(&request.topics);
            let session = if is_kept { kept.create(self.most, &wanted) } else { InSession::None };
            return Ok(Begun { wanted, session });
        }
        let kept = &mut *kept;
        let session = kept.sessions.get_mut(&request.session_id).ok_or(SessionError::Unknown)?;
        if session.epoch != epoch {
            return Err(SessionError::Epoch);
        }
        session.epoch = after(epoch);
        session.used = clock::now();
        let before = session.remembered.len();
        session.remembered.update(&request.topics, &request.forgotten_topics_data);
        kept.partitions = kept.partitions - before + session.remembered.len();
        let going = InSession::Going { id: request.session_id, next: session.epoch };
        let begun = Begun { wanted: session.remembered.wanted(), session: going };
        if kept.partitions > MOST_PARTITIONS || !has_names_of_topics(&request.topics) {
            // It has outgrown what there is room for: this answer is its last.
            kept.remove(request.session_id);
        }
        Ok(begun)
    }

    /// Makes the answer, and remembers what it tells.
    pub(super) fn finish(&self, begun: Begun, answered: Vec<Answered>) -> FetchAnswer {
        let mut topics = Topics::default();
        let mut kept = self.lock();
        let (id, next, is_new) = match begun.session {
            InSession::None => (0, 0, true),
            InSession::New { id, next } => (id, next, true),
            InSession::Going { id, next } => (id, next, false),
        };
        // Another fetch may have ended the session meanwhile.
        let mut session = kept.sessions.get_mut(&id).filter(|session| session.epoch == next);
        let mut served = Vec::new();
        for (wanted, answered) in begun.wanted.iter().zip(answered) {
            let (data, records) = data(wanted, answered);
            let session = session.as_mut();
            let changed = session.is_none_or(|session| session.remembered.tell(wanted, &data, &records));
            if !records.is_empty() {
                served.push(wanted);
            }
            if is_new || changed {
                topics.push(wanted, data, records);
            }
        }
        if let Some(session) = session {
            session.remembered.move_back(&served);
        }
        topics.into_answer(id)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn create(&mut self, most: usize, wanted: &[Wanted]) -> InSession {
        if wanted.is_empty() || !self.make_room(most, wanted.len()) {
            return InSession::None;
        }
        let Some(id) = self.fresh_id() else { return InSession::None };
        let remembered = Remembered::new(wanted);
        self.partitions += remembered.len();
        let next = after(FIRST);
        self.sessions.insert(id, Session { epoch: next, used: clock::now(), remembered });
        InSession::New { id, next }
    }

    /// Drops the session that was not used for the longest time, if it is idle.
    fn make_room(&mut self, most: usize, partitions: usize) -> bool {
        while self.sessions.len() >= most || self.partitions.saturating_add(partitions) > MOST_PARTITIONS {
            let oldest = self.sessions.iter().min_by_key(|(_, session)| session.used);
            match oldest {
                Some((id, session)) if clock::now().duration_since(session.used) >= IDLE => {
                    let id = *id;
                    self.remove(id);
                }
                _ => return false,
            }
        }
        true
    }

    fn fresh_id(&self) -> Option<i32> {
        let id = i32::try_from(chance::bits() & 0x7fff_ffff).ok()?;
        (id != 0 && !self.sessions.contains_key(&id)).then_some(id)
    }

    fn remove(&mut self, id: i32) {
        if let Some(session) = self.sessions.remove(&id) {
            self.partitions = self.partitions.saturating_sub(session.remembered.len());
        }
    }
}

/// Whether all could be topics, by the lengths of their names: those bound what a session takes.
fn has_names_of_topics(topics: &[FetchTopic]) -> bool {
    topics.iter().all(|topic| topic.topic.0.len() <= LONGEST_NAME)
}

/// The epoch behind this one; it never comes back to 0.
fn after(epoch: i32) -> i32 {
    if epoch == i32::MAX { 1 } else { epoch + 1 }
}
