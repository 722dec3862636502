//! FindCoordinator 0 to 6: always refused. Consumer groups and transactions have no coordinator yet; the error is
//! one that clients do not ask again about.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};

use super::message;
use crate::service::Call;

const REFUSED: ResponseError = ResponseError::UnsupportedVersion;
const WHY: &str = "consumer groups and transactions are not supported yet: assign partitions by hand";

pub(crate) fn answer(call: &Call, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
    let response = FindCoordinatorResponse::default();
    if call.version >= 4 {
        let refused = request.coordinator_keys.into_iter().map(|key| {
            Coordinator::default()
                .with_key(key)
                .with_node_id(BrokerId(-1))
                .with_port(-1)
                .with_error_code(REFUSED.code())
                .with_error_message(message(WHY))
        });
        return response.with_coordinators(refused.collect());
    }
    let response = response.with_error_code(REFUSED.code()).with_node_id(BrokerId(-1)).with_port(-1);
    if call.version >= 1 { response.with_error_message(message(WHY)) } else { response }
}
