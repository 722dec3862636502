//! Which agent a client is sent to. Every agent comes to the same answer without asking others: agents are put in order
//! for each client by a hash of both, so that clients are spread, stay where they are, and only those of an agent that is
//! gone go elsewhere.

use std::net::IpAddr;
use std::time::Duration;

use forebay_model::{AgentGroup, AvailabilityZone, NodeId, Role, Roles};
use forebay_storage_metadata::LiveAgent;

use crate::client_features::{ClientFeatures, Target};

/// Whoever was not heard of for so long, more than two heartbeats, gets no clients where there are others.
const DOUBTED: Duration = Duration::from_secs(8);

/// What a client is sent somewhere for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// For everything.
    Lead,
    /// For a consumer group.
    Coordinate,
}

/// A client, as far as it matters where it goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client<'a> {
    pub id: &'a str,
    pub address: Option<IpAddr>,
    pub purpose: Purpose,
}

/// The agent that a client is sent to. All are of its group, or of `own`, that of the agent which is asked, where it
/// names none that there is. Of these it is one of its role, heard of lately, in its zone, as far as there are any.
pub(crate) fn place<'a>(
    agents: &'a [LiveAgent],
    own: Option<&AgentGroup>,
    client: &Client<'_>,
) -> Option<&'a LiveAgent> {
    let features = ClientFeatures::of(client.id);
    let serving = |agent: &&LiveAgent| agent.description.kafka.is_some() && agent.description.roles.serves();
    let mut left: Vec<&LiveAgent> = agents.iter().filter(serving).collect();

    let groups = left.iter().filter_map(|agent| agent.description.group.as_ref().map(AgentGroup::as_str));
    let group = features.group.and_then(|wanted| wanted.among(groups)).or(own.map(AgentGroup::as_str));
    left.retain(|agent| agent.description.group.as_ref().map(AgentGroup::as_str) == group);

    for has_role in roles(features.target, client.purpose) {
        if narrow(&mut left, |agent| has_role(agent.description.roles)) {
            break;
        }
    }
    narrow(&mut left, |agent| agent.silent < DOUBTED);
    let zones = left.iter().filter_map(|agent| agent.description.zone.as_ref().map(AvailabilityZone::as_str));
    if let Some(zone) = features.zone.and_then(|wanted| wanted.among(zones)) {
        narrow(&mut left, |agent| agent.description.zone.as_ref().is_some_and(|is| is.as_str() == zone));
    }
    left.into_iter().max_by_key(|agent| (weight(client, agent.node), agent.node))
}

/// What an agent must do for a client to be sent there, the best first.
fn roles(target: Option<Target>, purpose: Purpose) -> &'static [fn(Roles) -> bool] {
    match (target, purpose) {
        (Some(Target::Produce), Purpose::Lead) => &[|roles| roles.has(Role::ProxyProduce), Roles::produces],
        (Some(Target::Consume), _) | (Some(Target::Produce), Purpose::Coordinate) => {
            &[|roles| roles.has(Role::ProxyConsume), Roles::consumes]
        }
        (None, Purpose::Lead) => &[|roles| roles.produces() && roles.consumes()],
        (None, Purpose::Coordinate) => &[|roles| roles.produces() && roles.consumes(), Roles::consumes],
    }
}

/// Leaves those that are so, if there are any.
fn narrow(left: &mut Vec<&LiveAgent>, is_so: impl Fn(&LiveAgent) -> bool) -> bool {
    let any = left.iter().any(|agent| is_so(agent));
    if any {
        left.retain(|agent| is_so(agent));
    }
    any
}

/// How high an agent stands for a client: as good as by chance, and the same in every agent of every version.
fn weight(client: &Client<'_>, node: NodeId) -> u64 {
    // FNV-1a, and then the end of SplitMix64, without which numbers that are close would stay so.
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    };
    add(client.id.as_bytes());
    match client.address {
        None => {}
        Some(IpAddr::V4(address)) => add(&address.octets()),
        Some(IpAddr::V6(address)) => add(&address.octets()),
    }
    add(&node.get().to_be_bytes());
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests;
