//! Who a consumer is to its group, as far as commits must know: kept by whoever is the member.

use std::sync::{Mutex, MutexGuard, PoisonError};

use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::coordinator;
use super::group::GroupSettings;
use crate::client::Client;
use crate::failure::Failure;
use crate::transport::Lane;

/// A group, and what one of its members knows.
#[derive(Debug)]
pub(super) struct Membership {
    pub settings: GroupSettings,
    lane: Lane,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    coordinator: Option<i32>,
    identity: Identity,
}

/// As whom offsets are committed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Identity {
    /// Nobody: what is committed so is refused where the group has members.
    #[default]
    None,
    /// By the protocol of KIP-848.
    Consumer {
        member: StrBytes,
        epoch: i32,
    },
    Classic {
        member: StrBytes,
        generation: i32,
    },
}

impl Identity {
    pub(super) fn member(&self) -> StrBytes {
        match self {
            Self::None => StrBytes::default(),
            Self::Consumer { member, .. } | Self::Classic { member, .. } => member.clone(),
        }
    }

    /// The epoch of a member of KIP-848.
    pub(super) fn member_epoch(&self) -> Option<i32> {
        match self {
            Self::Consumer { epoch, .. } => Some(*epoch),
            Self::None | Self::Classic { .. } => None,
        }
    }

    /// The epoch or generation, -1 for nobody's.
    pub(super) fn epoch(&self) -> i32 {
        match self {
            Self::None => -1,
            Self::Consumer { epoch, .. } => *epoch,
            Self::Classic { generation, .. } => *generation,
        }
    }
}

impl Membership {
    pub(super) fn new(settings: GroupSettings, lane: Lane) -> Self {
        Self { settings, lane, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For commits, and for asking what is committed.
    pub(super) fn lane(&self) -> Lane {
        self.lane
    }

    pub(super) fn identity(&self) -> Identity {
        self.known().identity.clone()
    }

    pub(super) fn set_identity(&self, identity: Identity) {
        self.known().identity = identity;
    }

    /// The broker that coordinates the group.
    pub(super) async fn coordinator(&self, client: &Client) -> Result<i32, Failure> {
        if let Some(known) = self.known().coordinator {
            return Ok(known);
        }
        let found = coordinator::find(client, &self.settings.group).await?;
        self.known().coordinator = Some(found);
        Ok(found)
    }

    pub(super) fn forget_coordinator(&self) {
        self.known().coordinator = None;
    }

    /// A failure may say that another broker coordinates the group.
    pub(super) fn saw(&self, failure: &Failure) {
        let is_elsewhere = matches!(
            failure.code(),
            Some(
                ResponseError::NotCoordinator
                    | ResponseError::CoordinatorNotAvailable
                    | ResponseError::CoordinatorLoadInProgress
            )
        );
        if is_elsewhere || matches!(failure, Failure::Transport(_)) {
            self.forget_coordinator();
        }
    }
}
