//! Permissions and prohibitions, with Kafka's numbers and words.

mod filter;
mod index;
mod words;

pub use filter::{AclFilter, PatternFilter};
pub use index::{AclIndex, Requester, Verdict};
pub use words::{Operation, PatternType, Permission, ResourceType, UnknownWord};

use crate::principal::Principal;

/// The name of a resource, and of a host, that stands for all.
pub const WILDCARD: &str = "*";
/// The only name that a cluster has.
pub const CLUSTER_NAME: &str = "kafka-cluster";

/// One permission or prohibition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Acl {
    pub resource: ResourcePattern,
    /// `User:*` is everybody.
    pub principal: Principal,
    /// The address that it holds for; `*` is any.
    pub host: String,
    pub operation: Operation,
    pub permission: Permission,
}

/// What an ACL is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourcePattern {
    pub kind: ResourceType,
    /// Literally, `*` is all of them.
    pub name: String,
    pub pattern: PatternType,
}

/// An ACL that can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AclRefused {
    #[error("the resource of an ACL has no name")]
    NoName,
    #[error("the name of a cluster is {CLUSTER_NAME}, not {0:?}")]
    ClusterName(String),
    #[error("the host of an ACL is empty: expected an address, or * for any")]
    NoHost,
    #[error("a name in an ACL has {bytes} bytes, at most {LONGEST} are taken")]
    Long { bytes: usize },
    #[error("a name in an ACL has a null byte: no resource, principal or host has")]
    Null,
}

/// No name that anybody has is longer, in bytes.
const LONGEST: usize = 1_024;

impl Acl {
    /// A permission for a resource of this name, from any host.
    #[must_use]
    pub fn allow(principal: Principal, operation: Operation, kind: ResourceType, name: &str) -> Self {
        Self {
            resource: ResourcePattern { kind, name: name.to_owned(), pattern: PatternType::Literal },
            principal,
            host: WILDCARD.to_owned(),
            operation,
            permission: Permission::Allow,
        }
    }

    /// The same as a prohibition.
    #[must_use]
    pub fn deny(principal: Principal, operation: Operation, kind: ResourceType, name: &str) -> Self {
        Self { permission: Permission::Deny, ..Self::allow(principal, operation, kind, name) }
    }

    /// The same for all resources whose names begin so.
    #[must_use]
    pub fn prefixed(mut self) -> Self {
        self.resource.pattern = PatternType::Prefixed;
        self
    }

    /// The same from one host.
    #[must_use]
    pub fn on_host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// Whether it can be.
    ///
    /// # Errors
    /// When it can't, with what is expected.
    pub fn check(&self) -> Result<(), AclRefused> {
        let name = &self.resource.name;
        if name.is_empty() {
            return Err(AclRefused::NoName);
        }
        if self.resource.kind == ResourceType::Cluster && name != CLUSTER_NAME {
            return Err(AclRefused::ClusterName(name.clone()));
        }
        if self.host.is_empty() {
            return Err(AclRefused::NoHost);
        }
        let texts = [name.as_str(), self.principal.as_str(), self.host.as_str()];
        // No store takes this character in a text.
        if texts.iter().any(|text| text.contains('\0')) {
            return Err(AclRefused::Null);
        }
        match texts.iter().map(|text| text.len()).max() {
            Some(bytes) if bytes > LONGEST => Err(AclRefused::Long { bytes }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acls_that_mean_nothing_are_refused() {
        let acl = |kind, name: &str| Acl::allow(Principal::user("a"), Operation::Read, kind, name);
        assert_eq!(acl(ResourceType::Topic, "t").check(), Ok(()));
        assert_eq!(acl(ResourceType::Cluster, CLUSTER_NAME).check(), Ok(()));
        assert_eq!(acl(ResourceType::Topic, "").check(), Err(AclRefused::NoName));
        let other = Err(AclRefused::ClusterName("other".to_owned()));
        assert_eq!(acl(ResourceType::Cluster, "other").check(), other);
        assert_eq!(acl(ResourceType::Topic, "t").on_host("").check(), Err(AclRefused::NoHost));
        assert_eq!(acl(ResourceType::Topic, "t\0").check(), Err(AclRefused::Null));
        assert_eq!(acl(ResourceType::Topic, "t").on_host("\0").check(), Err(AclRefused::Null));
        let long = acl(ResourceType::Topic, &"t".repeat(1_025));
        assert_eq!(long.check(), Err(AclRefused::Long { bytes: 1_025 }));
    }
}
