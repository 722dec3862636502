//! Messages as cases write them, and as people read them.

use forebay_pipeline_config::yaml::Node;
use forebay_pipeline_message::{Batch, Message, MetadataWriter, Value};
use serde_json::Value as Json;

use super::pattern::Pattern;
use super::reader::Reader;

/// A message that is handed to a component.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    /// Absent: a tombstone.
    pub(super) content: Option<Vec<u8>>,
    pub(super) metadata: Vec<(String, Json)>,
    pub(super) error: Option<String>,
}

/// What a message must be. What a case does not write is not looked at, but for an error.
#[derive(Debug, Default)]
pub(super) struct Expected {
    content: Option<Content>,
    metadata: Vec<(String, Json)>,
    error: Option<Pattern>,
}

#[derive(Debug)]
enum Content {
    Tombstone,
    Text(String),
    Json(Json),
}

/// A message that a component gave.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) content: Option<Vec<u8>>,
    pub(super) metadata: Vec<(String, Json)>,
    pub(super) error: Option<String>,
}

const FIELDS: [&str; 4] = ["content", "json", "metadata", "error"];

impl Given {
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Self> {
        let expected = Expected::read(reader, node)?;
        let content = match expected.content {
            None => Some(Vec::new()),
            Some(Content::Tombstone) => None,
            Some(Content::Text(text)) => Some(text.into_bytes()),
            Some(Content::Json(json)) => Some(json.to_string().into_bytes()),
        };
        let error = expected.error.map(|error| error.as_str().to_owned());
        Some(Self { content, metadata: expected.metadata, error })
    }

    /// A batch of messages that came together, or of one that came alone.
    pub(super) fn batch(messages: &[Self]) -> Batch {
        let mut metadata = MetadataWriter::default();
        for message in messages {
            let kept: Vec<_> = message.metadata.iter().map(|(key, value)| (key, Held::of(value))).collect();
            kept.iter().for_each(|(key, value)| metadata.push(key, value.value()));
            metadata.end_message();
        }
        let errors = messages.iter().enumerate();
        let errors = errors.filter_map(|(index, message)| Some((index, message.error.as_deref()?)));
        Batch::from_parts(messages.iter().map(|message| message.content.as_deref()), false, metadata, errors)
    }
}

/// A metadata value of a case, with text of its own where it needs that.
enum Held<'a> {
    Plain(&'a Json),
    Text(String),
}

impl<'a> Held<'a> {
    fn of(value: &'a Json) -> Self {
        match value {
            Json::Array(_) | Json::Object(_) => Self::Text(value.to_string()),
            plain => Self::Plain(plain),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Json(text),
            Self::Plain(Json::Bool(value)) => Value::Bool(*value),
            Self::Plain(Json::String(text)) => Value::Text(text),
            Self::Plain(Json::Number(number)) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), _, _) => Value::Signed(number),
                (_, Some(number), _) => Value::Unsigned(number),
                (_, _, number) => Value::Float(number.unwrap_or_default()),
            },
            Self::Plain(_) => Value::Null,
        }
    }
}

impl Expected {
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Self> {
        if node.is_null() {
            return Some(Self { content: Some(Content::Tombstone), ..Self::default() });
        }
        if node.is_scalar() {
            return Some(Self { content: Some(Content::Text(node.text.clone())), ..Self::default() });
        }
        reader.only(node, &FIELDS);
        let mut message = Self::default();
        for (key, value) in reader.entries(node)? {
            match key.text.as_str() {
                "content" if value.is_null() => message.content = Some(Content::Tombstone),
                "content" => message.content = reader.text(value).map(Content::Text),
                "json" => message.content = json(reader, value).map(Content::Json),
                "metadata" => {
                    for (key, value) in reader.entries(value).unwrap_or_default() {
                        message.metadata.extend(json(reader, value).map(|value| (key.text.clone(), value)));
                    }
                }
                "error" => match reader.text(value).map(|text| Pattern::parse(&text)) {
                    Some(Ok(pattern)) => message.error = Some(pattern),
                    Some(Err(error)) => reader.problem(value.span.start, error),
                    None => {}
                },
                _ => {}
            }
        }
        if node.get("content").is_some() && node.get("json").is_some() {
            reader.problem(node.span.start, "a message has either `content` or `json`");
        }
        Some(message)
    }

    /// The lines of what is expected.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = match &self.content {
            None => Vec::new(),
            Some(Content::Tombstone) => vec!["content: null".to_owned()],
            Some(Content::Text(text)) => vec![content(text.as_bytes())],
            Some(Content::Json(value)) => pretty(value),
        };
        lines.extend(self.metadata.iter().map(|(key, value)| format!("metadata {key}: {value}")));
        lines.extend(self.error.iter().map(|error| format!("error: {}", error.as_str())));
        lines
    }
}

