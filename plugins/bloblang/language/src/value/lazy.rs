//! Arrays and objects of a document that nobody has looked into yet.
//!
//! When a document is read, what is nested in it is only checked and kept as the piece of text it is. Whoever looks at
//! its members makes values of one level; whoever writes it writes the text, anew or as it is. Of an object single
//! entries can be looked up without making the others.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::{Text, Value};

/// The text of a container, which is valid JSON.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) text: Text,
    /// Whether it is exactly what would be written: no space, and ascending keys.
    pub(super) canonical: bool,
}

/// A container of whose text members can be made.
pub(super) trait Member: Clone {
    /// The members; `slots` is where they are, as far as that is known.
    fn read(source: &Source, slots: Option<&[Slot]>) -> Vec<Self>;
}

/// The members of a container: shared, and copied on the first write while shared.
#[derive(Clone)]
pub(super) struct Members<T> {
    /// Those that were put there.
    made: Option<Arc<Vec<T>>>,
    /// Otherwise those of a document. With members: the text of just those.
    read: Option<Arc<Lazy<T>>>,
}

struct Lazy<T> {
    source: Source,
    /// Where the entries of an object are, unless they are better searched as members.
    slots: OnceLock<Option<Vec<Slot>>>,
    members: OnceLock<Vec<T>>,
}

/// Where an entry of an object is in its text, and its value once somebody has looked at it.
#[derive(Debug)]
pub(super) struct Slot {
    key: (usize, usize),
    pub(super) piece: Piece,
    made: OnceLock<Value>,
}

/// Where a value is in the text of the object that it is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) end: usize,
    /// How many containers are nested in it.
    pub(super) depth: u16,
    /// Whether it would be written as it is.
    pub(super) canonical: bool,
}

impl Slot {
    pub(super) fn new(key: (usize, usize), value: usize) -> Self {
        let piece = Piece { start: value, end: value, depth: 0, canonical: false };
        Self { key, piece, made: OnceLock::new() }
    }
}

/// What is to be written of a container.
pub(super) enum Written<'m, T> {
    /// A text that is what would be written.
    Same(&'m Text),
    /// A text of which nobody has made members.
    Text(&'m Text),
    Members(&'m [T]),
    /// Nothing was ever put there.
    Never,
}

impl<T: Member> Members<T> {
    pub(super) fn made(members: Vec<T>) -> Self {
        Self { made: Some(Arc::new(members)), read: None }
    }

    pub(super) fn read(source: Source) -> Self {
        let lazy = Lazy { source, slots: OnceLock::new(), members: OnceLock::new() };
        Self { made: None, read: Some(Arc::new(lazy)) }
    }

    /// The same with the text that they are written as.
    pub(super) fn with_text(self, text: Text) -> Self {
        Self { read: Self::read(Source { text, canonical: true }).read, ..self }
    }

    /// None, of which it is known that none were ever put there.
    pub(super) fn never() -> Self {
        Self { made: None, read: None }
    }

    pub(super) fn are_never(&self) -> bool {
        self.made.is_none() && self.read.is_none()
    }

    /// Where those are that were put there: the same for all that share them.
    pub(super) fn place(&self) -> Option<usize> {
        self.made.as_ref().map(|made| Arc::as_ptr(made).addr())
    }

    /// The same, where the entries have been found.
    pub(super) fn found(source: Source, slots: Option<Vec<Slot>>) -> Self {
        let lazy = Lazy { source, slots: OnceLock::from(slots), members: OnceLock::new() };
        Self { made: None, read: Some(Arc::new(lazy)) }
    }

    #[inline]
    pub(super) fn get(&self) -> &[T] {
        match (&self.made, &self.read) {
            (Some(made), _) => made,
            (None, Some(lazy)) => lazy.members.get_or_init(|| lazy.read()),
            (None, None) => &[],
        }
    }

    /// The members, to be changed.
    pub(super) fn change(&mut self) -> &mut Vec<T> {
        let read = self.read.take();
        let made = self.made.get_or_insert_with(|| Arc::new(read.map(owned).unwrap_or_default()));
        Arc::make_mut(made)
    }

    /// The members, moved out when nobody else holds them.
    pub(super) fn into_vec(self) -> Vec<T> {
        match (self.made, self.read) {
            (Some(made), _) => Arc::unwrap_or_clone(made),
            (None, Some(lazy)) => owned(lazy),
            (None, None) => Vec::new(),
        }
    }

    pub(super) fn written(&self) -> Written<'_, T> {
        match (&self.made, &self.read) {
            (_, Some(lazy)) if lazy.source.canonical => Written::Same(&lazy.source.text),
            (None, Some(lazy)) if lazy.members.get().is_none() => Written::Text(&lazy.source.text),
            (None, None) => Written::Never,
            _ => Written::Members(self.get()),
        }
    }
}

/// Shows what they are, not where they come from.
impl<T: Member + fmt::Debug> fmt::Debug for Members<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.get()).finish()
    }
}

fn owned<T: Member>(lazy: Arc<Lazy<T>>) -> Vec<T> {
    match Arc::try_unwrap(lazy) {
        Ok(mut lazy) => lazy.members.take().unwrap_or_else(|| lazy.read()),
        Err(lazy) => lazy.members.get().cloned().unwrap_or_else(|| lazy.read()),
    }
}

impl<T: Member> Lazy<T> {
    fn read(&self) -> Vec<T> {
        T::read(&self.source, self.slots.get().and_then(Option::as_deref))
    }
}

impl Slot {
    /// The value, out of the text of the object.
    pub(super) fn value(&self, object: &Text) -> &Value {
        self.made.get_or_init(|| super::json::member(object, &self.piece))
    }

    /// The key, out of the text of the object.
    pub(super) fn key(&self, object: &Text) -> Text {
        object.cut(self.key.0, self.key.1)
    }

    /// The same as bytes.
    pub(super) fn key_in<'t>(&self, object: &'t [u8]) -> &'t [u8] {
        object.get(self.key.0..self.key.1).unwrap_or_default()
    }

    /// Key and value as they stand in the text, where they would be written so.
    pub(super) fn entry_in<'t>(&self, object: &'t [u8]) -> Option<&'t [u8]> {
        // Behind the key are its quote and a colon.
        let is_plain = self.piece.canonical && self.key.1 + 2 == self.piece.start;
        object.get(self.key.0.checked_sub(1)?..self.piece.end).filter(|_| is_plain)
    }
}

impl Members<(Text, Value)> {
    /// The text, and where all entries are in it: where they were read, and none was put there.
    pub(super) fn slots(&self) -> Option<(&Source, &[Slot])> {
        let (None, Some(lazy)) = (&self.made, &self.read) else { return None };
        Some((&lazy.source, lazy.slots.get_or_init(|| super::json::slots(&lazy.source.text)).as_deref()?))
    }

    /// The value under `key`, if entries can be looked up one by one.
    pub(super) fn look_up(&self, key: &[u8]) -> Option<Option<&Value>> {
        let (None, Some(lazy)) = (&self.made, &self.read) else { return None };
        if lazy.members.get().is_some() {
            return None;
        }
        let slots = lazy.slots.get_or_init(|| super::json::slots(&lazy.source.text)).as_ref()?;
        let bytes = lazy.source.text.as_bytes();
        // Of equal keys the last one counts.
        let slot = slots.iter().rev().find(|slot| bytes.get(slot.key.0..slot.key.1) == Some(key));
        Some(slot.map(|slot| slot.value(&lazy.source.text)))
    }
}
