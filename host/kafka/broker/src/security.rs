use std::time::Duration;

use forebay_kafka_security::{Mechanism, Principal};

/// What a broker demands of whoever asks. By default nothing.
#[derive(Debug, Clone, Default)]
pub struct SecuritySettings {
    /// How clients log in; none lets everybody in.
    pub sasl: Option<SaslSettings>,
    pub acls: AclMode,
    /// Who may do everything, whatever ACLs say.
    pub super_users: Vec<Principal>,
    /// Whether everybody may do everything with what no ACL is about, as Kafka's `allow.everyone.if.no.acl.found`.
    pub allows_everyone_if_no_acl: bool,
}

/// How clients log in.
#[derive(Debug, Clone)]
pub struct SaslSettings {
    /// The ways there are.
    pub mechanisms: Vec<Mechanism>,
    /// After this time a client must log in again on its connection; none is never. Kafka's
    /// `connections.max.reauth.ms`.
    pub lifetime: Option<Duration>,
}

/// What ACLs are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AclMode {
    /// Nothing: everybody may do everything.
    #[default]
    Off,
    /// What they deny is told in the log and counted, and done nevertheless.
    Shadow,
    /// What they do not allow is refused.
    Enforced,
}

impl Default for SaslSettings {
    fn default() -> Self {
        Self { mechanisms: Mechanism::ALL.to_vec(), lifetime: None }
    }
}
