//! The text as written beside the text as parsed, and the way back from the second to the first.
//!
//! Variables are replaced before the YAML is read, so what the YAML reader reports are places in a text that
//! nobody wrote. Each pass of replacement leaves a list of edits; a place is carried back through them, last pass
//! first. A place inside a replacement becomes the place of what was replaced.
//!
//! A configuration of several files is read as one: the lines of each further file are counted on from those of the
//! files before it, so that a place says by itself in which file it lies.
//!
//! Invariant: every position that leaves this module lies in the text as written (at most one behind the last
//! character of a line), whatever was asked.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::position::{Position, Span};

/// One replacement: `before` bytes of the text going in became `after` bytes of the text coming out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) before: Range<usize>,
    pub(crate) after: Range<usize>,
}

/// The replacements of one pass, in order.
pub(crate) type Edits = Vec<Edit>;

/// A text with its lines found.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Text {
    content: String,
    lines: Vec<Line>,
}

/// The bytes of a line without its line break.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    bytes: Range<usize>,
    /// Where every [`STRIDE`]th character is, counted from the line's first byte; empty if all are one byte wide.
    marks: Vec<usize>,
}

/// How many characters of a line there are between two marks: what a look-up walks at most.
const STRIDE: usize = 64;

/// A text as written, the same text with its variables replaced, and the edits between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    written: Text,
    expanded: Text,
    passes: Vec<Edits>,
    /// The files behind this one.
    others: Vec<Other>,
}

/// A file behind the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Other {
    file: OtherFile,
    /// How many lines there are before it.
    before: usize,
    source: Source,
}

/// What a file behind the first one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OtherFile {
    Resources(Arc<str>),
    /// A setting of the command line; the name says which.
    Setting(Arc<str>),
}

impl Source {
    pub(crate) fn new(written: String, expanded: String, passes: Vec<Edits>) -> Self {
        Self { written: Text::new(written), expanded: Text::new(expanded), passes, others: Vec::new() }
    }

    /// The text to parse, of the first file.
    pub(crate) fn expanded(&self) -> &Text {
        &self.expanded
    }

    /// Puts a file behind the others; how many lines are before it.
    pub(crate) fn append(&mut self, file: OtherFile, source: Self) -> usize {
        let before = match self.others.last() {
            Some(last) => last.before + last.source.expanded.lines.len(),
            None => self.expanded.lines.len(),
        };
        self.others.push(Other { file, before, source });
        before
    }

    /// Puts all files of another configuration behind the others; how many lines are before them.
    pub(crate) fn append_all(&mut self, name: &str, files: &Self) -> usize {
        let Self { written, expanded, passes, others } = files;
        let first = Self {
            written: written.clone(),
            expanded: expanded.clone(),
            passes: passes.clone(),
            others: Vec::new(),
        };
        let before = self.append(OtherFile::Resources(name.into()), first);
        self.others
            .extend(others.iter().map(|other| Other { before: before + other.before, ..other.clone() }));
        before
    }

    /// Which file a place lies in, counted from nought, and the place as it is counted there.
    pub(crate) fn file_at(&self, place: Position) -> (usize, &Self, Position) {
        let behind = self.others.partition_point(|other| other.before < place.line);
        match behind.checked_sub(1).and_then(|last| self.others.get(last)) {
            Some(other) => (behind, &other.source, Position { line: place.line - other.before, ..place }),
            None => (0, self, place),
        }
    }

    /// The name of the file that a place lies in; none for the first one.
    pub(crate) fn name_at(&self, place: Position) -> Option<&Arc<str>> {
        let other = self.file_at(place).0.checked_sub(1).and_then(|index| self.others.get(index))?;
        match &other.file {
            OtherFile::Resources(name) | OtherFile::Setting(name) => Some(name),
        }
    }

    /// The number of the file with this name; that of the first one for every other name.
    pub(crate) fn number_of(&self, name: &str) -> usize {
        let is_it = |other: &Other| match &other.file {
            OtherFile::Resources(known) | OtherFile::Setting(known) => **known == *name,
        };
        self.others.iter().position(is_it).map_or(0, |index| index + 1)
    }

