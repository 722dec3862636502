//! JSON to JSON: what a document holds, checked and written with sorted keys, without making values of it.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::float::write_float;
use crate::plain::until_escape;
use crate::scan::{Scanned, number, string, word};
use crate::write::write_inside;
use crate::{Html, JsonError, NESTING, Numbers, Style, place};

/// A member of an object that is being written.
struct Member<'t> {
    key: Cow<'t, [u8]>,
    /// The first bytes of the key as a number, which decides most comparisons.
    prefix: u64,
    /// Where key and value are in what is written.
    start: usize,
    end: usize,
}

struct Writer<'t, 'o> {
    bytes: &'t [u8],
    at: usize,
    /// Up to where the text has been written. What stays as it is is copied in one piece, as late as possible.
    written: usize,
    style: Style,
    depth: u16,
    out: &'o mut Vec<u8>,
    /// The members of all objects that are open.
    members: Vec<Member<'t>>,
    moved: Vec<u8>,
}

/// Appends what the value at an offset of `bytes` is written as, and returns where it ends. After an error, something
/// of it may be there.
///
/// # Errors
/// The first mistake in it.
pub fn rewrite(bytes: &[u8], at: usize, style: Style, out: &mut Vec<u8>) -> Result<usize, JsonError> {
    let (members, moved) = (Vec::new(), Vec::new());
    let mut writer = Writer { bytes, at, written: at, style, depth: 0, out, members, moved };
    writer.token();
    writer.value()?;
    writer.catch_up();
    Ok(writer.at)
}

impl<'t> Writer<'t, '_> {
    fn value(&mut self) -> Result<(), JsonError> {
        match self.needed()? {
            b'{' => self.nested(Self::object)?,
            b'[' => self.nested(Self::array)?,
            b'"' => drop(self.string()?),
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.at = word(self.bytes, self.at, b"true")?,
            b'f' => self.at = word(self.bytes, self.at, b"false")?,
            b'n' => self.at = word(self.bytes, self.at, b"null")?,
            byte => return Err(JsonError::Unexpected { byte, place: place::VALUE }),
        }
        Ok(())
    }

    fn nested(&mut self, write: impl FnOnce(&mut Self) -> Result<(), JsonError>) -> Result<(), JsonError> {
        if self.depth >= NESTING {
            return Err(JsonError::TooDeep);
        }
        self.at += 1;
        self.depth += 1;
        write(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn array(&mut self) -> Result<(), JsonError> {
        if self.needed()? == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value()?;
            let end = self.needed()?;
            self.at += 1;
            match end {
                b',' => {}
                b']' => return Ok(()),
                byte => return Err(JsonError::Unexpected { byte, place: place::AFTER_ITEM }),
            }
        }
    }

    fn object(&mut self) -> Result<(), JsonError> {
        if self.needed()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        let first = self.members.len();
        let mut sorted = true;
        loop {
            match self.needed()? {
                b'"' => {}
                byte => return Err(JsonError::Unexpected { byte, place: place::KEY }),
            }
            let start = self.position();
            let key = self.string()?;
            match self.needed()? {
                b':' => self.at += 1,
                byte => return Err(JsonError::Unexpected { byte, place: place::AFTER_KEY }),
            }
            self.value()?;
            let member = Member { prefix: key_prefix(&key), key, start, end: self.position() };
            if let Some(last) = self.members.get(first..).and_then(<[_]>::last) {
                sorted &= last.order(&member).is_lt();
            }
            self.members.push(member);
            let end = self.needed()?;
            self.at += 1;
            match end {
                b',' => {}
                b'}' => break,
                byte => return Err(JsonError::Unexpected { byte, place: place::AFTER_ENTRY }),
            }
        }
        if !sorted {
            self.sort(first);
        }
        self.members.truncate(first);
        Ok(())
    }

    /// Puts the members from `first` on into the order of their keys; of equal keys the last stays.
    fn sort(&mut self, first: usize) {
        self.catch_up();
        let Some(members) = self.members.get_mut(first..) else { return };
        let from = members.first().map_or(0, |member| member.start);
        members.sort_by(Member::order);
        self.moved.clear();
        self.moved.extend_from_slice(self.out.get(from..).unwrap_or_default());
        self.out.truncate(from);
        let mut members = members.iter().peekable();
        while let Some(member) = members.next() {
            if members.peek().is_some_and(|next| next.key == member.key) {
                continue;
            }
            let written = self.moved.get(member.start - from..member.end - from);
            self.out.extend_from_slice(written.unwrap_or_default());
            self.out.push(b',');
        }
        self.out.pop();
        self.out.push(b'}');
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        let end = number(self.bytes, start)?;
        if self.style.numbers == Numbers::Float {
            self.catch_up();
            let digits = self.bytes.get(start..end).and_then(|digits| std::str::from_utf8(digits).ok());
            let value = digits.and_then(|digits| digits.parse().ok()).filter(|value: &f64| value.is_finite());
            write_float(value.ok_or(JsonError::OutOfRange { start, end })?, self.out);
            self.written = end;
        }
        self.at = end;
        Ok(())
    }

    /// The string at the cursor; its content.
    fn string(&mut self) -> Result<Cow<'t, [u8]>, JsonError> {
        let start = self.at + 1;
        if let Some(end) = self.plain(start) {
            self.at = end + 1;
            return Ok(Cow::Borrowed(self.bytes.get(start..end).unwrap_or_default()));
        }
        self.at = start;
        self.catch_up();
        let (content, end) = match string(self.bytes, start)? {
            Scanned::Plain { end } => (Cow::Borrowed(self.bytes.get(start..end).unwrap_or_default()), end),
            Scanned::Unescaped { text, end } => (Cow::Owned(text.into_bytes()), end),
        };
        write_inside(&content, self.style.html, self.out);
        (self.written, self.at) = (end, end + 1);
        Ok(content)
    }

    /// The end of the string whose content begins at `from`, if it is written as it is read.
    #[inline]
    fn plain(&self, from: usize) -> Option<usize> {
        let mut at = until_escape(self.bytes, from);
        loop {
            match self.bytes.get(at)? {
                b'"' => return Some(at),
                b'\\' | 0xe2 | 0..0x20 => return None,
                b'<' | b'>' | b'&' if self.style.html == Html::Escaped => return None,
                _ => at = until_escape(self.bytes, at + 1),
            }
        }
    }

    /// The next byte that is not white space, which is left out.
    #[inline]
    fn token(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        if byte > b' ' {
            return Some(byte);
        }
        self.catch_up();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.written = self.at;
        self.bytes.get(self.at).copied()
    }

    /// The same, where there must be one.
    #[inline]
    fn needed(&mut self) -> Result<u8, JsonError> {
        self.token().ok_or(JsonError::Truncated)
    }

    /// Where the cursor is in what is written.
    fn position(&self) -> usize {
        self.out.len() + (self.at - self.written)
    }

    /// Writes what stays as it is up to the cursor.
    fn catch_up(&mut self) {
        self.out.extend_from_slice(self.bytes.get(self.written..self.at).unwrap_or_default());
        self.written = self.at;
    }
}

impl Member<'_> {
    fn order(&self, other: &Self) -> Ordering {
        self.prefix.cmp(&other.prefix).then_with(|| self.key.cmp(&other.key))
    }
}

/// The first eight bytes of a key as a number that is ordered as they are.
#[inline]
#[must_use]
pub fn key_prefix(key: &[u8]) -> u64 {
    match key.first_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => key.iter().rev().fold(0, |number, byte| number >> 8 | u64::from(*byte) << 56),
    }
}

#[cfg(test)]
mod tests;
