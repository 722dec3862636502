//! The part of a URL that names who and where.

use std::net::Ipv6Addr;

use super::parts::{checked, cut};
use super::{Place, unescape};
use crate::text::quoting;

type User = (Vec<u8>, Option<Vec<u8>>);

/// Takes `user:password@host:port` apart.
pub(super) fn authority(scheme: &[u8], text: &[u8]) -> Result<(Option<User>, Vec<u8>), String> {
    let Some(at) = text.iter().rposition(|byte| *byte == b'@') else {
        return Ok((None, host(scheme, text)?));
    };
    let host = host(scheme, text.get(at + 1..).unwrap_or_default())?;
    let user = text.get(..at).unwrap_or_default();
    let valid = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    if !user.iter().all(valid) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    let (name, password) = cut(user, b':');
    let password = password.map(|password| unescape(password, Place::Path));
    let name = unescape(name, Place::Path)?;
    Ok((Some((name, password.transpose()?)), host))
}

fn quoted(text: &[u8]) -> String {
    String::from_utf8_lossy(&quoting::quote(text)).into_owned()
}

fn host(scheme: &[u8], text: &[u8]) -> Result<Vec<u8>, String> {
    match text.iter().rposition(|byte| *byte == b'[') {
        Some(0) => return literal(text),
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {}
    }
    if let Some(first) = text.iter().position(|byte| *byte == b':') {
        let last = text.iter().rposition(|byte| *byte == b':').unwrap_or(first);
        // Other schemes may have colons in their hosts.
        let strict = matches!(scheme, b"http" | b"https");
        port(text.get(if strict { first } else { last }..).unwrap_or_default())?;
    }
    name(text)
}

fn port(text: &[u8]) -> Result<(), String> {
    match text.split_first() {
        None => Ok(()),
        Some((b':', digits)) if digits.iter().all(u8::is_ascii_digit) => Ok(()),
        Some(_) => Err(format!("invalid port {} after host", quoted(text))),
    }
}

/// An IP address in brackets.
fn literal(text: &[u8]) -> Result<Vec<u8>, String> {
    let end = text.iter().rposition(|byte| *byte == b']').ok_or("missing ']' in host")?;
    let after = text.get(end + 1..).unwrap_or_default();
    port(after)?;
    let inner = text.get(1..end).unwrap_or_default();
    let zone_at = inner.windows(3).position(|window| window == b"%25").unwrap_or(inner.len());
    let (address, zone) = inner.split_at_checked(zone_at).unwrap_or((inner, &[]));
    let mut unescaped = name(address)?;
    unescaped.extend(checked(zone, |byte, escape| {
        if escape && byte != b'%' && byte != b' ' && !is_plain(byte) {
            return Err(format!("invalid URL escape {}", quoted(format!("%{byte:02X}").as_bytes())));
        }
        if !escape && byte.is_ascii() && !is_plain(byte) { Err(invalid(byte)) } else { Ok(()) }
    })?);
    is_address(&unescaped)?;
    let after = name(after)?;
    Ok([b"[".as_slice(), &unescaped, b"]", &after].concat())
}

fn is_address(text: &[u8]) -> Result<(), String> {
    let shown = String::from_utf8_lossy(text);
    let (address, zone) = shown.split_once('%').map_or((shown.as_ref(), None), |(a, z)| (a, Some(z)));
    if address.parse::<Ipv6Addr>().is_ok() && zone != Some("") {
        return Ok(());
    }
    if address.parse::<std::net::Ipv4Addr>().is_ok() && zone.is_none() {
        return Err("invalid IP-literal".to_owned());
    }
    Err(format!("invalid host: ParseAddr({}): unable to parse IP", quoted(text)))
}

/// A host name, in which only bytes outside of ASCII may be escaped.
fn name(text: &[u8]) -> Result<Vec<u8>, String> {
    checked(text, |byte, escape| match escape {
        true if byte.is_ascii() && byte != b'%' => {
            Err(format!("invalid URL escape {}", quoted(format!("%{byte:02X}").as_bytes())))
        }
        false if byte.is_ascii() && !is_plain(byte) => Err(invalid(byte)),
        _ => Ok(()),
    })
}

fn invalid(byte: u8) -> String {
    format!("invalid character {} in host name", quoted(&[byte]))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}
