//! FindCoordinator 0 to 6: always refused. Consumer groups and transactions have no coordinator yet; the error is
//! one that clients do not ask again about.

use forebay_kafka_security::{Operation, ResourceType};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};

use super::{denied, message};
use crate::service::Call;

const REFUSED: ResponseError = ResponseError::UnsupportedVersion;
const WHY: &str = "consumer groups and transactions are not supported yet: assign partitions by hand";

pub(crate) fn answer(call: &Call, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
    let response = FindCoordinatorResponse::default();
    if call.version >= 4 {
        let refused = request.coordinator_keys.into_iter().map(|key| {
            let (code, why) = refusal(call, request.key_type, &key);
            Coordinator::default()
                .with_key(key)
                .with_node_id(BrokerId(-1))
                .with_port(-1)
                .with_error_code(code.code())
                .with_error_message(message(why))
        });
        return response.with_coordinators(refused.collect());
    }
    let (code, why) = refusal(call, request.key_type, &request.key);
    let response = response.with_error_code(code.code()).with_node_id(BrokerId(-1)).with_port(-1);
    if call.version >= 1 { response.with_error_message(message(why)) } else { response }
}

/// Kafka's number for the coordinator of a transaction.
const TRANSACTION: i8 = 1;

fn refusal(call: &Call, key_type: i8, key: &str) -> (ResponseError, String) {
    let (kind, code) = if key_type == TRANSACTION {
        (ResourceType::TransactionalId, ResponseError::TransactionalIdAuthorizationFailed)
    } else {
        (ResourceType::Group, ResponseError::GroupAuthorizationFailed)
    };
    if call.access.allows(Operation::Describe, kind, key) {
        (REFUSED, WHY.to_owned())
    } else {
        (code, denied(Operation::Describe, format!("the {kind}")))
    }
}
