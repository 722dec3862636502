//! Urls: read once, so that what was checked is what is connected to.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use http::Uri;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    pub(crate) port: u16,
    /// The host is a secret, or part of one: it is shown nowhere.
    pub(crate) hidden: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// A name in lower case, without a dot at its end; or an address, never an IPv4 address in IPv6.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    Name(String),
    Address(IpAddr),
}

/// An absolute url of a scheme that we speak.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) target: Target,
    /// Path and query; begins with a slash.
    path: String,
}

/// The most bytes of a url.
const LONGEST: usize = 16 << 10;

impl Scheme {
    /// The port where a url names none.
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl Target {
    /// The same host, port and scheme.
    pub(crate) fn is_origin_of(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.host == other.host && self.port == other.port
    }

    /// The target of a uri that [`Url::uri`] made.
    pub(crate) fn of(uri: &Uri) -> Result<Self, String> {
        Ok(Url::parse(&uri.to_string(), None)?.target)
    }
}

impl Url {
    /// Reads a url. A secret begins at `secret`; if that is before the path, the host is hidden.
    /// Errors show nothing of the text.
    pub(crate) fn parse(text: &str, secret: Option<usize>) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("the url is longer than {LONGEST} bytes"));
        }
        let (scheme, rest) =
            text.split_once("://").ok_or("the url is not absolute: expected http://... or https://...")?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err("the scheme of the url is neither http nor https".to_owned()),
        };
        let length = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(length);
        let end = text.len() - rest.len();
        let hidden = secret.is_some_and(|start| start < end);
        let (host, port) = split_port(authority)?;
        let target = Target { scheme, host: host.parse()?, port: port.unwrap_or(scheme.port()), hidden };
        Ok(Self { target, path: path(rest)? })
    }

    /// Where a `location` leads, seen from here.
    pub(crate) fn join(&self, location: &str) -> Result<Self, String> {
        // What a hidden host says may name it.
        let hidden = self.target.hidden.then_some(0);
        let location = location.split('#').next().unwrap_or_default().trim();
        let is_absolute = location.split(['/', '?']).next().is_some_and(|start| start.contains(':'));
        if is_absolute {
            return Self::parse(location, hidden);
        }
        if location.starts_with("//") {
            return Self::parse(&format!("{}:{location}", self.target.scheme.as_str()), hidden);
        }
        let (old, _) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let joined = match location.chars().next() {
            None => self.path.clone(),
            Some('/') => location.to_owned(),
            Some('?') => format!("{old}{location}"),
            Some(_) => format!("{}/{location}", old.rsplit_once('/').map_or("", |(folder, _)| folder)),
        };
        Ok(Self { target: self.target.clone(), path: path(&joined)? })
    }

    /// For the client: with the host as it was checked.
    pub(crate) fn uri(&self) -> Result<Uri, String> {
        let Target { scheme, host, port, .. } = &self.target;
        let port = if *port == scheme.port() { String::new() } else { format!(":{port}") };
        let text = format!("{}://{host}{port}{}", scheme.as_str(), self.path);
        text.parse().map_err(|_| "the url holds characters that no url may have".to_owned())
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    if authority.contains('@') {
        return Err("the url names a user: send an authorization header instead".to_owned());
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => match port.parse() {
            Ok(port) if port > 0 => Ok((host, Some(port))),
            _ => Err("the port of the url is not a number from 1 to 65535".to_owned()),
        },
        _ => Ok((authority, None)),
    }
}

/// Path and query, without `.` and `..`, with what can't be sent as it is percent-encoded.
fn path(text: &str) -> Result<String, String> {
    let text = text.split('#').next().unwrap_or_default();
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("the url holds a control character".to_owned());
    }
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    let mut out = String::with_capacity(text.len() + 1);
    let mut segments: Vec<&str> = Vec::new();
    let mut is_folder = path.is_empty();
    for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
        is_folder = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    if is_folder {
        segments.push("");
    }
    for segment in segments {
        out.push('/');
        encode(segment, &mut out);
    }
    if out.is_empty() {
        out.push('/');
    }
    if let Some(query) = query {
        out.push('?');
        encode(query, &mut out);
    }
    Ok(out)
}

fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            percent(byte, out);
        }
    }
}

/// One byte as `%XX`.
pub(crate) fn percent(byte: u8, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            let address: Ipv6Addr =
                inner.parse().map_err(|_| "the host in brackets is no IPv6 address".to_owned())?;
            return Ok(Self::Address(IpAddr::V6(address).to_canonical()));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return if address.is_ipv4() {
                Ok(Self::Address(address))
            } else {
                Err("an IPv6 address stands in brackets".to_owned())
            };
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let is_label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if name.len() > 253 || !name.split('.').all(is_label) {
            return Err(
                "the host is no name of letters, digits, `-` and dots (write others in punycode)".to_owned()
            );
        }
        Ok(Self::Name(name))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Host and port; what grants name.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.hidden {
            return f.write_str("(a secret host)");
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Without its path, which may hold a secret.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Url").field("target", &self.target.to_string()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> String {
        Url::parse(text, None).unwrap().uri().unwrap().to_string()
    }

    #[test]
    fn a_url_is_written_out_as_it_was_read() {
        assert_eq!(uri("HTTP://Example.COM.:80/a/./b/../c?q=1#f"), "http://example.com/a/c?q=1");
        assert_eq!(uri("https://[::ffff:1.2.3.4]:8443"), "https://1.2.3.4:8443/");
        assert_eq!(uri("http://a?x=y z"), "http://a/?x=y%20z");
        assert_eq!(uri("http://a/%41/\u{e4}"), "http://a/%41/%C3%A4");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let urls = [
            "example.com/x",
            "ftp://a/",
            "file:///etc/passwd",
            "http://user@host/",
            "http://a:b@c/",
            "http://a:0/",
            "http://a:/",
            "http://a:99999/",
            "http:///x",
            "http://a b/",
            "http://a%2eb/",
            "http://::1/",
            "http://[::1/",
            "http://a/\r\nx",
        ];
        for text in urls {
            assert!(Url::parse(text, None).is_err(), "{text}");
        }
        // A browser takes a backslash for a slash; here it ends the host as well.
        assert_eq!(uri("http://a.example\\@b.example/"), "http://a.example/%5C@b.example/");
    }

    #[test]
    fn a_location_is_read_from_where_it_came() {
        let base = Url::parse("https://a.example:8443/x/y?q", None).unwrap();
        let joined = |location| base.join(location).unwrap().uri().unwrap().to_string();
        assert_eq!(joined("z"), "https://a.example:8443/x/z");
        assert_eq!(joined("../z?p#f"), "https://a.example:8443/z?p");
        assert_eq!(joined("/z"), "https://a.example:8443/z");
        assert_eq!(joined("?p"), "https://a.example:8443/x/y?p");
        assert_eq!(joined("//b.example/z"), "https://b.example/z");
        assert_eq!(joined("http://b.example"), "http://b.example/");
        assert!(base.join("javascript:x").is_err());
        assert!(base.join("ftp://a/").is_err());
    }

    #[test]
    fn a_host_that_a_secret_reaches_into_is_hidden() {
        let text = "https://hooks.example.com/services/T0";
        assert!(Url::parse(text, Some(0)).unwrap().target.hidden);
        assert!(Url::parse(text, Some(24)).unwrap().target.hidden);
        assert!(!Url::parse(text, Some(26)).unwrap().target.hidden);
    }

    #[test]
    fn a_path_is_not_shown() {
        let url = Url::parse("https://a.example/secret", None).unwrap();
        assert!(!format!("{url:?}").contains("secret"));
    }
}
