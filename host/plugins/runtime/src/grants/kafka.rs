//! Which topics and groups of which Kafka clusters a plugin may use.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

use super::{Access, Pattern};

/// One entry of `kafka`: topics and groups of a cluster.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct KafkaGrant {
    cluster: ClusterName,
    topics: Vec<Pattern>,
    groups: Vec<Pattern>,
    access: Access,
    /// Whether certificates may be left unverified.
    insecure: bool,
}

/// A cluster, as a grant names it and as one is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClusterName {
    /// `host:port` of brokers that one may begin with.
    Brokers(BTreeSet<String>),
    /// One that the process has.
    Own(String),
}

/// An entry as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    brokers: Option<Vec<String>>,
    cluster: Option<String>,
    #[serde(default)]
    topics: Vec<Pattern>,
    #[serde(default)]
    groups: Vec<Pattern>,
    access: Access,
    #[serde(default)]
    insecure: bool,
}

/// The clusters that an instance may use.
#[derive(Debug, Clone, Default)]
pub(crate) struct KafkaClusters {
    everything: bool,
    /// Whether all may be done with those clusters of the process that no grant names.
    own: bool,
    grants: Vec<KafkaGrant>,
}

/// What may be done with a cluster that is opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClusterPermit {
    everything: bool,
    grants: Vec<KafkaGrant>,
    shown: String,
}

/// The port of a broker where nobody says one.
const PORT: u16 = 9092;
/// What the address of a cluster begins with that the process has.
const OWN: &str = "forebay://";

impl TryFrom<Written> for KafkaGrant {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { brokers, cluster, topics, groups, access, insecure } = written;
        let cluster = match (brokers, cluster) {
            (Some(brokers), None) if !brokers.is_empty() => ClusterName::of(&brokers)?,
            (None, Some(name)) if !insecure => ClusterName::Own(name),
            _ => {
                return Err("topics are granted as {brokers: ['HOST:PORT'], topics, groups, access}, with \
                            `insecure`, or as {cluster: NAME, topics, groups, access}"
                    .to_owned());
            }
        };
        Ok(Self { cluster, topics, groups, access, insecure })
    }
}

impl ClusterName {
    /// The cluster that these addresses lead to.
    ///
    /// # Errors
    /// Says which of them is none.
    pub(crate) fn of(addresses: &[String]) -> Result<Self, String> {
        if let [address] = addresses
            && let Some(name) = address.trim().strip_prefix(OWN)
        {
            return Ok(Self::Own(name.trim_end_matches('/').to_owned()));
        }
        let all = addresses.iter().flat_map(|address| address.split(',')).map(str::trim);
        let brokers: BTreeSet<String> = all
            .map(|address| broker(address).map(|(host, port)| shown(&host, port)))
            .collect::<Result<_, _>>()?;
        if brokers.is_empty() {
            return Err("no seed broker is named: give the host:port of one".to_owned());
        }
        Ok(Self::Brokers(brokers))
    }
}

