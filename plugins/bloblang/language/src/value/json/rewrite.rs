//! JSON to JSON: what a document holds, written with sorted keys, without making values of it.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::scan::{Scanned, number, string};
use crate::value::plain::until_escape;
use crate::value::print::write_inside;
use crate::value::{Html, Text};

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
    html: Html,
    out: &'o mut Vec<u8>,
    /// The members of all objects that are open.
    members: Vec<Member<'t>>,
    moved: Vec<u8>,
}

/// Appends what the container `text`, which has been read before, is written as. Nesting is limited by the reader.
pub(in crate::value) fn rewrite(text: &Text, html: Html, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len());
    let mut writer = Writer { bytes, at: 0, written: 0, html, out, members: Vec::new(), moved: Vec::new() };
    // What has been read before has no mistakes.
    let _ = writer.value();
    writer.catch_up();
}

impl<'t> Writer<'t, '_> {
    fn value(&mut self) -> Option<()> {
        match self.token()? {
            b'{' => self.object()?,
            b'[' => self.array()?,
            b'"' => drop(self.string()?),
            b'-' | b'0'..=b'9' => self.at = number(self.bytes, self.at).ok()?,
            b'f' => self.at += 5,
            _ => self.at += 4,
        }
        Some(())
    }

    fn array(&mut self) -> Option<()> {
        self.at += 1;
        if self.token()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.value()?;
            let end = self.token()?;
            self.at += 1;
            if end == b']' {
                return Some(());
            }
        }
    }

    fn object(&mut self) -> Option<()> {
        self.at += 1;
        if self.token()? == b'}' {
            self.at += 1;
            return Some(());
        }
        let first = self.members.len();
        let mut sorted = true;
        loop {
            self.token()?;
            let start = self.position();
            let key = self.string()?;
            self.token()?;
            self.at += 1;
            self.value()?;
            let member = Member { prefix: prefix(&key), key, start, end: self.position() };
            if let Some(last) = self.members.get(first..).and_then(<[_]>::last) {
                sorted &= last.order(&member).is_lt();
            }
            self.members.push(member);
            let end = self.token()?;
            self.at += 1;
            if end == b'}' {
                break;
            }
        }
        if !sorted {
            self.sort(first);
        }
        self.members.truncate(first);
        Some(())
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

    /// The string at the cursor; its content.
    fn string(&mut self) -> Option<Cow<'t, [u8]>> {
        let start = self.at + 1;
        if let Some(end) = self.plain(start) {
            self.at = end + 1;
            return self.bytes.get(start..end).map(Cow::Borrowed);
        }
        self.at = start;
        self.catch_up();
        let (content, end) = match string(self.bytes, start).ok()? {
            Scanned::Plain { end } => (Cow::Borrowed(self.bytes.get(start..end)?), end),
            Scanned::Unescaped { text, end } => (Cow::Owned(text.into_bytes()), end),
        };
        write_inside(&content, self.html, self.out);
        (self.written, self.at) = (end, end + 1);
        Some(content)
    }

    /// The end of the string whose content begins at `from`, if it is written as it is read.
    #[inline]
    fn plain(&self, from: usize) -> Option<usize> {
        let mut at = until_escape(self.bytes, from);
        loop {
            match self.bytes.get(at)? {
                b'"' => return Some(at),
                b'\\' | 0xe2 => return None,
                b'<' | b'>' | b'&' if self.html == Html::Escaped => return None,
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

/// The first eight bytes as a number that is ordered as they are.
fn prefix(key: &[u8]) -> u64 {
    match key.first_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => key.iter().rev().fold(0, |number, byte| number >> 8 | u64::from(*byte) << 56),
    }
}
