//! Containers, checked but not read.
//!
//! The same mistakes are found at the same places as by reading. No recursion: what is open is a bit for each level.
//! Every document passes through here, so what is usual is inlined into one loop over locals.

use std::mem::replace;

use forebay_json::place::{AFTER_ENTRY, AFTER_ITEM, AFTER_KEY, KEY, VALUE};
use forebay_json::scan::{number, skip_string, word};
use forebay_json::until_special;

use super::JsonError;
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

/// The first and the last offset of a key.
type Key = (usize, usize);

/// Stands before the first key of an object, which may be anything.
const NO_KEY: Key = (0, 0);

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
    start: usize,
    outside: u16,
    slots: Option<Vec<Slot>>,
) -> Result<(Option<Vec<Slot>>, Skipped), JsonError> {
    let mut levels = Levels::default();
    let (mut level, mut object) = (0_u16, false);
    let (mut canonical, mut depth) = (true, 0_u16);
    // The last key of the object that is open, and those of the objects around it.
    let (mut last, mut lasts) = (NO_KEY, Vec::new());
    let mut entries = Entries { wanted: slots.is_some(), slots, start, others: (canonical, depth) };
    let mut at = start;
    loop {
        // A value begins here, or white space before it.
        at = token(bytes, at, &mut canonical);
        let first = byte(bytes, at)?;
        match first {
            b'"' => at = string(bytes, at + 1, &mut canonical)?,
            b'-' | b'0'..=b'9' => at = number(bytes, at)?,
            b'{' | b'[' => {
                if outside + level >= VALUE_DEPTH {
                    return Err(JsonError::TooDeep);
                }
                if object {
                    lasts.push(last);
                }
                object = first == b'{';
                last = NO_KEY;
                mark(&mut levels, level, object);
                level += 1;
                depth = depth.max(level);
                at = token(bytes, at + 1, &mut canonical);
                if byte(bytes, at)? != if object { b'}' } else { b']' } {
                    if object {
                        let escaped;
                        (at, escaped) = key(bytes, at, &mut last, &mut canonical)?;
                        entries.begin(level, (last, escaped), at, &mut canonical, &mut depth);
                    }
                    continue;
                }
            }
            b't' => at = word(bytes, at, b"true")?,
            b'f' => at = word(bytes, at, b"false")?,
            b'n' => at = word(bytes, at, b"null")?,
            byte => return Err(JsonError::Unexpected { byte, place: VALUE }),
        }
        // A value has ended, or an empty container is about to.
        loop {
            if level == 0 {
                return Ok((entries.slots, Skipped { end: at, depth, canonical }));
            }
            entries.end(level, at, &mut canonical, &mut depth);
            at = token(bytes, at, &mut canonical);
            match (byte(bytes, at)?, object) {
                (b',', false) => {
                    at += 1;
                    break;
                }
                (b',', true) => {
                    at = token(bytes, at + 1, &mut canonical);
                    let escaped;
                    (at, escaped) = key(bytes, at, &mut last, &mut canonical)?;
                    entries.begin(level, (last, escaped), at, &mut canonical, &mut depth);
                    break;
                }
                (b'}', true) | (b']', false) => {
                    at += 1;
                    level -= 1;
                    object = level > 0 && is_object(&levels, level - 1);
                    if object {
                        last = lasts.pop().unwrap_or(NO_KEY);
                    }
                }
                (byte, true) => return Err(JsonError::Unexpected { byte, place: AFTER_ENTRY }),
                (byte, false) => return Err(JsonError::Unexpected { byte, place: AFTER_ITEM }),
            }
        }
    }
}

/// Skips the key at `at` and what separates it from its value: where that begins, and whether the key holds escapes.
/// It is canonical when it comes after `last`, which it then is itself.
#[inline(always)]
fn key(bytes: &[u8], at: usize, last: &mut Key, canonical: &mut bool) -> Result<(usize, bool), JsonError> {
    match byte(bytes, at)? {
        b'"' => {}
        byte => return Err(JsonError::Unexpected { byte, place: KEY }),
    }
    let mut plain = true;
    let end = string(bytes, at + 1, &mut plain)?;
    *canonical &= plain;
    let key = (at + 1, end - 1);
    if *canonical && *last != NO_KEY {
        let text = |(start, end): Key| bytes.get(start..end).unwrap_or_default();
        *canonical = text(*last) < text(key);
    }
    *last = key;
    let colon = token(bytes, end, canonical);
    match byte(bytes, colon)? {
        b':' => Ok((token(bytes, colon + 1, canonical), !plain)),
        byte => Err(JsonError::Unexpected { byte, place: AFTER_KEY }),
    }
}

/// The entries of the outermost object, which are looked at one by one.
struct Entries {
    wanted: bool,
    /// Where they are, from `start`; nothing once there are too many, or where keys hold escapes.
    slots: Option<Vec<Slot>>,
    start: usize,
    /// Whether the entries before this one are canonical, and how deeply they nest.
    others: (bool, u16),
}

impl Entries {
    /// An entry begins: its key, whether that holds escapes, and the offset of its value.
    #[inline(always)]
    fn begin(
        &mut self,
        level: u16,
        (key, escaped): (Key, bool),
        value: usize,
        canonical: &mut bool,
        depth: &mut u16,
    ) {
        if level == 1 && self.wanted {
            self.note(key, escaped, value);
            self.others = (replace(canonical, true), replace(depth, 1));
        }
    }

    #[inline(never)]
    fn note(&mut self, key: Key, escaped: bool, value: usize) {
        match &mut self.slots {
            Some(found) if !escaped && found.len() < SLOTS => {
                found.push(Slot::new((key.0 - self.start, key.1 - self.start), value - self.start));
            }
            slots => *slots = None,
        }
    }

    /// An entry may have ended at an offset.
    #[inline(always)]
    fn end(&mut self, level: u16, at: usize, canonical: &mut bool, depth: &mut u16) {
        if level != 1 || !self.wanted {
            return;
        }
        if let Some(slot) = self.slots.as_mut().and_then(|slots| slots.last_mut()) {
            slot.piece.end = at - self.start;
            (slot.piece.depth, slot.piece.canonical) = (*depth - 1, *canonical);
        }
        *canonical &= self.others.0;
        *depth = (*depth).max(self.others.1);
    }
}

/// Skips the string whose content begins at `from`.
#[inline(always)]
fn string(bytes: &[u8], from: usize, canonical: &mut bool) -> Result<usize, JsonError> {
    let end = until_special(bytes, from);
    if bytes.get(end) == Some(&b'"') {
        return Ok(end + 1);
    }
    let (end, escaped) = skip_string(bytes, from)?;
    *canonical &= !escaped;
    Ok(end)
}

#[inline(always)]
fn byte(bytes: &[u8], at: usize) -> Result<u8, JsonError> {
    bytes.get(at).copied().ok_or(JsonError::Truncated)
}

/// The offset of the next byte that is not white space.
#[inline(always)]
fn token(bytes: &[u8], at: usize, canonical: &mut bool) -> usize {
    match bytes.get(at) {
        Some(0..=b' ') => {
            let after = white_space(bytes, at);
            *canonical &= after == at;
            after
        }
        _ => at,
    }
}

fn white_space(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

fn mark(levels: &mut Levels, level: u16, object: bool) {
    if let Some(word) = levels.get_mut(usize::from(level / 64)) {
        *word = *word & !(1 << (level % 64)) | u64::from(object) << (level % 64);
    }
}

fn is_object(levels: &Levels, level: u16) -> bool {
    levels.get(usize::from(level / 64)).is_some_and(|word| word >> (level % 64) & 1 == 1)
}