/// Host and port of a broker. A name is in lower case.
///
/// # Errors
/// When it is neither `host:port` nor a host alone.
pub(crate) fn broker(address: &str) -> Result<(String, u16), String> {
    let wrong = || format!("broker `{address}`: expected host:port, such as broker-1:9092");
    let address = address.strip_prefix("tcp://").unwrap_or(address);
    let (host, port) = match address.rsplit_once(':') {
        // An address of IPv6 without brackets has no port.
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => {
            (host, port.parse().map_err(|_| wrong())?)
        }
        _ => (address, PORT),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_odd = |letter: char| letter.is_whitespace() || letter.is_control() || "/@[]".contains(letter);
    if host.is_empty() || host.contains(is_odd) || port == 0 {
        return Err(wrong());
    }
    Ok((host.to_ascii_lowercase(), port))
}

fn shown(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

impl KafkaClusters {
    /// The rights of whoever started the process.
    pub(super) fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    pub(super) fn add(&mut self, grants: &[KafkaGrant]) {
        self.grants.extend(grants.iter().cloned());
    }

    /// The same with all that those clusters of the process allow that no grant names.
    pub(super) fn with_own(mut self) -> Self {
        self.own = true;
        self
    }

    /// A cluster that is opened.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn cluster(
        &self,
        cluster: &ClusterName,
        skips_verification: bool,
    ) -> Result<ClusterPermit, String> {
        let shown = cluster.to_string();
        let is_own = matches!(cluster, ClusterName::Own(_));
        let mut grants: Vec<_> =
            self.grants.iter().filter(|grant| grant.cluster.covers(cluster)).cloned().collect();
        if self.everything || (self.own && is_own && grants.is_empty()) {
            return Ok(ClusterPermit { everything: true, grants: Vec::new(), shown });
        }
        if grants.is_empty() {
            return Err(format!("no grant for kafka {{{shown}, topics: [TOPIC], access: read}}"));
        }
        if skips_verification {
            grants.retain(|grant| grant.insecure);
            if grants.is_empty() {
                return Err(format!(
                    "no grant for kafka {{{shown}, topics: [TOPIC], access: read, insecure: true}}"
                ));
            }
        }
        Ok(ClusterPermit { everything: false, grants, shown })
    }
}

impl ClusterName {
    /// Whether all brokers of the other are among those of this one.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Brokers(granted), Self::Brokers(wanted)) => wanted.is_subset(granted),
            (Self::Own(granted), Self::Own(wanted)) => granted == wanted,
            _ => false,
        }
    }
}

impl ClusterPermit {
    /// Whether a topic may be read or written.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn topic(&self, topic: &str, access: Access) -> Result<(), String> {
        let is_granted = |grant: &KafkaGrant| {
            grant.access >= access && grant.topics.iter().any(|pattern| pattern.0.matches(topic))
        };
        if self.everything || self.grants.iter().any(is_granted) {
            return Ok(());
        }
        let access = if access == Access::Read { "read" } else { "write" };
        Err(format!("no grant for kafka {{{}, topics: [{topic:?}], access: {access}}}", self.shown))
    }

    /// Whether topics may be read that nobody can name yet.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn all_topics(&self) -> Result<(), String> {
        let is_granted = |grant: &KafkaGrant| grant.topics.iter().any(|pattern| pattern.0.as_str() == "*");
        if self.everything || self.grants.iter().any(is_granted) {
            return Ok(());
        }
        Err(format!(
            "no grant for kafka {{{}, topics: [\"*\"], access: read}}, which regular expressions take",
            self.shown
        ))
    }

    /// Whether one may be a member of a group.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn group(&self, group: &str) -> Result<(), String> {
        let is_granted = |grant: &KafkaGrant| grant.groups.iter().any(|pattern| pattern.0.matches(group));
        if self.everything || self.grants.iter().any(is_granted) {
            return Ok(());
        }
        Err(format!("no grant for kafka {{{}, groups: [{group:?}], access: read}}", self.shown))
    }
}

