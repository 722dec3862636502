//! Containers, checked but not read.
//!
//! The same mistakes are found at the same places as by reading. No recursion: what is open is a bit for each level.

use super::JsonError;
use super::reader::{AFTER_ENTRY, AFTER_ITEM, AFTER_KEY, KEY, VALUE};
use super::scan::{number, skip_string, word};
use crate::limits::VALUE_DEPTH;
use crate::value::lazy::Slot;

/// A container that was skipped.
pub(super) struct Skipped {
    pub(super) end: usize,
    /// How many containers are nested, this one included.
    pub(super) depth: u16,
    /// Whether it would be written as it is.
    pub(super) canonical: bool,
}

/// What is open: a bit is set for an object.
type Levels = [u64; VALUE_DEPTH as usize / 64 + 1];

struct Skipper<'b> {
    bytes: &'b [u8],
    at: usize,
    outside: u16,
    level: u16,
    deepest: u16,
    levels: Levels,
    canonical: bool,
    /// The last key of each object that is open, for as long as it may be canonical.
    keys: Vec<(usize, usize)>,
    /// Where the entries of the outermost object are, if anybody wants to know. Offsets are from `start`.
    slots: Option<Vec<Slot>>,
    start: usize,
}

/// Up to this many entries are looked for one after the other.
const SLOTS: usize = 40;

/// Skips the container that begins at `at`, inside of `outside` others.
pub(super) fn skip(bytes: &[u8], at: usize, outside: u16) -> Result<Skipped, JsonError> {
    run(bytes, at, outside, None).map(|(_, skipped)| skipped)
}

/// Skips the object that begins at `at`, and says where its entries are from there. It does not for objects with many
/// of them or with escapes in their keys.
pub(super) fn find(bytes: &[u8], at: usize, outside: u16) -> Result<(Option<Vec<Slot>>, Skipped), JsonError> {
    run(bytes, at, outside, Some(Vec::with_capacity(8)))
}

fn run(
    bytes: &[u8],
    at: usize,
    outside: u16,
    slots: Option<Vec<Slot>>,
) -> Result<(Option<Vec<Slot>>, Skipped), JsonError> {
    let mut skipper = Skipper {
        bytes,
        at,
        outside,
        level: 0,
        deepest: 0,
        levels: Levels::default(),
        canonical: true,
        keys: Vec::new(),
        slots,
        start: at,
    };
    skipper.run()?;
    let Skipper { at: end, deepest: depth, canonical, slots, .. } = skipper;
    Ok((slots, Skipped { end, depth, canonical }))
}

impl Skipper<'_> {
    fn run(&mut self) -> Result<(), JsonError> {
        loop {
            if !self.value()? {
                continue;
            }
            loop {
                if self.level == 0 {
                    return Ok(());
                }
                let byte = self.token()?;
                match (byte, self.is_object()) {
                    (b',', object) => {
                        self.at += 1;
                        if object {
                            self.key()?;
                        }
                        break;
                    }
                    (b'}', true) | (b']', false) => self.close(),
                    (byte, true) => return Err(JsonError::Unexpected { byte, place: AFTER_ENTRY }),
                    (byte, false) => return Err(JsonError::Unexpected { byte, place: AFTER_ITEM }),
                }
            }
        }
    }

    /// Skips a value, or opens a container; true when the value is complete.
    fn value(&mut self) -> Result<bool, JsonError> {
        let first = self.token()?;
        if self.level == 1
            && let Some(slot) = self.slots.as_mut().and_then(|slots| slots.last_mut())
        {
            slot.value = self.at - self.start;
        }
        match first {
            b'"' => {
                let (end, escaped) = skip_string(self.bytes, self.at + 1)?;
                self.canonical &= !escaped;
                self.at = end;
            }
            b'-' | b'0'..=b'9' => self.at = number(self.bytes, self.at)?,
            b'{' => {
                self.open(true)?;
                if self.token()? != b'}' {
                    self.key()?;
                    return Ok(false);
                }
                self.close();
            }
            b'[' => {
                self.open(false)?;
                if self.token()? != b']' {
                    return Ok(false);
                }
                self.close();
            }
            b't' => self.at = word(self.bytes, self.at, b"true")?,
            b'f' => self.at = word(self.bytes, self.at, b"false")?,
            b'n' => self.at = word(self.bytes, self.at, b"null")?,
            byte => return Err(JsonError::Unexpected { byte, place: VALUE }),
        }
        Ok(true)
    }

    fn key(&mut self) -> Result<(), JsonError> {
        match self.token()? {
            b'"' => self.at += 1,
            byte => return Err(JsonError::Unexpected { byte, place: KEY }),
        }
        let start = self.at;
        let (end, escaped) = skip_string(self.bytes, start)?;
        self.at = end;
        self.canonical &= !escaped;
        if self.canonical {
            self.ascend(start, end - 1);
        }
        if self.level == 1
            && let Some(slots) = &mut self.slots
        {
            let key = (start - self.start, end - 1 - self.start);
            slots.push(Slot::new(key));
            if escaped || slots.len() > SLOTS {
                self.slots = None;
            }
        }
        match self.token()? {
            b':' => self.at += 1,
            byte => return Err(JsonError::Unexpected { byte, place: AFTER_KEY }),
        }
        Ok(())
    }

    /// Notes the key at `start..end`, which must come after the one before.
    fn ascend(&mut self, start: usize, end: usize) {
        let Some(last) = self.keys.last_mut() else { return };
        let text = |(start, end): (usize, usize)| self.bytes.get(start..end).unwrap_or_default();
        // Before the first key there is an empty one that is nowhere.
        self.canonical = *last == (0, 0) || text(*last) < text((start, end));
        *last = (start, end);
    }

    fn token(&mut self) -> Result<u8, JsonError> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => {
                    self.canonical = false;
                    self.at += 1;
                }
                Some(byte) => return Ok(*byte),
                None => return Err(JsonError::Truncated),
            }
        }
    }

    fn open(&mut self, object: bool) -> Result<(), JsonError> {
        if self.outside + self.level >= VALUE_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.at += 1;
        let (word, bit) = (usize::from(self.level / 64), self.level % 64);
        if let Some(word) = self.levels.get_mut(word) {
            *word = *word & !(1 << bit) | u64::from(object) << bit;
        }
        if object && self.canonical {
            self.keys.push((0, 0));
        }
        self.level += 1;
        self.deepest = self.deepest.max(self.level);
        Ok(())
    }

    fn close(&mut self) {
        if self.is_object() {
            self.keys.pop();
        }
        self.at += 1;
        self.level -= 1;
    }

    fn is_object(&self) -> bool {
        let level = self.level - 1;
        self.levels.get(usize::from(level / 64)).is_some_and(|word| word >> (level % 64) & 1 == 1)
    }
}
