//! FindCoordinator 0 to 6: the agent that is asked coordinates every consumer group. Transactions have no coordinator
//! yet; the error is one that clients do not ask again about.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::protocol::StrBytes;

use super::message;
use crate::broker::Parts;
use crate::service::Call;

/// The first version that asks about several.
const SEVERAL: i16 = 4;
/// What is asked about: a group; 1 is a transactional id, 2 a share group.
const GROUP: i8 = 0;
const REFUSED: ResponseError = ResponseError::UnsupportedVersion;
const WHY: &str = "transactions and share groups are not supported yet";

pub(crate) fn answer(parts: &Parts, call: &Call, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
    let response = FindCoordinatorResponse::default();
    let is_group = request.key_type == GROUP;
    let endpoint = parts.settings.advertised.to(&call.context);
    let host = StrBytes::from_string(endpoint.host);
    let port = i32::from(endpoint.port);
    if call.version >= SEVERAL {
        let coordinators = request.coordinator_keys.into_iter().map(|key| {
            let coordinator = Coordinator::default().with_key(key);
            if is_group {
                return coordinator.with_node_id(parts.node()).with_host(host.clone()).with_port(port);
            }
            coordinator
                .with_node_id(BrokerId(-1))
                .with_port(-1)
                .with_error_code(REFUSED.code())
                .with_error_message(message(WHY))
        });
        return response.with_coordinators(coordinators.collect());
    }
    if is_group {
        return response.with_node_id(parts.node()).with_host(host).with_port(port);
    }
    let response = response.with_error_code(REFUSED.code()).with_node_id(BrokerId(-1)).with_port(-1);
    if call.version >= 1 { response.with_error_message(message(WHY)) } else { response }
}
