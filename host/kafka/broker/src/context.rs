use std::net::SocketAddr;

use crate::identity::Identity;

/// On whose behalf a request comes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectionContext {
    /// What the client calls itself; it may be anything.
    pub client_id: String,
    /// Where it is.
    pub peer: Option<SocketAddr>,
    /// The address by which it reached this process; none inside of the process.
    pub reached: Option<SocketAddr>,
    /// Who asks.
    pub identity: Identity,
}

/// The address that clients are told to come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advertised {
    /// This one.
    Fixed(Endpoint),
    /// The one by which each client has come, so that loopback clients get loopback; inside of the process this one.
    AsReached(Endpoint),
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
}

impl Advertised {
    /// What to tell a client.
    #[must_use]
    pub fn to(&self, context: &ConnectionContext) -> Endpoint {
        match (self, context.reached) {
            (Self::AsReached(_), Some(reached)) => {
                Endpoint { host: reached.ip().to_canonical().to_string(), port: reached.port() }
            }
            (Self::Fixed(endpoint) | Self::AsReached(endpoint), _) => endpoint.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_told_what_they_can_reach() {
        let at = |port| Endpoint { host: "forebay.example".to_owned(), port };
        let reached = |address: &str| ConnectionContext {
            reached: Some(address.parse().unwrap()),
            ..ConnectionContext::default()
        };
        let as_reached = Advertised::AsReached(at(9092));
        assert_eq!(as_reached.to(&ConnectionContext::default()), at(9092));
        let mapped = as_reached.to(&reached("[::ffff:127.0.0.1]:9092"));
        assert_eq!(mapped, Endpoint { host: "127.0.0.1".to_owned(), port: 9092 });
        assert_eq!(Advertised::Fixed(at(1)).to(&reached("127.0.0.1:9092")), at(1));
    }
}
