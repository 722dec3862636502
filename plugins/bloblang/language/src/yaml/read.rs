//! YAML read into values.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};

use super::{mistakes, scalar};
use crate::limits::{ELEMENTS, VALUE_DEPTH};
use crate::value::{Object, Text, Value};

/// Nodes that aliases may stand for, all together; a few lines can otherwise unfold to billions.
const ALIASED: usize = 1_000_000;

/// Reads the first document of a text.
///
/// # Errors
/// What is wrong, in Go's words for the common mistakes.
pub(crate) fn read(text: &str) -> Result<Value, String> {
    let mut indented: Option<String> = None;
    // Go lets lines of a flow collection begin anywhere, the parser does not.
    for _ in 0..RETRIES {
        let attempt = indented.as_deref().unwrap_or(text);
        match first(attempt) {
            Err(Failed::FlowIndentation { line }) => indented = Some(indent(attempt, line)),
            Err(Failed::Text(error)) => return Err(error),
            Ok(value) => return Ok(value),
        }
    }
    Err("yaml: invalid indentation in flow construct".to_owned())
}

/// How many lines of flow collections may be without indentation.
const RETRIES: usize = 200;

/// The text with one more line indented, which is behind the indentation of all others.
fn indent(text: &str, line: usize) -> String {
    let deepest = text.lines().map(|line| line.len() - line.trim_start_matches(' ').len()).max().unwrap_or(0);
    let spaces = " ".repeat(deepest.min(1024) + 1);
    let lines = text.split_inclusive('\n').enumerate();
    lines.flat_map(|(index, part)| [if index + 1 == line { spaces.as_str() } else { "" }, part]).collect()
}

/// Why a text could not be read.
enum Failed {
    FlowIndentation { line: usize },
    Text(String),
}

impl From<String> for Failed {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Failed {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

fn first(text: &str) -> Result<Value, Failed> {
    let mut reader = Reader {
        text,
        events: Parser::new_from_str(text),
        anchors: HashMap::new(),
        unfolded: 0,
        nodes: 0,
        mistakes: Vec::new(),
    };
    let value = reader.document()?;
    if reader.mistakes.is_empty() {
        return Ok(value);
    }
    Err(format!("yaml: unmarshal errors:\n  {}", reader.mistakes.join("\n  ")).into())
}

struct Reader<'t> {
    text: &'t str,
    events: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, (Value, usize)>,
    unfolded: usize,
    nodes: usize,
    /// Mistakes that do not end the reading.
    mistakes: Vec<String>,
}

/// A key, and the line it is on.
struct Entry {
    key: Text,
    line: usize,
    merge: bool,
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Result<Value, Failed> {
        loop {
            match self.next()?.0 {
                Event::StreamEnd => return Ok(Value::Null),
                Event::DocumentStart(_) => break,
                _ => {}
            }
        }
        let (event, line) = self.next()?;
        let value = self.node(event, line, 0)?.0;
        // The next event shows whether the document ended where it should.
        self.next()?;
        Ok(value)
    }

    fn next(&mut self) -> Result<(Event<'t>, usize), Failed> {
        match self.events.next_event() {
            None => Ok((Event::StreamEnd, 0)),
            Some(Ok((event, span))) => Ok((event, span.start.line())),
            Some(Err(error))
                if matches!(
                    error.info(),
                    "invalid indentation in flow construct" | "invalid indentation"
                ) =>
            {
                Err(Failed::FlowIndentation { line: error.marker().line() })
            }
            Some(Err(error)) => {
                if error.info().ends_with("unknown anchor") {
                    return Err(format!(
                        "yaml: unknown anchor '{}' referenced",
                        self.anchor_at(error.marker().index())
                    )
                    .into());
                }
                Err(format!("yaml: {}", mistakes::worded(&error, self.text)).into())
            }
        }
    }

    /// The name of the alias at a place, which counts in characters.
    fn anchor_at(&self, index: usize) -> String {
        let rest = self.text.chars().skip(index).skip_while(|character| *character == '*');
        rest.take_while(|character| character.is_alphanumeric() || matches!(character, '_' | '-')).collect()
    }

