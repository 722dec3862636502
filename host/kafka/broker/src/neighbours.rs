//! What an agent knows of the others, and what it tells clients of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use forebay_lifecycle::clock;
use forebay_model::VirtualClusterId;
use forebay_storage_metadata::{AGENT_SILENCE, LiveAgent, MetadataStore};
use kafka_protocol::messages::BrokerId;
use kafka_protocol::protocol::StrBytes;
use tokio::sync::Semaphore;

use crate::broker::Parts;
use crate::client_features::ClientFeatures;
use crate::context::Endpoint;
use crate::placement::{Client, Purpose, place};
use crate::service::Call;

/// All agents claim to be in the same rack: what clients would do by racks is done here by zones, and assignors that go
/// by them would rebalance whenever a client is sent elsewhere.
pub(crate) const RACK: &str = "warpstream-fake-rack";

/// How long a client waits for an answer of the store that may be an old one.
const PATIENCE: Duration = Duration::from_secs(1);

/// An outage of the store that is so long may have made all agents silent for too long.
const OUTAGE: Duration = Duration::from_secs(10);

/// So long after an outage each agent keeps its clients: those that have given a sign of life again first are few.
const RETURNING: Duration = Duration::from_secs(6);

/// The agents as they were a moment ago.
#[derive(Debug)]
pub(crate) struct Neighbours {
    cluster: VirtualClusterId,
    metadata: Arc<dyn MetadataStore>,
    remembered: Duration,
    known: Mutex<Known>,
    /// Who asks the store; others take what is known.
    turn: Semaphore,
}

#[derive(Debug, Clone, Default)]
struct Known {
    agents: Arc<[LiveAgent]>,
    told: Option<Instant>,
    /// Since when the store has been asked in vain.
    away: Option<Instant>,
    /// When it was heard of again after an outage.
    back: Option<Instant>,
    /// Also in vain.
    asked: Option<Instant>,
}

/// The agent that a client is told to come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub node: BrokerId,
    pub host: StrBytes,
    pub port: i32,
}

impl Neighbours {
    pub(crate) fn new(
        cluster: VirtualClusterId,
        metadata: Arc<dyn MetadataStore>,
        remembered: Duration,
    ) -> Self {
        Self { cluster, metadata, remembered, known: Mutex::default(), turn: Semaphore::new(1) }
    }

    /// All that are alive; none when the store has not been heard of for as long as agents may be silent.
    pub(crate) async fn all(&self) -> Arc<[LiveAgent]> {
        let is_fresh = |known: &Known| known.asked.is_some_and(|asked| asked.elapsed() < self.remembered);
        let known = self.known();
        if is_fresh(&known) {
            return known.agents_at(clock::now());
        }
        let turn = match self.turn.try_acquire() {
            Ok(turn) => Ok(turn),
            // Somebody asks already.
            Err(_) if known.told.is_some() => return known.agents_at(clock::now()),
            Err(_) => self.turn.acquire().await,
        };
        // The semaphore is never closed.
        let Ok(_turn) = turn else { return known.agents_at(clock::now()) };
        let known = self.known();
        if is_fresh(&known) {
            return known.agents_at(clock::now());
        }
        let asking = tokio::time::timeout(PATIENCE, self.metadata.agents(&self.cluster));
        let told = asking.await;
        let now = clock::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.asked = Some(now);
        match told {
            Ok(Ok(agents)) => {
                let away = known.away.take();
                if away.is_some_and(|away| now.saturating_duration_since(away) >= OUTAGE) {
                    known.back = Some(now);
                }
                known.agents = agents.into();
                known.told = Some(now);
            }
            Ok(Err(failure)) => {
                known.away.get_or_insert(now);
                tracing::debug!(%failure, "the other agents can't be asked for");
            }
            Err(_) => {
                known.away.get_or_insert(now);
                tracing::debug!("the other agents are not told in time");
            }
        }
        known.agents_at(now)
    }

    fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Known {
    /// Those that are known, unless that is too old, or so new that some may be missing.
    fn agents_at(&self, now: Instant) -> Arc<[LiveAgent]> {
        let is_old = self.told.is_none_or(|told| now.saturating_duration_since(told) >= AGENT_SILENCE);
        let is_new = self.back.is_some_and(|back| now.saturating_duration_since(back) < RETURNING);
        if is_old || is_new { Arc::default() } else { Arc::clone(&self.agents) }
    }
}

impl Parts {
    /// The agent that a client is to come to. For whoever is in the same process, and where no other is better, it is this
    /// one.
    pub(crate) async fn named(&self, call: &Call, purpose: Purpose) -> Named {
        let context = &call.context;
        let here = || {
            let endpoint = self.settings.advertised.to(context);
            Named::new(self.node(), endpoint, context.client_id.as_str())
        };
        let Some(peer) = context.peer else { return here() };
        let agents = self.neighbours.all().await;
        let client = Client { id: &context.client_id, address: Some(peer.ip().to_canonical()), purpose };
        let placed = place(&agents, self.settings.agent.group.as_ref(), &client);
        let Some(placed) = placed.filter(|placed| placed.description.id != self.settings.agent.id) else {
            return here();
        };
        let Some(address) = &placed.description.kafka else { return here() };
        let endpoint = Endpoint { host: address.host.clone(), port: address.port };
        Named::new(BrokerId(placed.node.get()), endpoint, &context.client_id)
    }

    /// Whether a number is that of an agent.
    pub(crate) async fn knows_node(&self, node: i32) -> bool {
        self.node().0 == node || self.neighbours.all().await.iter().any(|agent| agent.node.get() == node)
    }
}

impl Named {
    fn new(node: BrokerId, endpoint: Endpoint, client_id: &str) -> Self {
        let host = ClientFeatures::of(client_id).host.map_or(endpoint.host, str::to_owned);
        Self { node, host: StrBytes::from_string(host), port: i32::from(endpoint.port) }
    }
}

#[cfg(test)]
mod tests;
