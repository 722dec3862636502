//! JSON to JSON: what a document holds, written with sorted keys, without making values of it.

use std::borrow::Cow;

use super::scan::{Scanned, number, string};
use crate::value::plain::until_escape;
use crate::value::print::write_inside;
use crate::value::{Html, Text};

/// A member of an object that is being written.
struct Member<'t> {
    key: Cow<'t, [u8]>,
    /// Where key and value have been written.
    start: usize,
    end: usize,
}

struct Writer<'t, 'o> {
    bytes: &'t [u8],
    at: usize,
    html: Html,
    out: &'o mut Vec<u8>,
    /// The members of all objects that are open.
    members: Vec<Member<'t>>,
    moved: Vec<u8>,
}

/// Appends what the container `text`, which has been read before, is written as. Nesting is limited by the reader.
pub(in crate::value) fn rewrite(text: &Text, html: Html, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut writer = Writer { bytes, at: 0, html, out, members: Vec::new(), moved: Vec::new() };
    // What has been read before has no mistakes.
    let _ = writer.value();
}

impl Writer<'_, '_> {
    fn value(&mut self) -> Option<()> {
        let first = self.token()?;
        let start = self.at;
        match first {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => {
                self.at += 1;
                self.string().map(|_| ())
            }
            b'-' | b'0'..=b'9' => {
                self.at = number(self.bytes, self.at).ok()?;
                self.copy(start)
            }
            b'f' => {
                self.at += 5;
                self.copy(start)
            }
            _ => {
                self.at += 4;
                self.copy(start)
            }
        }
    }

    fn copy(&mut self, start: usize) -> Option<()> {
        self.out.extend_from_slice(self.bytes.get(start..self.at)?);
        Some(())
    }

    fn array(&mut self) -> Option<()> {
        self.at += 1;
        self.out.push(b'[');
        if self.token()? == b']' {
            self.at += 1;
            self.out.push(b']');
            return Some(());
        }
        loop {
            self.value()?;
            let end = self.token()?;
            self.at += 1;
            self.out.push(end);
            if end == b']' {
                return Some(());
            }
        }
    }

    fn object(&mut self) -> Option<()> {
        self.at += 1;
        self.out.push(b'{');
        if self.token()? == b'}' {
            self.at += 1;
            self.out.push(b'}');
            return Some(());
        }
        let first = self.members.len();
        loop {
            self.token()?;
            self.at += 1;
            let start = self.out.len();
            let key = self.string()?;
            self.token()?;
            self.at += 1;
            self.out.push(b':');
            self.value()?;
            self.members.push(Member { key, start, end: self.out.len() });
            let end = self.token()?;
            self.at += 1;
            self.out.push(end);
            if end == b'}' {
                break;
            }
        }
        self.order(first);
        Some(())
    }

    /// Puts the members from `first` on into the order of their keys; of equal keys the last stays.
    fn order(&mut self, first: usize) {
        let Some(members) = self.members.get_mut(first..) else { return };
        if !members.is_sorted_by(|left, right| left.key < right.key) {
            let from = members.first().map_or(0, |member| member.start);
            members.sort_by(|left, right| left.key.cmp(&right.key));
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
        self.members.truncate(first);
    }
}

impl<'t> Writer<'t, '_> {
    /// Writes the string whose content comes next, and gives that.
    fn string(&mut self) -> Option<Cow<'t, [u8]>> {
        if let Some(end) = self.plain() {
            self.out.extend_from_slice(self.bytes.get(self.at - 1..=end)?);
            let content = self.bytes.get(self.at..end)?;
            self.at = end + 1;
            return Some(Cow::Borrowed(content));
        }
        self.out.push(b'"');
        let content = match string(self.bytes, self.at).ok()? {
            Scanned::Plain { end } => {
                let content = self.bytes.get(self.at..end)?;
                self.at = end + 1;
                Cow::Borrowed(content)
            }
            Scanned::Unescaped { text, end } => {
                self.at = end + 1;
                Cow::Owned(text.into_bytes())
            }
        };
        write_inside(&content, self.html, self.out);
        self.out.push(b'"');
        Some(content)
    }

    /// The end of the string, if it is written as it is read.
    fn plain(&self) -> Option<usize> {
        let mut at = until_escape(self.bytes, self.at);
        loop {
            match self.bytes.get(at)? {
                b'"' => return Some(at),
                b'\\' | 0xe2 => return None,
                b'<' | b'>' | b'&' if self.html == Html::Escaped => return None,
                _ => at = until_escape(self.bytes, at + 1),
            }
        }
    }

    /// The next byte that is not white space.
    fn token(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }
}