    /// Whether a place lies in a setting of the command line.
    pub(crate) fn is_setting(&self, place: Position) -> bool {
        let other = self.file_at(place).0.checked_sub(1).and_then(|index| self.others.get(index));
        other.is_some_and(|other| matches!(other.file, OtherFile::Setting(_)))
    }

    /// Where a place of the text to parse was written, in the file that it lies in.
    pub(crate) fn written_at(&self, place: Position) -> Position {
        let (_, file, place) = self.file_at(place);
        let mut offset = file.expanded.offset(place);
        for edits in file.passes.iter().rev() {
            offset = before_edits(edits, offset);
        }
        file.written.position(offset)
    }

    pub(crate) fn written_span(&self, span: Span) -> Span {
        Span { start: self.written_at(span.start), end: self.written_at(span.end) }
    }
}

/// Says how long the text is and not what it is: the values of variables can be secrets.
impl fmt::Debug for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Text({} bytes, {} lines)", self.content.len(), self.lines.len())
    }
}

/// Carries an offset back over one pass of edits.
fn before_edits(edits: &Edits, offset: usize) -> usize {
    let behind = edits.partition_point(|edit| edit.after.start <= offset);
    let Some(edit) = behind.checked_sub(1).and_then(|last| edits.get(last)) else {
        return offset;
    };
    if offset < edit.after.end || offset == edit.after.start {
        return edit.before.start;
    }
    edit.before.end + (offset - edit.after.end)
}

impl Text {
    pub(crate) fn new(content: String) -> Self {
        let mut lines = Vec::new();
        let mut start = 0;
        let bytes = content.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let width = match (bytes[at], bytes.get(at + 1)) {
                (b'\r', Some(b'\n')) => 2,
                (b'\r' | b'\n', _) => 1,
                _ => 0,
            };
            if width == 0 {
                at += 1;
                continue;
            }
            lines.push(Line::new(&content, start..at));
            at += width;
            start = at;
        }
        lines.push(Line::new(&content, start..bytes.len()));
        Self { content, lines }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.content
    }

    /// The byte at a position; what lies outside the text is moved to the nearest place in it.
    pub(crate) fn offset(&self, place: Position) -> usize {
        let Some(line) = self.lines.get(place.line.saturating_sub(1)) else {
            return self.content.len();
        };
        line.offset(&self.content, place.column.saturating_sub(1))
    }

    /// The position of a byte; one that is inside of a character or of a line break belongs to the place before.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let index = self.lines.partition_point(|line| line.bytes.start <= offset).saturating_sub(1);
        let Some(line) = self.lines.get(index) else {
            return Position::START;
        };
        let characters = line.characters_before(&self.content, offset.min(line.bytes.end));
        Position { line: index + 1, column: characters + 1 }
    }

    #[cfg(test)]
    pub(crate) fn contains(&self, place: Position) -> bool {
        place.line >= 1
            && place.column >= 1
            && self
                .lines
                .get(place.line - 1)
                .is_some_and(|line| place.column <= self.content[line.bytes.clone()].chars().count() + 1)
    }
}

impl Line {
    fn new(content: &str, bytes: Range<usize>) -> Self {
        let text = &content[bytes.clone()];
        if text.is_ascii() {
            return Self { bytes, marks: Vec::new() };
        }
        Self { bytes, marks: text.char_indices().step_by(STRIDE).map(|(at, _)| at).collect() }
    }

    /// The byte of the text at which a character of the line begins; the line's end if it has not as many.
    fn offset(&self, content: &str, characters: usize) -> usize {
        let Range { start, end } = self.bytes;
        if self.marks.is_empty() {
            return end.min(start.saturating_add(characters));
        }
        let Some(mark) = self.marks.get(characters / STRIDE) else {
            return end;
        };
        let rest = &content[start + mark..end];
        rest.char_indices().nth(characters % STRIDE).map_or(end, |(at, _)| start + mark + at)
    }

