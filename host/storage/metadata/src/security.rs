use async_trait::async_trait;
use forebay_kafka_security::{Acl, ScramCredential, ScramMechanism};
use forebay_model::VirtualClusterId;

use crate::{Kind, StoreFailure};

/// Who may log in, and who may do what.
#[async_trait]
pub trait Security: Send + Sync {
    /// All ACLs; none when they still are those of `known`. A virtual cluster that does not exist has none.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn acls(
        &self,
        cluster: &VirtualClusterId,
        known: Option<AclsVersion>,
    ) -> Result<Option<Acls>, StoreFailure>;

    /// Adds ACLs, all of them or none. One that is there already is not added again. The store does not read them:
    /// whoever adds one has checked it.
    ///
    /// # Errors
    /// When there is no such virtual cluster, or there would be more than [`MOST_ACLS`].
    async fn create_acls(&self, cluster: &VirtualClusterId, acls: &[Acl]) -> Result<(), SecurityError>;

    /// Removes these ACLs. One that is not there is left out.
    ///
    /// # Errors
    /// When there is no such virtual cluster.
    async fn delete_acls(&self, cluster: &VirtualClusterId, acls: &[Acl]) -> Result<(), SecurityError>;

    /// The credentials of a user, or of all; by user and mechanism.
    ///
    /// # Errors
    /// When the store can't be asked. A virtual cluster that does not exist has none.
    async fn scram_credentials(
        &self,
        cluster: &VirtualClusterId,
        user: Option<&str>,
    ) -> Result<Vec<UserCredential>, StoreFailure>;

    /// Changes credentials, one after the other: what became of each.
    ///
    /// # Errors
    /// When there is no such virtual cluster; then nothing was changed.
    async fn alter_scram_credentials(
        &self,
        cluster: &VirtualClusterId,
        changes: &[CredentialChange],
    ) -> Result<Vec<Result<(), NoCredential>>, SecurityError>;
}

/// More ACLs than this in one virtual cluster are a mistake: every agent keeps them all in memory.
pub const MOST_ACLS: usize = 100_000;

/// Which ACLs: another number each time that they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AclsVersion(i64);

/// The ACLs of a virtual cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acls {
    /// What they are known by.
    pub version: AclsVersion,
    /// All, in no particular order.
    pub acls: Vec<Acl>,
}

/// What a user proves by a mechanism.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserCredential {
    /// The name, without a type.
    pub user: String,
    /// For which mechanism it is.
    pub mechanism: ScramMechanism,
    /// The salted keys.
    pub credential: ScramCredential,
}

/// A change of credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialChange {
    /// From now on it is this one.
    Put(UserCredential),
    /// From now on there is none.
    Delete {
        /// Whose.
        user: String,
        /// For which mechanism.
        mechanism: ScramMechanism,
    },
}

/// There was nothing to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the user has no credential for this mechanism")]
pub struct NoCredential;

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecurityError {
    /// There is no such virtual cluster.
    #[error("there is no virtual cluster {cluster}")]
    NoVirtualCluster {
        /// Which.
        cluster: VirtualClusterId,
    },
    /// There would be too many.
    #[error("there would be {count} ACLs, at most {MOST_ACLS} are kept: use prefixes")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

impl AclsVersion {
    /// Of a number that a store gives.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl SecurityError {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoVirtualCluster { .. } => Kind::NotFound,
            Self::TooMany { .. } => Kind::Invalid,
            Self::Store(failure) => failure.kind(),
        }
    }
}
