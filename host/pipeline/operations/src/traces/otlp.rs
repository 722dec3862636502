//! Requests of the trace service of OTLP. The numbers are those of `opentelemetry/proto/trace/v1/trace.proto`.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use forebay_traces::{Span, TraceContext};

use super::protobuf::Message;

const SCHEMA: &str = "https://opentelemetry.io/schemas/1.7.0";
const SERVICE_NAME: &str = "service.name";
const SERVICE_VERSION: &str = "service.version";
const NAME: &str = "forebay";
/// `SPAN_KIND_INTERNAL` and `STATUS_CODE_ERROR`.
const INTERNAL: u64 = 1;
const ERROR: u64 = 2;
/// The flag of whoever knows whether a parent was remote.
const KNOWS_REMOTE: u32 = 0x100;

/// What all spans are of: names and values.
pub(super) struct Resource(Vec<(String, String)>);

impl Resource {
    /// With the name and the version of the program, unless the tags give the service another name.
    pub(super) fn new(tags: &BTreeMap<String, String>, version: &str) -> Self {
        let mut all: Vec<_> = tags.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        if !tags.contains_key(SERVICE_NAME) {
            all.push((SERVICE_NAME.to_owned(), NAME.to_owned()));
            if !tags.contains_key(SERVICE_VERSION) {
                all.push((SERVICE_VERSION.to_owned(), version.to_owned()));
            }
        }
        Self(all)
    }
}

/// The bytes of a request with these spans.
pub(super) fn request(resource: &Resource, spans: &[Span]) -> Vec<u8> {
    let attributes = resource.0.iter().map(|(name, value)| attribute(name, value));
    let of_scope = Message::default()
        .message(1, Message::default().text(1, NAME))
        .messages(2, spans.iter().map(span))
        .text(3, SCHEMA);
    let of_resource = Message::default()
        .message(1, Message::default().messages(1, attributes))
        .message(2, of_scope)
        .text(3, SCHEMA);
    Message::default().message(1, of_resource).finish()
}

fn span(span: &Span) -> Message {
    let Span { context, parent, link, subject, begun, ended, error } = span;
    let mut message = Message::default()
        .bytes(1, &context.trace.bytes())
        .bytes(2, &context.span.bytes())
        .bytes(4, &parent.map_or_else(Vec::new, |parent| parent.bytes().to_vec()))
        .text(5, &subject.name)
        .number(6, INTERNAL)
        .fixed64(7, nanoseconds(*begun))
        .fixed64(8, nanoseconds(*ended))
        .messages(9, subject.attributes.iter().map(|(name, value)| attribute(name, value)));
    if let Some(error) = error {
        let event = Message::default()
            .fixed64(1, nanoseconds(*ended))
            .text(2, "event")
            .messages(3, [attribute("event", "error"), attribute("type", error)]);
        message = message.messages(9, [attribute("error", "true")]).message(11, event);
    }
    if let Some(TraceContext { trace, span, .. }) = link {
        message = message.message(13, Message::default().bytes(1, &trace.bytes()).bytes(2, &span.bytes()));
    }
    let status = match error {
        Some(error) => Message::default().text(2, error).number(3, ERROR),
        None => Message::default(),
    };
    message.message(15, status).fixed32(16, KNOWS_REMOTE | u32::from(context.is_sampled))
}

fn attribute(name: &str, value: &str) -> Message {
    Message::default().text(1, name).message(2, Message::default().text(1, value))
}

/// Nanoseconds since 1970.
fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