    /// How many characters of the line begin before a byte of the text that lies in it.
    fn characters_before(&self, content: &str, offset: usize) -> usize {
        let within = offset.saturating_sub(self.bytes.start);
        let Some(index) = self.marks.partition_point(|mark| *mark <= within).checked_sub(1) else {
            return within;
        };
        let begin = self.bytes.start + self.marks[index];
        let rest = &content[begin..self.bytes.end];
        index * STRIDE + rest.char_indices().take_while(|(at, _)| begin + at < offset).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize, column: usize) -> Position {
        Position { line, column }
    }

    #[test]
    fn positions_and_offsets_are_inverse_in_text_of_every_width() {
        let text = Text::new("a\u{e9}b\r\n\u{1f600}c\rd\n".to_owned());
        for (offset, character) in text.as_str().char_indices() {
            if !matches!(character, '\r' | '\n') {
                assert_eq!(text.offset(text.position(offset)), offset);
            }
        }
        assert_eq!(text.offset(at(3, 1)), text.as_str().find('d').unwrap());
    }

    #[test]
    fn long_lines_of_wide_characters_are_looked_up_by_their_marks() {
        let text = Text::new(format!("x\n{}", "a\u{1f600}\u{e9}".repeat(100)));
        for (count, (offset, _)) in text.as_str().char_indices().skip(2).enumerate() {
            assert_eq!(text.position(offset), at(2, count + 1));
            assert_eq!(text.offset(at(2, count + 1)), offset);
        }
        assert_eq!(text.position(text.offset(at(2, 1_000))), at(2, 301));
    }

    #[test]
    fn places_outside_are_moved_into_the_text() {
        let text = Text::new("ab\ncd".to_owned());
        assert_eq!(text.position(text.offset(at(9, 9))), at(2, 3));
        assert_eq!(text.position(text.offset(at(1, 9))), at(1, 3));
        assert_eq!(text.position(400), at(2, 3));
        assert_eq!(text.offset(at(0, 0)), 0);
    }

    #[test]
    fn a_place_behind_a_replacement_is_carried_back() {
        let edits = vec![Edit { before: 2..8, after: 2..3 }];
        let source = Source::new("a ${FOO} b\nc".to_owned(), "a x b\nc".to_owned(), vec![edits]);
        assert_eq!(source.written_at(at(1, 1)), at(1, 1));
        assert_eq!(source.written_at(at(1, 3)), at(1, 3));
        assert_eq!(source.written_at(at(1, 5)), at(1, 10));
        assert_eq!(source.written_at(at(2, 1)), at(2, 1));
    }

    #[test]
    fn lines_of_further_files_are_counted_on() {
        let file = |text: &str| Source::new(text.to_owned(), text.to_owned(), Vec::new());
        let mut all = file("a\nb");
        let edits = vec![Edit { before: 0..6, after: 0..1 }];
        let second = Source::new("${FOO} b\nc".to_owned(), "x b\nc".to_owned(), vec![edits]);
        assert_eq!(all.append(OtherFile::Resources("second".into()), second), 2);
        assert_eq!(all.append(OtherFile::Setting("third".into()), file("d")), 4);
        let seen = |line| (all.name_at(at(line, 1)).map(AsRef::as_ref), all.written_at(at(line, 3)).column);
        assert_eq!([seen(2), seen(3), seen(5)], [(None, 2), (Some("second"), 8), (Some("third"), 2)]);
        assert_eq!(all.file_at(at(4, 1)).2, at(2, 1));
        assert_eq!([4, 5].map(|line| all.is_setting(at(line, 1))), [false, true]);
    }

    #[test]
    fn a_place_behind_an_empty_replacement_is_the_replacement() {
        let edits = vec![Edit { before: 0..6, after: 0..0 }];
        let source = Source::new("${FOO}b".to_owned(), "b".to_owned(), vec![edits]);
        assert_eq!(source.written_at(at(1, 1)), at(1, 1));
        assert_eq!(source.written_at(at(1, 2)), at(1, 8));
    }
}
