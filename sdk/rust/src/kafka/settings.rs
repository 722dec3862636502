use std::time::Duration;

use crate::http::{ClientCredentials, Text};

/// How a cluster is reached.
#[derive(Debug, Clone, Default)]
pub struct ClusterSettings {
    /// `host:port`, or `forebay://NAME` alone for a cluster that the process has.
    pub seed_brokers: Vec<String>,
    pub client_id: String,
    /// Where the client is; empty: nobody says.
    pub rack: String,
    pub tls: Option<Tls>,
    /// The first is used; where brokers don't take its mechanism, the first one that they do.
    pub logins: Vec<Login>,
    pub metadata_max_age: Option<Duration>,
    pub connect_timeout: Option<Duration>,
    pub request_timeout: Option<Duration>,
}

/// How brokers are verified, and how the client shows who it is. Texts are PEM.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Accepts every certificate. The grant must allow that.
    pub skip_verification: bool,
    /// To trust beside those of the machine.
    pub extra_roots: Option<Text>,
    /// The certificate chain and its key.
    pub identity: Option<(Text, Text)>,
}

/// How the client logs in.
#[derive(Debug, Clone)]
pub enum Login {
    Plain {
        username: Text,
        password: Text,
    },
    ScramSha256 {
        username: Text,
        password: Text,
    },
    ScramSha512 {
        username: Text,
        password: Text,
    },
    /// OAUTHBEARER: a token, and names and values that are said beside it.
    Bearer {
        token: Token,
        extensions: Vec<(String, Text)>,
    },
    /// An access key of AWS, by which the host signs a request to connect.
    AwsMskIam {
        region: String,
        id: Text,
        secret: Text,
        session_token: Option<Text>,
    },
}

/// Where a token of OAUTHBEARER comes from.
#[derive(Debug, Clone)]
pub enum Token {
    /// The same for all connections.
    Given(Text),
    /// Fetched by the host, and again before it ends.
    Fetched(ClientCredentials),
}

impl ClusterSettings {
    /// A cluster by some of its brokers, without TLS or logins.
    pub fn new<B: Into<String>>(seed_brokers: impl IntoIterator<Item = B>) -> Self {
        Self { seed_brokers: seed_brokers.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}
