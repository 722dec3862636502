use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{Timestamp, VirtualClusterId};

use crate::{Kind, StoreFailure};

/// Work that is done now and then, by one agent at a time: whoever has its lease.
///
/// A lease is for a while, by the store's clock. Who does not renew it has it no longer, and another agent may get the
/// next one, whose epoch is greater. An agent that stood still meanwhile does not know that: so what it writes with its
/// lease is refused by the store, in the same transaction, when there is a younger one.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// The lease of a job, unless another holder has it, or it was done too recently for `terms`. A holder gets a new
    /// lease for what it has already, whose earlier lease is void then.
    ///
    /// # Errors
    /// When there is no such virtual cluster.
    async fn acquire_job(
        &self,
        cluster: &VirtualClusterId,
        job: &JobName,
        holder: JobHolder,
        terms: JobTerms,
    ) -> Result<Option<Lease>, JobError>;

    /// Holds a lease for `time` from now on. One that is over counts as long as nobody else has got the job.
    ///
    /// # Errors
    /// When somebody else has got the job: [`JobError::Lost`].
    async fn renew_job(
        &self,
        cluster: &VirtualClusterId,
        lease: &Lease,
        time: Duration,
    ) -> Result<Lease, JobError>;

    /// Ends a lease, and says whether the job was done.
    ///
    /// # Errors
    /// When somebody else has got the job: [`JobError::Lost`].
    async fn release_job(
        &self,
        cluster: &VirtualClusterId,
        lease: &Lease,
        outcome: JobOutcome,
    ) -> Result<(), JobError>;
}

/// What a job is called in its virtual cluster: small letters, digits and `_-/`, 64 at most.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobName(String);

/// Not the name of a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no name of a job: expected 1 to 64 small letters, digits, '_', '-' or '/'")]
pub struct InvalidJobName {
    /// What it was to be.
    pub name: String,
}

/// Who does jobs: an agent, from its start to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobHolder(u128);

/// On which terms a job is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobTerms {
    /// How long the lease lasts, unless it is renewed.
    pub lease: Duration,
    /// Not before so long after the beginning of the last lease under which the job was done.
    pub every: Duration,
}

/// The right to do a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Which.
    pub job: JobName,
    /// Whose it is.
    pub holder: JobHolder,
    /// Greater than that of all leases of the job before.
    pub epoch: LeaseEpoch,
    /// When it is over, by the store's clock.
    pub until: Timestamp,
}

/// Which of the leases of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseEpoch(i64);

/// What became of a job under a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutcome {
    /// It was done: it is due again when its time has come.
    Done,
    /// It was not, or not wholly: it is due at once.
    Unfinished,
}

impl JobName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobName {
    type Err = InvalidJobName;

    fn from_str(name: &str) -> Result<Self, InvalidJobName> {
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-/".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_allowed) {
            return Err(InvalidJobName { name: name.to_owned() });
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JobHolder {
    /// One that nobody else is, of bits that nobody else has.
    #[must_use]
    pub const fn from_random(bits: u128) -> Self {
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }
}

impl LeaseEpoch {
    /// As a store numbers it.
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

/// Why there is no lease.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// There is no such virtual cluster.
    #[error("there is no virtual cluster {cluster}")]
    NoVirtualCluster {
        /// Which.
        cluster: VirtualClusterId,
    },
    /// Another lease was given since.
    #[error("another agent has got the job {job}")]
    Lost {
        /// Which.
        job: JobName,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

impl JobError {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoVirtualCluster { .. } => Kind::NotFound,
            Self::Lost { .. } => Kind::Fenced,
            Self::Store(failure) => failure.kind(),
        }
    }
}
