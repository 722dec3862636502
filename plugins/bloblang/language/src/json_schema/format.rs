//! What texts of a format look like. Formats that are not known hold for everything.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::regex;
use crate::text::url::{self, Url};
use crate::time::parse;

const KNOWN: [&str; 17] = [
    "date",
    "time",
    "date-time",
    "hostname",
    "email",
    "idn-email",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uri-template",
    "uuid",
    "regex",
    "json-pointer",
    "relative-json-pointer",
];

/// Whether the format is one of those that are looked at.
pub(super) fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}

pub(super) fn holds(name: &str, text: &str) -> bool {
    let time = |layouts: &[&str]| layouts.iter().any(|layout| parse::parse(layout, text).is_ok());
    match name {
        "date" => time(&["2006-01-02"]),
        "time" => time(&["15:04:05Z07:00", "15:04:05"]),
        "date-time" => time(&["15:04:05", "15:04:05Z07:00", "2006-01-02", parse::RFC3339]),
        "hostname" => text.len() < 256 && text.split('.').all(is_label),
        "email" | "idn-email" => is_email(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok() || is_ipv6(text) && text.contains('.'),
        "ipv6" => is_ipv6(text),
        "uri" | "iri" => is_reference(text, |url| !url.scheme.is_empty()),
        "uri-reference" | "iri-reference" => is_reference(text, |_| true),
        "uri-template" => is_reference(text, |url| is_template(&url.path)),
        "uuid" => is_uuid(text),
        "regex" => regex::check(text).is_ok(),
        "json-pointer" => is_pointer(text),
        "relative-json-pointer" => is_relative_pointer(text),
        _ => true,
    }
}

fn is_ipv6(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok()
}

fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    (1..=63).contains(&bytes.len())
        && ends.iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// An address, or one in angle brackets after a name.
fn is_email(text: &str) -> bool {
    let address = match text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((_, address)) => address,
        None => text.trim(),
    };
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii();
    let dotted = |text: &str| text.split('.').all(|part| !part.is_empty() && part.chars().all(atom));
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    (dotted(local) || quoted) && (dotted(domain) || domain.starts_with('[') && domain.ends_with(']'))
}

fn is_reference(text: &str, test: impl Fn(&Url) -> bool) -> bool {
    !text.contains('\\') && url::parse(text.as_bytes()).is_ok_and(|url| test(&url))
}

/// Every brace that opens is closed.
fn is_template(path: &[u8]) -> bool {
    let mut open = false;
    for byte in path {
        match byte {
            b'{' => open = true,
            b'}' => open = false,
            _ => {}
        }
    }
    !open
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| matches!(byte, b'-' | b'0'..=b'9' | b'a'..=b'f'))
}

fn is_pointer(text: &str) -> bool {
    let escaped = |step: &str| step.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.is_empty() || text.starts_with('/') && text.split('/').all(escaped)
}

fn is_relative_pointer(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    !number.is_empty() && (number == "0" || !number.starts_with('0')) && (rest == "#" || is_pointer(rest))
}
