use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Backoff, Shutdown};
use forebay_model::GroupId;
use kafka_protocol::messages::ApiKey;

use super::Start;
use super::classic::{Assignor, Classic};
use super::event::ConsumeError;
use super::heartbeats::Heartbeats;
use super::membership::Membership;
use super::names::Names;
use super::state::SharedState;
use crate::client::Client;
use crate::failure::Failure;
use crate::transport::{Destination, Lane, TransportError};

/// How a consumer is a member of its group.
#[derive(Debug, Clone)]
pub struct GroupSettings {
    pub group: GroupId,
    /// Members with a name of their own keep their partitions over a restart.
    pub instance: Option<String>,
    pub protocol: GroupProtocol,
    /// How partitions are shared out by the classic protocol, the preferred way first.
    pub assignors: Vec<Assignor>,
    /// How the broker shares them out by the newer protocol; none leaves it to the broker.
    pub server_assignor: Option<String>,
    /// After so long without a sign of life a member is out. By the newer protocol the broker has a value of its own,
    /// and this is when a member takes itself for lost.
    pub session_timeout: Duration,
    /// By the newer protocol the broker says it.
    pub heartbeat_interval: Duration,
    /// How long partitions that are revoked may still be worked on.
    pub rebalance_timeout: Duration,
}

/// How members and brokers speak of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupProtocol {
    /// That of KIP-848 where the broker has it and the group is not one of the classic protocol.
    #[default]
    Auto,
    /// That of KIP-848.
    Consumer,
    /// Where members share out partitions among themselves.
    Classic,
}

impl GroupSettings {
    /// The settings of Kafka's own consumers.
    #[must_use]
    pub fn new(group: GroupId) -> Self {
        Self {
            group,
            instance: None,
            protocol: GroupProtocol::default(),
            assignors: vec![Assignor::CooperativeSticky],
            server_assignor: None,
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(3),
            rebalance_timeout: Duration::from_secs(60),
        }
    }
}

/// A member of a group, by either protocol.
pub(super) struct Member {
    pub client: Client,
    pub shared: SharedState,
    pub membership: Arc<Membership>,
    pub names: Names,
    pub start: Start,
    pub lane: Lane,
}

/// Why a member is none any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It has left, or can't be one.
    Done,
    /// The group does not go by this protocol.
    OtherProtocol,
}

pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(50);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Member {
    pub(super) async fn run(self, shutdown: Shutdown) {
        let is_newer = match self.membership.settings.protocol {
            GroupProtocol::Classic => Some(false),
            GroupProtocol::Consumer => Some(true),
            GroupProtocol::Auto => self.is_newer(&shutdown).await,
        };
        let mut ended = Ended::OtherProtocol;
        if is_newer == Some(true) {
            ended = Box::pin(Heartbeats::new(&self).run(&shutdown)).await;
        }
        let may_fall_back = self.membership.settings.protocol != GroupProtocol::Consumer;
        if is_newer.is_some() && ended == Ended::OtherProtocol && may_fall_back {
            Box::pin(Classic::new(&self).run(&shutdown)).await;
        }
        for lane in [self.lane, self.membership.lane()] {
            self.client.parts.transport.release(lane);
        }
    }

    /// Whether the coordinator speaks the newer protocol; none when it is over before that is known.
    async fn is_newer(&self, shutdown: &Shutdown) -> Option<bool> {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let asked = async {
                let coordinator = self.membership.coordinator(&self.client).await?;
                let to = Destination::Broker(coordinator);
                let api = ApiKey::ConsumerGroupHeartbeat;
                match self.client.version(to, self.lane, api, 0..=1).await {
                    Ok(_) => Ok(true),
                    Err(TransportError::Version { .. }) => Ok(false),
                    Err(error) => Err(Failure::from(error)),
                }
            };
            let failure = tokio::select! {
                () = shutdown.cancelled() => return None,
                asked = asked => match asked {
                    Ok(is_newer) => return Some(is_newer),
                    Err(failure) => failure,
                },
            };
            self.membership.saw(&failure);
            self.shared.failed(ConsumeError::general(failure));
            tokio::select! {
                () = shutdown.cancelled() => return None,
                () = tokio::time::sleep(backoff.pause()) => {}
            }
        }
    }
}
