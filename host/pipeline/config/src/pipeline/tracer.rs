//! The section `tracer`: who is told where messages have been, and for how long.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::choice::{Choice, Chosen};
use crate::component::Fields;
use crate::lint::Examiner;
use crate::position::Position;
use crate::spec::{FieldKind, FieldSpec, FieldType};
use crate::yaml::{Node, Value};

pub(super) const FIELD: &str = "tracer";

const OTLP: &str = "open_telemetry_collector";
pub(crate) const TYPES: [&str; 2] = ["none", OTLP];
const CHOICE: Choice =
    Choice { kind: "tracer", types: &["none", OTLP, UNSUPPORTED[0], UNSUPPORTED[1]], reserved: &["type"] };
/// Those of Bento that we have not got.
const UNSUPPORTED: [&str; 2] = ["jaeger", "gcp_cloudtrace"];

/// Who is told where messages have been.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum TracerConfig {
    #[default]
    None,
    /// Collectors that speak the protocol of OpenTelemetry.
    OpenTelemetryCollector(OtlpConfig),
}

/// Collectors, and what they are told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OtlpConfig {
    /// Each is told everything.
    pub collectors: Vec<CollectorConfig>,
    /// What all spans are told to be of, by name.
    pub tags: BTreeMap<String, String>,
    /// The part of all traces that is told; none for all but those of others who did not want it.
    pub ratio: Option<f64>,
}

/// One collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectorConfig {
    pub protocol: CollectorProtocol,
    /// A host, with or without a port.
    pub address: String,
    pub secure: bool,
}

/// How a collector is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollectorProtocol {
    Http,
    Grpc,
}

/// The settings as they are written.
#[derive(Deserialize)]
struct Otlp {
    http: Vec<Collector>,
    grpc: Vec<Collector>,
    tags: BTreeMap<String, String>,
    sampling: Sampling,
}

#[derive(Deserialize)]
struct Collector {
    #[serde(default)]
    address: String,
    #[serde(default)]
    url: String,
    secure: bool,
}

#[derive(Deserialize)]
struct Sampling {
    enabled: bool,
    ratio: Option<f64>,
}

impl CollectorProtocol {
    /// The port of a collector whose address names none.
    #[must_use]
    pub fn port(self, secure: bool) -> u16 {
        match self {
            Self::Http if !secure => 80,
            Self::Http | Self::Grpc => 443,
        }
    }

    /// Where a collector listens that is not named at all.
    fn usual_address(self) -> &'static str {
        match self {
            Self::Http => "localhost:4318",
            Self::Grpc => "localhost:4317",
        }
    }

    fn field(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Grpc => "grpc",
        }
    }
}

/// Reads the section; what is wrong with it is left with the examiner.
pub(super) fn examine(examiner: &mut Examiner<'_>, root: &Node) -> TracerConfig {
    let Some(section) = root.get(FIELD).filter(|section| !section.is_null()) else {
        return TracerConfig::None;
    };
    let Value::Mapping(entries) = &section.value else {
        if section.text != "none" {
            examiner.fatal(section.span.start, format!("expected object value, got {}", section.tag()));
        }
        return TracerConfig::None;
    };
    let Some(Chosen { name, at, settings }) = CHOICE.of(examiner, section, entries) else {
        return TracerConfig::None;
    };
    if UNSUPPORTED.contains(&name) {
        let message = format!("tracer `{name}` is not supported by this version yet");
        examiner.lint(at.start, message);
        return TracerConfig::None;
    }
    let spec = FieldSpec::new("", FieldType::Object).with_fields(fields_of(name));
    let read = Fields::new(examiner, None, String::new()).whole(settings, &spec, at);
    match name {
        OTLP => TracerConfig::OpenTelemetryCollector(otlp(examiner, settings, &read)),
        _ => TracerConfig::None,
    }
}

fn otlp(examiner: &mut Examiner<'_>, settings: Option<&Node>, read: &Json) -> OtlpConfig {
    // What is no such thing has been reported.
    let Ok(Otlp { http, grpc, tags, sampling }) = Otlp::deserialize(read) else {
        return OtlpConfig::default();
    };
    let mut collectors = Vec::new();
    for (protocol, listed) in [(CollectorProtocol::Http, http), (CollectorProtocol::Grpc, grpc)] {
        for Collector { address, url, secure } in listed {
            let stated = if address.is_empty() { url } else { address };
            match address_of(&stated) {
                Ok(address) => {
                    let secure = secure || stated.starts_with("https://");
                    collectors.push(CollectorConfig { protocol, address, secure });
                }
                Err(reason) => {
                    let list = settings.and_then(|settings| settings.get(protocol.field()));
                    let at = list.map_or(Position::START, |list| list.span.start);
                    examiner.fatal(at, reason);
                }
            }
        }
    }
    let ratio = sampling.enabled.then(|| sampling.ratio.unwrap_or_default());
    if ratio.is_some_and(|ratio| !(0.0..=1.0).contains(&ratio)) {
        let at = settings.and_then(|settings| settings.get("sampling"));
        examiner.fatal(at.map_or(Position::START, |at| at.span.start), "ratio is a number from 0 to 1");
    }
    OtlpConfig { collectors, tags, ratio }
}

/// The host, with or without a port, of what may have a scheme before it.
fn address_of(stated: &str) -> Result<String, String> {
    let rest = stated.strip_prefix("http://").or_else(|| stated.strip_prefix("https://")).unwrap_or(stated);
    let address = rest.strip_suffix('/').unwrap_or(rest);
    if address.is_empty() {
        return Err("an address must be specified".to_owned());
    }
    if address.contains(['/', '?', '#', '@', ' ']) {
        return Err(format!("`{stated}` is not an address such as localhost:4318"));
    }
    Ok(address.to_owned())
}

fn fields_of(name: &str) -> Vec<FieldSpec> {
    if name != OTLP {
        return Vec::new();
    }
    vec![
        collectors(CollectorProtocol::Http, "Collectors that are told over HTTP."),
        collectors(CollectorProtocol::Grpc, "Collectors that are told over gRPC."),
        FieldSpec::new("tags", FieldType::String)
            .of_kind(FieldKind::Map)
            .with_default(json!({}))
            .with_docs("What all spans are told to be of, by name.")
            .advanced(),
        FieldSpec::new("sampling", FieldType::Object)
            .with_fields(vec![
                FieldSpec::new("enabled", FieldType::Bool)
                    .with_default(false)
                    .with_docs("Whether only a part of all traces is told."),
                FieldSpec::new("ratio", FieldType::Float)
                    .optional()
                    .with_docs("Which part, from 0 to 1. Without it there is none."),
            ])
            .with_docs("Which traces are told."),
    ]
}

fn collectors(protocol: CollectorProtocol, docs: &str) -> FieldSpec {
    let url = FieldSpec::new("url", FieldType::String)
        .with_default(protocol.usual_address())
        .with_docs("The same under an older name.");
    FieldSpec::new(protocol.field(), FieldType::Object)
        .of_kind(FieldKind::Array)
        .with_fields(vec![
            FieldSpec::new("address", FieldType::String)
                .optional()
                .with_docs("Where the collector listens, such as `localhost:4318`."),
            FieldSpec { deprecated: true, ..url },
            FieldSpec::new("secure", FieldType::Bool)
                .with_default(false)
                .with_docs("Whether it is spoken to over TLS."),
        ])
        .with_default(json!([]))
        .with_docs(docs)
}

#[cfg(test)]
mod tests;