/// As it is written in a grant.
impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Brokers(brokers) => {
                write!(f, "brokers: {:?}", brokers.iter().collect::<Vec<_>>())
            }
            Self::Own(name) => write!(f, "cluster: {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clusters(text: &str) -> KafkaClusters {
        let mut clusters = KafkaClusters::default();
        clusters.add(&serde_yaml::from_str::<Vec<KafkaGrant>>(text).unwrap());
        clusters
    }

    fn named(addresses: &[&str]) -> ClusterName {
        ClusterName::of(&addresses.iter().map(|&address| address.to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn topics_and_groups_are_granted_by_patterns() {
        let clusters = clusters(
            "[{brokers: ['Broker-1:9092', broker-2], topics: ['orders-*'], groups: [billing], access: read},
              {brokers: ['broker-1'], topics: [out], access: write}]",
        );
        let permit = clusters.cluster(&named(&["broker-1,broker-2:9092"]), false).unwrap();
        assert!(permit.topic("orders-eu", Access::Read).is_ok() && permit.group("billing").is_ok());
        assert_eq!(
            permit.topic("out", Access::Write).unwrap_err(),
            "no grant for kafka {brokers: [\"broker-1:9092\", \"broker-2:9092\"], topics: [\"out\"], access: write}"
        );
        assert!(permit.topic("orders-eu", Access::Write).is_err() && permit.group("other").is_err());
        assert!(permit.all_topics().is_err());
        let permit = clusters.cluster(&named(&["BROKER-1"]), false).unwrap();
        assert!(permit.topic("out", Access::Write).is_ok() && permit.topic("out", Access::Read).is_ok());
    }

    #[test]
    fn what_only_looks_like_a_granted_cluster_is_none() {
        let clusters = clusters("[{brokers: ['b:9092'], topics: ['*'], access: write}]");
        for addresses in [["b:9093"], ["b,c"], ["bb"], ["forebay://b:9092"]] {
            assert!(clusters.cluster(&named(&addresses), false).is_err(), "{addresses:?}");
        }
        let error = clusters.cluster(&named(&["b"]), true).unwrap_err();
        assert!(error.contains("insecure: true"), "{error}");
        assert!(clusters.cluster(&named(&["b"]), false).unwrap().all_topics().is_ok());
    }

    #[test]
    fn the_process_s_own_cluster_is_granted_by_its_name_or_as_a_whole() {
        let agent = named(&["forebay://agent"]);
        let granted = clusters("[{cluster: agent, topics: [a], access: read}]");
        let permit = granted.cluster(&agent, false).unwrap();
        assert!(permit.topic("a", Access::Read).is_ok() && permit.topic("b", Access::Read).is_err());
        let own = clusters("[]").with_own();
        assert!(own.cluster(&agent, false).unwrap().topic("b", Access::Write).is_ok());
        assert!(own.cluster(&named(&["agent"]), false).is_err());
    }

    #[test]
    fn a_grant_that_names_the_process_s_own_cluster_restricts_who_may_do_everything_with_it() {
        let (agent, other) = (named(&["forebay://agent"]), named(&["forebay://other"]));
        let own = clusters(
            "[{cluster: agent, topics: [a], groups: [g], access: read},
              {brokers: [b], topics: [x], access: read}]",
        )
        .with_own();
        let permit = own.cluster(&agent, false).unwrap();
        assert!(permit.topic("a", Access::Read).is_ok() && permit.group("g").is_ok());
        assert!(permit.topic("a", Access::Write).is_err() && permit.topic("b", Access::Read).is_err());
        assert!(permit.group("h").is_err() && permit.all_topics().is_err());
        let permit = own.cluster(&other, false).unwrap();
        assert!(permit.topic("b", Access::Write).is_ok(), "no grant names it");
    }

    #[test]
    fn brokers_are_hosts_with_or_without_ports() {
        for (address, expected) in [
            ("Kafka.example", ("kafka.example", 9092)),
            ("10.0.0.1:19092", ("10.0.0.1", 19092)),
            ("[::1]:9093", ("::1", 9093)),
            ("::1", ("::1", 9092)),
            ("tcp://a:1", ("a", 1)),
        ] {
            assert_eq!(broker(address).unwrap(), (expected.0.to_owned(), expected.1), "{address}");
        }
        for address in ["", ":9092", "a:x", "a:0", "a b:1", "user@a:1", "a/b"] {
            assert!(broker(address).is_err(), "{address}");
        }
    }

    #[test]
    fn a_grant_that_says_too_much_or_too_little_is_refused() {
        for grant in [
            "{access: read}",
            "{brokers: [], topics: [a], access: read}",
            "{brokers: [a], cluster: agent, access: read}",
            "{cluster: agent, insecure: true, access: read}",
            "{brokers: [a], topics: ['[a'], access: read}",
            "{brokers: [a], topics: [a]}",
        ] {
            assert!(serde_yaml::from_str::<KafkaGrant>(grant).is_err(), "{grant}");
        }
    }
}
