//! A URL taken apart as Go's `net/url` does it.

use super::{Place, escaped, host, unescape};
use crate::text::quoting;

/// The parts of a URL. The raw parts are empty where the usual way of escaping gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: Vec<u8>,
    pub(crate) opaque: Vec<u8>,
    /// A name and perhaps a password.
    pub(crate) user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    pub(crate) host: Vec<u8>,
    pub(crate) path: Vec<u8>,
    pub(crate) raw_path: Vec<u8>,
    pub(crate) raw_query: Vec<u8>,
    pub(crate) fragment: Vec<u8>,
    pub(crate) raw_fragment: Vec<u8>,
}

/// # Errors
/// What is wrong, in Go's words.
pub(crate) fn parse(text: &[u8]) -> Result<Url, String> {
    let wrong = |url: &[u8], error: String| {
        format!("parse {}: {error}", String::from_utf8_lossy(&quoting::quote(url)))
    };
    let (rest, fragment) = cut(text, b'#');
    let mut url = without_fragment(rest).map_err(|error| wrong(rest, error))?;
    if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
        url.fragment = unescape(fragment, Place::Path).map_err(|error| wrong(text, error))?;
        if escape(&url.fragment, is_plain_in_fragment) != fragment {
            url.raw_fragment = fragment.to_vec();
        }
    }
    Ok(url)
}

/// The text before the first `byte`, and what follows that.
pub(super) fn cut(text: &[u8], byte: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|found| *found == byte) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

fn without_fragment(text: &[u8]) -> Result<Url, String> {
    if text.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let mut url = Url::default();
    if text == b"*" {
        url.path = text.to_vec();
        return Ok(url);
    }
    let (scheme, rest) = scheme(text)?;
    url.scheme = scheme.to_ascii_lowercase();
    let (mut rest, query) = cut(rest, b'?');
    url.raw_query = query.unwrap_or_default().to_vec();
    if !rest.starts_with(b"/") {
        if !url.scheme.is_empty() {
            url.opaque = rest.to_vec();
            return Ok(url);
        }
        if cut(rest, b'/').0.contains(&b':') {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    if (!url.scheme.is_empty() || !rest.starts_with(b"///"))
        && let Some(authority) = rest.strip_prefix(b"//")
    {
        let end = authority.iter().position(|byte| *byte == b'/').unwrap_or(authority.len());
        let (authority, path) = authority.split_at_checked(end).unwrap_or((authority, &[]));
        (url.user, url.host) = host::authority(&url.scheme, authority)?;
        rest = path;
    }
    url.path = unescape(rest, Place::Path)?;
    if escape(&url.path, is_plain_in_path) != rest {
        url.raw_path = rest.to_vec();
    }
    Ok(url)
}

fn scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default())),
            _ => break,
        }
    }
    Ok((b"", text))
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

fn is_plain_in_path(byte: u8) -> bool {
    is_unreserved(byte) || matches!(byte, b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'@')
}

fn is_plain_in_fragment(byte: u8) -> bool {
    is_plain_in_path(byte) || matches!(byte, b'?' | b'!' | b'(' | b')' | b'*')
}

fn escape(text: &[u8], plain: fn(u8) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if plain(*byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}

/// Resolves escapes, where `check` may refuse an escape, or a byte that is not escaped.
pub(super) fn checked(
    text: &[u8],
    mut check: impl FnMut(u8, bool) -> Result<(), String>,
) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let byte = escaped(after)?;
            check(byte, true)?;
            out.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            check(*first, false)?;
            out.push(*first);
            rest = after;
        }
    }
    Ok(out)
}
