//! Strings with a syntax of their own, and the way from a place in such a string to a place in the file.

mod unquote;

use crate::position::Position;
use crate::source::Source;
use crate::spec::FieldSpec;
use crate::yaml::{Node, Style};

/// A string of a component's settings that is a mapping or may hold interpolations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextField {
    /// Where it is in the settings, as a JSON pointer; empty if it is all of them.
    pub pointer: String,
    /// The language it is written in, for a mapping.
    pub language: Option<String>,
    /// What it is in that language; see [`FieldSpec::form`].
    pub form: Option<String>,
    pub interpolated: bool,
    /// Where its first character is in the file; for a default, where its component is.
    pub position: Position,
    /// Where it starts in the text that was parsed.
    start: Position,
    style: Style,
}

impl TextField {
    pub(crate) fn new(pointer: String, spec: &FieldSpec, node: &Node, source: &Source) -> Self {
        let mut field = Self {
            pointer,
            language: spec.mapping.clone(),
            form: spec.form.clone(),
            interpolated: spec.interpolated,
            position: Position::START,
            start: node.text_start,
            style: node.style,
        };
        field.position = field.locate(source, Position::START);
        field
    }

    /// Whether it is the string at this place in the settings, or the code of the object that is there.
    pub(super) fn stands_at(&self, pointer: &str) -> bool {
        self.pointer == pointer
            || self.language.is_some() && self.pointer.strip_suffix("/code") == Some(pointer)
    }

    /// The file that the string stands in, where that is not the one of the pipeline.
    pub(super) fn file<'s>(&self, source: &'s Source) -> Option<&'s str> {
        source.name_at(self.start).map(AsRef::as_ref)
    }

    /// Where a place in the string is in the file.
    ///
    /// Exact for literal blocks; for plain and quoted strings as well, escapes and folded lines counted. Of a folded
    /// block only the first line can be told.
    pub(crate) fn locate(&self, source: &Source, place: Position) -> Position {
        let lines = place.line.saturating_sub(1);
        let characters = place.column.saturating_sub(1);
        let (_, source, start) = source.file_at(self.start);
        let parsed = match self.style {
            Style::Literal => Position {
                line: start.line.saturating_add(lines),
                column: start.column.saturating_add(characters),
            },
            Style::Folded if lines == 0 => {
                Position { column: start.column.saturating_add(characters), ..start }
            }
            Style::Folded | Style::Default | Style::Block | Style::Flow => start,
            Style::Plain | Style::SingleQuoted | Style::DoubleQuoted => {
                let text = source.expanded();
                let offset = text.offset(start);
                text.position(offset + unquote::offset(&text.as_str()[offset..], self.style, place))
            }
        };
        source.written_at(parsed)
    }
}
