use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::Shutdown;
use forebay_metrics::{Gauge, Metrics};
use forebay_model::{AgentGroup, AgentId, AvailabilityZone, NodeId, VirtualClusterId};
use forebay_storage_metadata::{AgentDescription, AgentError, LiveAgent, MetadataStore};

use crate::stores::Stores;
use crate::zone::{UNSET, ZoneSource};

/// From one sign of life to the next. Who misses two of them gets no new clients, who misses more is gone.
pub(crate) const HEARTBEAT_EVERY: Duration = Duration::from_secs(3);

/// For how many pairs of a zone and a group there are series at most.
const MOST_SERIES: usize = 100;

/// What makes an agent known to the others, until it stops.
#[derive(Debug)]
pub(crate) struct Heartbeats {
    cluster: VirtualClusterId,
    metadata: Arc<dyn MetadataStore>,
    description: AgentDescription,
    node: NodeId,
    every: Duration,
    gauges: AgentGauges,
}

impl Heartbeats {
    /// Makes an agent known.
    ///
    /// # Errors
    /// When the store can't be asked.
    pub(crate) async fn register(
        cluster: VirtualClusterId,
        stores: &Stores,
        description: AgentDescription,
        every: Duration,
    ) -> Result<Self, AgentError> {
        let (metadata, metrics) = (Arc::clone(stores.metadata()), Arc::clone(stores.metrics()));
        let node = metadata.register_agent(&cluster, &description).await?;
        let gauges = AgentGauges { metrics, shown: HashMap::new() };
        Ok(Self { cluster, metadata, description, node, every, gauges })
    }

    /// The number that it has.
    pub(crate) fn node(&self) -> NodeId {
        self.node
    }

    /// What tells the others that the agent is gone.
    pub(crate) fn farewell(&self) -> Farewell {
        let Self { cluster, metadata, description, .. } = self;
        Farewell { cluster: cluster.clone(), metadata: Arc::clone(metadata), agent: description.id }
    }

    /// Says again and again that the agent is there, and where as soon as that is known.
    pub(crate) async fn run(mut self, zone: ZoneSource, shutdown: Shutdown) {
        let mut finding = Some(Box::pin(zone.find()));
        // The first one at once, for what is shown of the others.
        while shutdown.run_until_cancelled(self.beat()).await.is_some() {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                zone = found(&mut finding) => {
                    finding = None;
                    self.description.zone = zone;
                }
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }

    async fn beat(&mut self) {
        let beat = self.metadata.agent_heartbeat(&self.cluster, &self.description, self.node).await;
        if let Err(error) = beat {
            tracing::warn!(%error, "other agents do not hear of this one");
        }
        match self.metadata.agents(&self.cluster).await {
            Ok(agents) => self.gauges.show(&agents),
            Err(failure) => tracing::debug!(%failure, "this agent does not hear of others"),
        }
    }
}

/// What tells the others that an agent is gone.
#[derive(Debug)]
pub(crate) struct Farewell {
    cluster: VirtualClusterId,
    metadata: Arc<dyn MetadataStore>,
    agent: AgentId,
}

impl Farewell {
    /// Tells them. The agent gives no more signs of life.
    pub(crate) async fn say(&self) {
        if let Err(failure) = self.metadata.deregister_agent(&self.cluster, self.agent).await {
            // The others find out by themselves.
            tracing::warn!(%failure, "other agents are not told that this one stops");
        }
    }

    /// Who is gone.
    pub(crate) fn agent(&self) -> AgentId {
        self.agent
    }
}

/// What is found, or nothing ever.
async fn found(
    finding: &mut Option<std::pin::Pin<Box<impl Future<Output = Option<AvailabilityZone>>>>>,
) -> Option<AvailabilityZone> {
    match finding {
        Some(finding) => finding.await,
        None => std::future::pending().await,
    }
}

/// `warpstream_agent_heartbeat{agent_group,availability_zone}`: how many agents are alive.
#[derive(Debug)]
struct AgentGauges {
    metrics: Arc<Metrics>,
    shown: HashMap<(String, String), Gauge>,
}

impl AgentGauges {
    fn show(&mut self, agents: &[LiveAgent]) {
        let mut counts: HashMap<(String, String), u32> = HashMap::new();
        for LiveAgent { description, .. } in agents {
            let group = description.group.as_ref().map_or("", AgentGroup::as_str);
            let zone = description.zone.as_ref().map_or(UNSET, AvailabilityZone::as_str);
            *counts.entry((group.to_owned(), zone.to_owned())).or_default() += 1;
        }
        for (place, gauge) in &self.shown {
            gauge.set(counts.remove(place).map_or(0.0, f64::from));
        }
        for ((group, zone), count) in counts {
            if self.shown.len() >= MOST_SERIES {
                break;
            }
            let labels = [("agent_group", group.as_str()), ("availability_zone", zone.as_str())];
            let help = "Agents that are alive, as this one knows of them";
            // Only another kind of metric under the same name could be in the way, and there is none.
            if let Ok(gauge) = self.metrics.gauge("warpstream_agent_heartbeat", help, &labels) {
                gauge.set(f64::from(count));
                self.shown.insert((group, zone), gauge);
            }
        }
    }
}