    /// Reads a node, and tells how many nodes it has.
    fn node(&mut self, event: Event<'t>, line: usize, depth: u16) -> Result<(Value, usize), Failed> {
        if depth > VALUE_DEPTH {
            return Err("yaml: exceeded max depth".into());
        }
        self.nodes += 1;
        if self.nodes > ELEMENTS {
            return Err("yaml: document has too many nodes".into());
        }
        let (value, size, anchor) = match event {
            Event::Alias(id) => {
                let (value, size) = self.anchors.get(&id).cloned().ok_or("yaml: anchor contains itself")?;
                self.unfolded += size;
                if self.unfolded > ALIASED {
                    return Err("yaml: document contains excessive aliasing".into());
                }
                return Ok((value, size));
            }
            Event::Scalar(text, style, anchor, tag) => {
                let value =
                    scalar_value(&text, style, tag.as_deref()).map_err(|error| format!("yaml: {error}"))?;
                (value, 1, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let (items, size) = self.sequence(depth)?;
                (Value::from(items), size, anchor)
            }
            Event::MappingStart(anchor, _) => {
                let (object, size) = self.mapping(depth)?;
                (Value::Object(object), size, anchor)
            }
            _ => return Err(format!("yaml: line {line}: did not find expected node content").into()),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, (value.clone(), size));
        }
        Ok((value, size))
    }

    fn sequence(&mut self, depth: u16) -> Result<(Vec<Value>, usize), Failed> {
        let mut items = Vec::new();
        let mut size = 1;
        loop {
            let (event, line) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok((items, size));
            }
            let (item, nodes) = self.node(event, line, depth + 1)?;
            items.push(item);
            size += nodes;
        }
    }

    fn mapping(&mut self, depth: u16) -> Result<(Object, usize), Failed> {
        let mut entries: Vec<(Text, Value)> = Vec::new();
        let mut lines: HashMap<Text, usize> = HashMap::new();
        let mut merged = Vec::new();
        let mut size = 1;
        loop {
            let (event, line) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let entry = self.key(event, line, depth)?;
            let (event, line) = self.next()?;
            let (value, nodes) = self.node(event, line, depth + 1)?;
            size += nodes + 1;
            if entry.merge {
                merge(value, &mut merged)?;
                continue;
            }
            match lines.get(&entry.key) {
                Some(first) => self.mistakes.push(format!(
                    "line {}: mapping key {} already defined at line {first}",
                    entry.line,
                    crate::value::quoted(&entry.key)
                )),
                None => {
                    lines.insert(entry.key.clone(), entry.line);
                    entries.push((entry.key, value));
                }
            }
        }
        // What stands here comes before what is merged, and what is merged first before what is merged later.
        for (key, value) in merged {
            if !lines.contains_key(&key) {
                lines.insert(key.clone(), 0);
                entries.push((key, value));
            }
        }
        Ok((Object::from(entries), size))
    }

    fn key(&mut self, event: Event<'t>, line: usize, depth: u16) -> Result<Entry, Failed> {
        let merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
        let (value, _) = self.node(event, line, depth + 1)?;
        let key = match value {
            Value::String(text) => text,
            Value::Array(_) | Value::Object(_) => {
                return Err(format!("yaml: invalid map key: {}", source(&value)).into());
            }
            other => other.to_text(),
        };
        Ok(Entry { key, line, merge })
    }
}

/// A value as it stands in Go's source.
fn source(value: &Value) -> String {
    let made = crate::text::printf::format("%#v", &[value], 64 * 1024).unwrap_or_default();
    String::from_utf8_lossy(&made).into_owned()
}

fn merge(value: Value, merged: &mut Vec<(Text, Value)>) -> Result<(), String> {
    const WRONG: &str = "yaml: map merge requires map or sequence of maps as the value";
    match value {
        Value::Object(object) => merged.extend(object.into_entries()),
        Value::Array(items) => {
            for item in items.into_items() {
                match item {
                    Value::Object(object) => merged.extend(object.into_entries()),
                    _ => return Err(WRONG.to_owned()),
                }
            }
        }
        _ => return Err(WRONG.to_owned()),
    }
    Ok(())
}

fn scalar_value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let plain = style == ScalarStyle::Plain;
    match tag {
        Some(tag) if tag.handle == "tag:yaml.org,2002:" || tag.handle == "!!" => {
            scalar::tagged(text, &format!("!!{}", tag.suffix), plain)
        }
        Some(_) => Ok(Value::from(text)),
        None if plain => Ok(scalar::resolve(text, true).value),
        None => Ok(Value::from(text)),
    }
}
