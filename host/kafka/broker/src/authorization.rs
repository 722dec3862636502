//! Who may do what. What each API needs stands in one table ([`needs`]); a request gets an [`Access`], which answers
//! only for what the table says of its API, so that neither can be forgotten: an API without a row does not compile,
//! and one that asks for something else is refused.

mod authorizer;
mod needs;

use std::net::IpAddr;
use std::sync::Arc;

use forebay_kafka_security::{
    AclIndex, CLUSTER_NAME, Operation, Principal, Requester, ResourceType, Verdict,
};
use kafka_protocol::messages::ApiKey;

pub(crate) use self::authorizer::Authorizer;
pub use self::needs::{Need, Role, needs};
use crate::security::AclMode;

/// What one request may do.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    api: ApiKey,
    rights: Rights,
}

#[derive(Debug, Clone)]
enum Rights {
    /// Everything: nothing is demanded, or it is a super user.
    All,
    /// Nothing: nobody knows who it is, or what they may.
    None,
    Acls(Judged),
}

#[derive(Debug, Clone)]
struct Judged {
    authorizer: Arc<Authorizer>,
    index: Arc<AclIndex>,
    principal: Principal,
    host: Option<IpAddr>,
}

impl Access {
    /// Whether the request may do something with a resource of this name.
    pub(crate) fn allows(&self, operation: Operation, kind: ResourceType, name: &str) -> bool {
        let is_listed = needs::has(self.api, operation, kind);
        debug_assert!(is_listed, "{:?} does not need {operation} on {kind}", self.api);
        is_listed
            && self.judged(operation, kind, |judged| {
                judged.index.judge(judged.requester(), operation, kind, name)
            })
    }

    /// Whether it may do something with the cluster.
    pub(crate) fn allows_on_cluster(&self, operation: Operation) -> bool {
        self.allows(operation, ResourceType::Cluster, CLUSTER_NAME)
    }

    /// Whether it may do something with any resource of a kind.
    pub(crate) fn allows_any(&self, operation: Operation, kind: ResourceType) -> bool {
        needs::has(self.api, operation, kind)
            && self
                .judged(operation, kind, |judged| judged.index.judge_any(judged.requester(), operation, kind))
    }

    /// All that the client may do with a resource, as the set of numbers that clients are told.
    pub(crate) fn operations(&self, kind: ResourceType, name: &str) -> i32 {
        let may = |operation: &&Operation| match &self.rights {
            Rights::All => true,
            Rights::None => false,
            Rights::Acls(judged) => {
                let verdict = judged.index.judge(judged.requester(), **operation, kind, name);
                judged.authorizer.is_allowed(verdict) || judged.authorizer.mode() == AclMode::Shadow
            }
        };
        let allowed = kind.operations().iter().filter(may);
        allowed.fold(0, |set, operation| set | 1 << operation.number())
    }

    fn judged(
        &self,
        operation: Operation,
        kind: ResourceType,
        judge: impl FnOnce(&Judged) -> Verdict,
    ) -> bool {
        match &self.rights {
            Rights::All => true,
            Rights::None => false,
            Rights::Acls(judged) => {
                let is_allowed = judged.authorizer.is_allowed(judge(judged));
                if !is_allowed {
                    judged.authorizer.denied(&judged.principal, self.api, operation, kind);
                }
                is_allowed || judged.authorizer.mode() == AclMode::Shadow
            }
        }
    }
}

impl Judged {
    fn requester(&self) -> Requester<'_> {
        Requester { principal: &self.principal, host: self.host }
    }
}
