//! Proxies, and which of them the environment of the process names.

use std::fmt;
use std::net::IpAddr;

use super::target::{Host, Scheme, Target, Url};
use super::text::base64;

/// A proxy that requests are sent through.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Proxy {
    pub(crate) target: Target,
    /// The value of `proxy-authorization`.
    pub(super) authorization: Option<String>,
}

/// The proxies that the environment names, for those who have the rights of its owner.
#[derive(Clone, Default)]
pub struct Proxies {
    http: Option<String>,
    https: Option<String>,
    /// Hosts that are reached without.
    direct: Vec<String>,
}

impl Proxy {
    /// Reads `http://[user:password@]host:port`. Where any of it is a secret, the host is hidden.
    pub(super) fn parse(text: &str, is_secret: bool) -> Result<Self, String> {
        let wrong = |problem: String| format!("proxy: {problem}");
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (user, host) = match rest[..end].rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, &rest[..end]),
        };
        let hidden = is_secret.then_some(0);
        let target = Url::parse(&format!("{scheme}://{host}"), hidden).map_err(wrong)?.target;
        if target.scheme != Scheme::Http {
            return Err(wrong("only proxies that are spoken to over http are known".to_owned()));
        }
        let authorization = user.map(|user| {
            let mut value = "Basic ".to_owned();
            base64(&decode(user), &mut value);
            value
        });
        Ok(Self { target, authorization })
    }
}

/// Undoes percent-encoding; what is none stays as it is.
fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

impl Proxies {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in small letters or large.
    #[must_use]
    pub fn from_variables(get: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| {
            let value = get(&name.to_ascii_lowercase()).or_else(|| get(name));
            value.filter(|value| !value.is_empty())
        };
        let direct = get("NO_PROXY").unwrap_or_default();
        let direct = direct.split(',').map(|host| host.trim().to_ascii_lowercase());
        Self {
            http: get("HTTP_PROXY"),
            https: get("HTTPS_PROXY"),
            direct: direct.filter(|host| !host.is_empty()).collect(),
        }
    }

    /// The proxy for a target.
    pub(super) fn of(&self, target: &Target) -> Result<Option<Proxy>, String> {
        let proxy = match target.scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        match proxy {
            Some(proxy) if !self.is_direct(target) => Proxy::parse(proxy, false).map(Some),
            _ => Ok(None),
        }
    }

    fn is_direct(&self, target: &Target) -> bool {
        let host = match &target.host {
            Host::Name(name) => name.clone(),
            Host::Address(address) => address.to_string(),
        };
        let is_own = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        is_own || self.direct.iter().any(|direct| covers(direct, &host, target.port))
    }
}

/// Whether an entry of `NO_PROXY` stands for a host: `*`, a name with all below it, or `name:port`.
fn covers(entry: &str, host: &str, port: u16) -> bool {
    let entry = match entry.rsplit_once(':') {
        Some((name, own)) if !name.contains(':') => {
            if own.parse() != Ok(port) {
                return false;
            }
            name
        }
        _ => entry,
    };
    let name = entry.trim_start_matches("*.").trim_start_matches('.');
    entry == "*" || host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("target", &self.target.to_string()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").field("direct", &self.direct).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn chosen(proxies: &Proxies, url: &str) -> Option<String> {
        let target = Url::parse(url, None).unwrap().target;
        proxies.of(&target).unwrap().map(|proxy| proxy.target.to_string())
    }

    #[test]
    fn the_proxy_goes_by_the_scheme() {
        let proxies = proxies(&[("HTTP_PROXY", "plain:3128"), ("https_proxy", "http://tls:3129")]);
        assert_eq!(chosen(&proxies, "http://a.example/").as_deref(), Some("plain:3128"));
        assert_eq!(chosen(&proxies, "https://a.example/").as_deref(), Some("tls:3129"));
    }

    #[test]
    fn some_hosts_are_reached_without() {
        let proxies =
            proxies(&[("HTTP_PROXY", "p:1"), ("NO_PROXY", "corp.example, .b.example,10.0.0.1,c.example:81")]);
        for direct in [
            "corp.example",
            "x.corp.example",
            "b.example",
            "10.0.0.1",
            "localhost",
            "127.0.0.1",
            "c.example:81",
        ] {
            assert_eq!(chosen(&proxies, &format!("http://{direct}/")), None, "{direct}");
        }
        for proxied in ["notcorp.example", "10.0.0.2", "c.example"] {
            assert!(chosen(&proxies, &format!("http://{proxied}/")).is_some(), "{proxied}");
        }
    }

    #[test]
    fn the_user_of_a_proxy_is_its_authorization() {
        let proxy = Proxy::parse("http://u%40x:p@proxy:3128", false).unwrap();
        assert_eq!(proxy.authorization.as_deref(), Some("Basic dUB4OnA="));
        assert_eq!(proxy.target.to_string(), "proxy:3128");
        assert!(!format!("{proxy:?}").contains("dUB4"));
        assert!(Proxy::parse("http://u:secret@proxy:3128", true).unwrap().target.hidden);
        assert!(Proxy::parse("socks5://a:1", false).is_err());
    }
}