impl Got {
    pub(super) fn all(batch: &Batch) -> Vec<Self> {
        batch.iter().map(Self::of).collect()
    }

    fn of(message: Message<'_>) -> Self {
        let metadata = message.metadata_entries().map(|(key, value)| (key.to_owned(), plain(value)));
        Self {
            content: message.payload().map(<[u8]>::to_vec),
            metadata: metadata.collect(),
            error: message.error().map(str::to_owned),
        }
    }

    /// The lines of what came, of the same fields as are expected; what agrees reads as it was written.
    pub(super) fn lines(&self, expected: Option<&Expected>) -> Vec<String> {
        let mut lines = match expected.map(|expected| &expected.content) {
            Some(None) => Vec::new(),
            Some(Some(Content::Json(_))) => self.json_lines(),
            _ => vec![self.content.as_deref().map_or_else(|| "content: null".to_owned(), content)],
        };
        for (key, _) in expected.map_or(&[][..], |expected| &expected.metadata) {
            if let Some((_, value)) = self.metadata.iter().find(|(name, _)| name == key) {
                lines.push(format!("metadata {key}: {value}"));
            }
        }
        if let Some(error) = &self.error {
            let pattern = expected.and_then(|expected| expected.error.as_ref());
            let shown =
                pattern.filter(|pattern| pattern.matches(error)).map_or(error.as_str(), Pattern::as_str);
            lines.push(format!("error: {shown}"));
        }
        lines
    }

    fn json_lines(&self) -> Vec<String> {
        let Some(bytes) = &self.content else { return vec!["content: null".to_owned()] };
        serde_json::from_slice(bytes).map_or_else(|_| vec![content(bytes)], |value| pretty(&value))
    }
}

fn content(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => format!("content: {}", Json::from(text)),
        Err(_) => format!("content (bytes): {}", bytes.escape_ascii()),
    }
}

fn pretty(value: &Json) -> Vec<String> {
    let text = format!("{value:#}");
    text.lines()
        .enumerate()
        .map(|(line, text)| if line == 0 { format!("json: {text}") } else { text.to_owned() })
        .collect()
}

fn json(reader: &mut Reader<'_>, node: &Node) -> Option<Json> {
    match node.to_json() {
        Ok(value) => Some(value),
        Err(error) => {
            reader.problem(error.position, error);
            None
        }
    }
}

/// A metadata value as JSON.
pub(crate) fn plain(value: Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => value.into(),
        Value::Signed(value) => value.into(),
        Value::Unsigned(value) => value.into(),
        Value::Float(value) => value.into(),
        Value::Text(text) => text.into(),
        Value::Bytes(bytes) => bytes.escape_ascii().to_string().into(),
        Value::Timestamp { seconds, nanoseconds } => format!("{seconds}.{nanoseconds:09}").into(),
        Value::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Expected>, Vec<String>) {
        let parsed = forebay_pipeline_config::yaml::parse(text);
        let mut reader = Reader { path: "t", problems: Vec::new() };
        let expected = Expected::read(&mut reader, &parsed.root.unwrap());
        (expected, reader.problems)
    }

    fn got(content: &str, error: Option<&str>) -> Got {
        let metadata = vec![("key".to_owned(), Json::from(5))];
        Got { content: Some(content.into()), metadata, error: error.map(str::to_owned) }
    }

    #[test]
    fn only_what_is_written_is_compared() {
        let (expected, _) = read("{metadata: {key: 5}}");
        let expected = expected.unwrap();
        assert_eq!(expected.lines(), got("x", None).lines(Some(&expected)));
        assert_ne!(expected.lines(), got("x", Some("flagged")).lines(Some(&expected)));
    }

    #[test]
    fn json_is_compared_as_such_and_an_error_by_its_pattern() {
        let (expected, _) = read("{json: {a: [1, true]}, error: '/no.*way/'}");
        let expected = expected.unwrap();
        let actual = got("{ \"a\":[1,true] }", Some("no other way"));
        assert_eq!(expected.lines(), actual.lines(Some(&expected)));
        assert_ne!(expected.lines(), got("{}", Some("no other way")).lines(Some(&expected)));
    }

    #[test]
    fn what_can_not_be_a_message_is_named_with_its_place() {
        assert_eq!(
            read("{contents: x}").1,
            ["t(1,2) unknown field `contents`; there are: content, json, metadata, error"]
        );
        assert_eq!(read("{content: a, json: 1}").1, ["t(1,1) a message has either `content` or `json`"]);
        assert_eq!(read("{content: [a]}").1, ["t(1,11) expected a text, got array"]);
    }
}
