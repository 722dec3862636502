//! From the parser's events to a tree: anchors, limits, keys, positions.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput, Tag};

use super::merge::merge;
use super::place::{self, Place};
use super::scalar;
use super::{Key, Node, Style, Value, YamlError};
use crate::position::{Position, Span};
use crate::source::Text;

/// How deep collections may be nested, aliases expanded.
pub const MAX_DEPTH: usize = 200;
/// How much a tree may cost: one for each node and one for every 64 bytes of text, aliases expanded.
pub const MAX_COST: usize = 1_000_000;

/// What a text gave. The tree is missing when reading could not go on.
#[derive(Debug, Default)]
pub struct Parsed {
    pub root: Option<Node>,
    pub errors: Vec<YamlError>,
}

/// Reads one YAML document.
pub fn parse(text: &str) -> Parsed {
    parse_text(&Text::new(text.to_owned()))
}

pub(crate) fn parse_text(text: &Text) -> Parsed {
    let mut reader = Reader {
        events: Parser::new_from_str(text.as_str()),
        text,
        anchors: HashMap::new(),
        cost: 0,
        kept: 0,
        errors: Vec::new(),
    };
    let root = match reader.document() {
        Ok(root) => Some(root),
        Err(error) => {
            reader.errors.push(error);
            None
        }
    };
    Parsed { root, errors: reader.errors }
}

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    text: &'a Text,
    anchors: HashMap<usize, Anchor>,
    cost: usize,
    /// The cost of the copies kept for aliases, limited like that of the tree.
    kept: usize,
    errors: Vec<YamlError>,
}

