//! What a plugin may reach over HTTP, and where it may listen.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::Deserialize;

use crate::host::http::addresses::Reach;
use crate::host::http::target::{Host, Target};

/// One entry of `http`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpGrant {
    hosts: Vec<HostPattern>,
    /// Absent: every method.
    methods: Option<Vec<String>>,
    /// Whether names may lead to addresses that are not public.
    #[serde(default)]
    private: bool,
    /// Whether certificates may be left unverified.
    #[serde(default)]
    insecure: bool,
}

/// `name`, `*.name` or an address; with `:port`, or with the default port of the scheme.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct HostPattern {
    host: Pattern,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Exactly(Host),
    /// Everything that ends with this text, which begins with a dot.
    Below(String),
}

/// One entry of `listen`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct ListenAddress(SocketAddr);

/// What one instance may do over HTTP.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    everything: bool,
    http: Vec<HttpGrant>,
    listen: Vec<SocketAddr>,
}

/// What may be done with a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Permit {
    pub(crate) reach: Reach,
    pub(crate) insecure: bool,
}

impl Network {
    pub(super) fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    pub(super) fn add(&mut self, http: &[HttpGrant], listen: &[ListenAddress]) {
        self.http.extend(http.iter().cloned());
        self.listen.extend(listen.iter().map(|ListenAddress(address)| *address));
    }

    /// Whether this is the rights of whoever started the process.
    pub(crate) fn is_everything(&self) -> bool {
        self.everything
    }

    /// Whether a request may be sent there.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn request(&self, target: &Target, method: &str) -> Result<Permit, String> {
        let takes = |grant: &&HttpGrant| {
            grant.methods.as_ref().is_none_or(|methods| methods.iter().any(|granted| granted == method))
        };
        self.permit(target, takes)
            .ok_or_else(|| format!("no grant for http {{hosts: [\"{target}\"], methods: [{method}]}}"))
    }

    /// Whether a proxy may be used.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn proxy(&self, proxy: &Target) -> Result<Permit, String> {
        self.permit(proxy, |_| true)
            .ok_or_else(|| format!("no grant for http {{hosts: [\"{proxy}\"]}}, which is the proxy"))
    }

    /// Whether a plugin may listen there.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn listen(&self, address: SocketAddr) -> Result<(), String> {
        if self.everything || self.listen.contains(&address) {
            return Ok(());
        }
        Err(format!("no grant for listen [\"{address}\"]"))
    }

    fn permit(&self, target: &Target, takes: impl Fn(&&HttpGrant) -> bool) -> Option<Permit> {
        if self.everything {
            return Some(Permit { reach: Reach::Anywhere, insecure: true });
        }
        let mut matching = self
            .http
            .iter()
            .filter(takes)
            .filter(|grant| grant.hosts.iter().any(|pattern| pattern.matches(target)))
            .map(|grant| Permit { reach: grant.reach(&target.host), insecure: grant.insecure });
        let first = matching.next()?;
        Some(matching.fold(first, |one, other| Permit {
            reach: one.reach.max(other.reach),
            insecure: one.insecure || other.insecure,
        }))
    }
}

impl HttpGrant {
    /// The addresses that a host which this entry names may have.
    fn reach(&self, host: &Host) -> Reach {
        match host {
            // A literal leads to itself, and it was named.
            Host::Address(_) => Reach::Anywhere,
            _ if self.private => Reach::Anywhere,
            Host::Name(name) if name == "localhost" => Reach::Loopback,
            Host::Name(_) => Reach::Public,
        }
    }
}

impl HostPattern {
    fn matches(&self, target: &Target) -> bool {
        let is_port = self.port.unwrap_or(target.scheme.port()) == target.port;
        is_port
            && match (&self.host, &target.host) {
                (Pattern::Exactly(granted), host) => granted == host,
                (Pattern::Below(end), Host::Name(name)) => name.len() > end.len() && name.ends_with(end),
                (Pattern::Below(_), Host::Address(_)) => false,
            }
    }
}

impl TryFrom<String> for HostPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || {
            format!(
                "host `{text}`: expected a name, `*.` and a name, or an address, each with or without `:port`"
            )
        };
        // An IPv6 address without brackets has no port.
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self { host: Pattern::Exactly(Host::Address(address.to_canonical())), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, Some(port.parse::<u16>().map_err(|_| wrong())?))
            }
            _ => (text.as_str(), None),
        };
        let host = match host.strip_prefix('*') {
            Some(end) if end.starts_with('.') => match Host::from_str(&end[1..]) {
                Ok(Host::Name(name)) => Pattern::Below(format!(".{name}")),
                _ => return Err(wrong()),
            },
            _ => Pattern::Exactly(Host::from_str(host).map_err(|_| wrong())?),
        };
        Ok(Self { host, port })
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse_listen(&text).map(Self)
    }
}

