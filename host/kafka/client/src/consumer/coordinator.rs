use forebay_model::GroupId;
use kafka_protocol::messages::{ApiKey, FindCoordinatorRequest};
use kafka_protocol::protocol::StrBytes;

use crate::client::Client;
use crate::failure::Failure;
use crate::topics::BrokerAddress;
use crate::transport::{Destination, Lane};

/// The first version that asks for many at a time.
const MANY: i16 = 4;

/// The broker that coordinates a group.
pub(super) async fn find(client: &Client, group: &GroupId) -> Result<i32, Failure> {
    let key = StrBytes::from_string(group.as_str().to_owned());
    let build = |version| {
        let request = FindCoordinatorRequest::default();
        if version >= MANY { request.with_coordinator_keys(vec![key]) } else { request.with_key(key) }
    };
    let (version, response) = client.ask((Destination::Any, Lane::CONTROL), 0..=5, build).await?;
    let api = ApiKey::FindCoordinator;
    let (code, message, node, host, port) = if version >= MANY {
        let found = response.coordinators.into_iter().next().ok_or(Failure::Missing { api })?;
        (found.error_code, found.error_message, found.node_id, found.host, found.port)
    } else {
        (response.error_code, response.error_message, response.node_id, response.host, response.port)
    };
    Failure::check(api, code, message.as_deref())?;
    let address = BrokerAddress { node: node.0, host: host.to_string(), port };
    client.parts.transport.learn_one(&address);
    Ok(node.0)
}
