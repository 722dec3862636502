//! What texts of a format look like. Formats that are not known hold for everything.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::regex;
use crate::time::parse;

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
        "uri" | "iri" => is_reference(text) && has_scheme(text),
        "uri-reference" | "iri-reference" => is_reference(text),
        "uri-template" => is_template(text),
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

fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// Nothing that a URL may not have, and escapes that are complete.
fn is_reference(text: &str) -> bool {
    let bytes = text.as_bytes();
    let complete = |at: usize| {
        let digits = bytes.get(at + 1..at + 3).unwrap_or_default();
        digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
    };
    let clean = bytes
        .iter()
        .enumerate()
        .all(|(at, byte)| *byte >= 0x20 && !matches!(byte, 0x7f | b'\\') && (*byte != b'%' || complete(at)));
    // A colon in the first step would make it a scheme.
    let first = text.split(['/', '?', '#']).next().unwrap_or_default();
    clean && !text.starts_with(':') && (!first.contains(':') || has_scheme(text))
}

fn is_template(text: &str) -> bool {
    let mut open = false;
    for character in text.chars() {
        match character {
            '{' if open => {}
            '{' => open = true,
            '}' => open = false,
            _ => {}
        }
    }
    is_reference(text) && !open
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
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