/// An address to listen on: a literal or `localhost`, with a port.
pub(crate) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let literal = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let parsed = literal.as_deref().unwrap_or(text).parse();
    parsed.map_err(|_| format!("address `{text}`: expected address:port, such as 127.0.0.1:8080"))
}

impl fmt::Display for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.reach)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::http::target::Url;

    fn network(yaml: &str) -> Network {
        let grants: Vec<HttpGrant> = serde_yaml::from_str(yaml).unwrap();
        let mut network = Network::default();
        network.add(&grants, &[]);
        network
    }

    fn permit(network: &Network, url: &str, method: &str) -> Result<Permit, String> {
        network.request(&Url::parse(url, None).unwrap().target, method)
    }

    #[test]
    fn a_name_is_granted_with_the_default_port_of_the_scheme() {
        let network = network("[{hosts: [api.example.com]}]");
        for url in ["http://api.example.com/x", "https://API.example.com.:443/"] {
            assert_eq!(permit(&network, url, "GET").unwrap().reach, Reach::Public, "{url}");
        }
        let others = [
            "http://api.example.com:8080/",
            "http://example.com/",
            "http://x.api.example.com/",
            "http://api.example.com.evil.org/",
        ];
        for url in others {
            assert!(permit(&network, url, "GET").is_err(), "{url}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_what_is_below_a_name() {
        let network = network("[{hosts: ['*.example.org']}]");
        assert!(permit(&network, "https://a.b.example.org/", "GET").is_ok());
        for url in ["https://example.org/", "https://badexample.org/", "https://127.0.0.1/"] {
            assert!(permit(&network, url, "GET").is_err(), "{url}");
        }
    }

    #[test]
    fn a_port_is_granted_for_itself_alone() {
        let network = network("[{hosts: ['10.0.0.7:8080', '[::1]:9000', '::1']}]");
        assert_eq!(permit(&network, "http://10.0.0.7:8080/", "GET").unwrap().reach, Reach::Anywhere);
        assert!(permit(&network, "http://[::1]:9000/", "GET").is_ok());
        assert!(permit(&network, "https://[::1]/", "GET").is_ok());
        assert!(permit(&network, "http://[::ffff:10.0.0.7]:8080/", "GET").is_ok());
        assert!(permit(&network, "http://10.0.0.7/", "GET").is_err());
    }

    #[test]
    fn what_is_missing_is_named() {
        let network = network("[{hosts: [a.example], methods: [GET, HEAD]}]");
        assert!(permit(&network, "http://a.example/", "HEAD").is_ok());
        assert_eq!(
            permit(&network, "https://a.example/secret", "POST").unwrap_err(),
            "no grant for http {hosts: [\"a.example:443\"], methods: [POST]}"
        );
    }

    #[test]
    fn the_widest_of_several_entries_counts() {
        let network = network(
            "[{hosts: [a.example]}, {hosts: ['*.example'], private: true}, {hosts: [a.example], insecure: true}]",
        );
        let expected = Permit { reach: Reach::Anywhere, insecure: true };
        assert_eq!(permit(&network, "https://a.example/", "GET"), Ok(expected));
    }

    #[test]
    fn localhost_leads_to_this_machine_only() {
        let network = network("[{hosts: ['localhost:80']}]");
        assert_eq!(permit(&network, "http://localhost/", "GET").unwrap().reach, Reach::Loopback);
    }

    #[test]
    fn a_pattern_that_means_nothing_is_refused() {
        for pattern in
            ["*", "a*.example", "*.*.example", "a.example:x", "a.example:99999", "http://a", "", "*.1.2.3.4"]
        {
            let parsed = HostPattern::try_from(pattern.to_owned());
            assert!(parsed.is_err(), "{pattern}: {parsed:?}");
        }
    }

    #[test]
    fn an_address_to_listen_on_is_granted_as_it_stands() {
        let mut network = Network::default();
        let granted = ListenAddress::try_from("localhost:8080".to_owned()).unwrap();
        network.add(&[], &[granted]);
        assert!(network.listen("127.0.0.1:8080".parse().unwrap()).is_ok());
        let refused = network.listen("0.0.0.0:8080".parse().unwrap()).unwrap_err();
        assert_eq!(refused, "no grant for listen [\"0.0.0.0:8080\"]");
        assert!(ListenAddress::try_from("8080".to_owned()).is_err());
    }
}