struct Anchor {
    node: Node,
    height: usize,
    cost: usize,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Node, YamlError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Err(empty(Position::START)),
                (Event::DocumentStart(_), _) => break,
                _ => {}
            }
        }
        let (event, span) = self.next()?;
        let root = self.node(event, span, 1)?;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => break,
                (Event::DocumentStart(_), span) => {
                    let message =
                        "a second document starts here, and a configuration is one document".to_owned();
                    self.errors.push(YamlError { position: span.start, message });
                    break;
                }
                _ => {}
            }
        }
        if root.is_null() {
            return Err(empty(root.span.start));
        }
        Ok(root)
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        match self.events.next_event() {
            None => Ok((Event::StreamEnd, Span::empty(Position::START))),
            Some(Ok((event, span))) => {
                Ok((event, Span { start: self.position(&span.start), end: self.position(&span.end) }))
            }
            Some(Err(error)) => Err(YamlError {
                position: self.position(error.marker()),
                message: format!("invalid YAML: {}", error.info()),
            }),
        }
    }

    /// A place in the text: behind its end the parser counts one more line.
    fn position(&self, marker: &Marker) -> Position {
        let place = Position { line: marker.line(), column: marker.col() + 1 };
        self.text.position(self.text.offset(place))
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, YamlError> {
        let cost_before = self.cost;
        let (node, anchor) = match event {
            Event::Alias(id) => return self.alias(id, span, depth),
            Event::Scalar(text, style, anchor, tag) => {
                self.charge(1 + text.len() / 64, span)?;
                (self.scalar(text.into_owned(), style, tag.as_deref(), anchor != 0, span), anchor)
            }
            Event::SequenceStart(anchor, _) => {
                self.charge(1, span)?;
                (self.sequence(span, descend(depth, span)?)?, anchor)
            }
            Event::MappingStart(anchor, _) => {
                self.charge(1, span)?;
                (self.mapping(span, descend(depth, span)?)?, anchor)
            }
            _ => {
                return Err(YamlError {
                    position: span.start,
                    message: "a value is missing here".to_owned(),
                });
            }
        };
        if anchor != 0 {
            let cost = self.cost - cost_before;
            self.kept += cost;
            if self.kept > MAX_COST {
                return Err(too_large(span));
            }
            let height = height(&node);
            self.anchors.insert(anchor, Anchor { node: node.clone(), height, cost });
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, span: Span, depth: usize) -> Result<Node, YamlError> {
        let Some(anchor) = self.anchors.get(&id) else {
            let message = "an alias cannot stand inside of what its anchor names".to_owned();
            return Err(YamlError { position: span.start, message });
        };
        if depth + anchor.height > MAX_DEPTH + 1 {
            return Err(too_deep(span));
        }
        let cost = anchor.cost;
        let node = (self.cost + cost <= MAX_COST).then(|| anchor.node.clone());
        self.charge(cost, span)?;
        node.ok_or_else(|| too_large(span))
    }

    fn charge(&mut self, cost: usize, span: Span) -> Result<(), YamlError> {
        self.cost += cost;
        if self.cost > MAX_COST { Err(too_large(span)) } else { Ok(()) }
    }

    fn sequence(&mut self, span: Span, depth: usize) -> Result<Node, YamlError> {
        let mut items = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(self.collection(Value::Sequence(items), span, at));
            }
            items.push(self.node(event, at, depth)?);
        }
    }

    fn mapping(&mut self, span: Span, depth: usize) -> Result<Node, YamlError> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut merged = Vec::new();
        let mut seen: HashMap<String, Position> = HashMap::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::MappingEnd {
                merge(&mut entries, merged, &mut self.errors);
                return Ok(self.collection(Value::Mapping(entries), span, at));
            }
            let key = self.node(event, at, depth)?;
            let (event, value_at) = self.next()?;
            let value = self.node(event, value_at, depth)?;
            if !key.is_scalar() {
                let message = format!("the key of a mapping must be text, not {}", key.tag());
                self.errors.push(YamlError { position: at.start, message });
                continue;
            }
            let key_at = Span { start: if key.span == at { key.text_start } else { at.start }, end: at.end };
            if let Some(first) = seen.insert(key.text.clone(), key_at.start) {
                let message = format!("mapping key \"{}\" already defined at line {}", key.text, first.line);
                self.errors.push(YamlError { position: key_at.start, message });
                seen.insert(key.text, first);
                continue;
            }
            if key.text == "<<" && key.style == Style::Plain {
                merged.push(value);
            } else {
                entries.push((Key { text: key.text, span: key_at }, value));
            }
        }
    }

    fn collection(&self, value: Value, start: Span, end: Span) -> Node {
        let written = &self.text.as_str()[self.text.offset(start.start)..];
        let style = if written[place::properties(written)..].starts_with(['[', '{']) {
            Style::Flow
        } else {
            Style::Block
        };
        Node {
            value,
            span: Span { start: start.start, end: end.end },
            style,
            text: String::new(),
            text_start: start.start,
        }
    }

    fn scalar(
        &self,
        mut text: String,
        style: ScalarStyle,
        tag: Option<&Tag>,
        anchored: bool,
        span: Span,
    ) -> Node {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let whole = self.text.as_str();
        let is_block = matches!(style, Style::Literal | Style::Folded);
        if is_block && !whole.ends_with(['\n', '\r']) && self.text.offset(span.end) == whole.len() {
            // The parser ends every block with a line break, also the one that the file itself lacks.
            text.truncate(text.strip_suffix('\n').map_or(text.len(), str::len));
        }
        let has_properties = anchored || tag.is_some();
        let Place { text_start, end } = place::find(self.text, &text, style, has_properties, span);
        let value = match tag {
            Some(tag) if tag.is_yaml_core_schema() => tagged(&text, &tag.suffix),
            Some(_) => Value::String,
            None if style == Style::Plain => scalar::resolve(&text),
            None => Value::String,
        };
        Node { value, span: Span { start: span.start, end }, style, text, text_start }
    }
}

/// A scalar with a tag of the core schema; where the text does not fit the tag, it stays what it is without.
fn tagged(text: &str, tag: &str) -> Value {
    let resolved = scalar::resolve(text);
    match (tag, &resolved) {
        ("str" | "binary" | "timestamp", _) => Value::String,
        ("null", _) => Value::Null,
        #[expect(clippy::cast_precision_loss, reason = "a float tag asks for exactly this rounding")]
        ("float", Value::Int(value)) => Value::Float(*value as f64),
        _ => resolved,
    }
}

fn descend(depth: usize, span: Span) -> Result<usize, YamlError> {
    if depth > MAX_DEPTH { Err(too_deep(span)) } else { Ok(depth + 1) }
}

fn height(node: &Node) -> usize {
    match &node.value {
        Value::Sequence(items) => 1 + items.iter().map(height).max().unwrap_or(0),
        Value::Mapping(entries) => 1 + entries.iter().map(|(_, value)| height(value)).max().unwrap_or(0),
        _ => 0,
    }
}

fn empty(position: Position) -> YamlError {
    YamlError { position, message: "the configuration is empty".to_owned() }
}

fn too_deep(span: Span) -> YamlError {
    let message = format!("values are nested deeper than {MAX_DEPTH} levels");
    YamlError { position: span.start, message }
}

fn too_large(span: Span) -> YamlError {
    let message = "the configuration is too large with its aliases expanded".to_owned();
    YamlError { position: span.start, message }
}
