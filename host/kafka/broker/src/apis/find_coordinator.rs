//! FindCoordinator 0 to 6: every agent coordinates every consumer group; the client is told of the one that
//! Metadata tells it of, or of one that consumers may come to. Transactions have no coordinator
//! yet; the error is one that clients do not ask again about.

use forebay_kafka_security::{Operation, ResourceType};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};

use super::{denied, message};
use crate::broker::Parts;
use crate::neighbours::Named;
use crate::placement::Purpose;
use crate::service::Call;

/// The first version that asks about several.
const SEVERAL: i16 = 4;
/// What is asked about: a group or a transaction; 2 is a share group.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const REFUSED: ResponseError = ResponseError::UnsupportedVersion;
const WHY: &str = "transactions and share groups are not supported yet";

pub(crate) async fn answer(
    parts: &Parts,
    call: &Call,
    request: FindCoordinatorRequest,
) -> FindCoordinatorResponse {
    let response = FindCoordinatorResponse::default();
    let Named { node, host, port } = parts.named(call, Purpose::Coordinate).await;
    if call.version >= SEVERAL {
        let coordinators = request.coordinator_keys.into_iter().map(|key| {
            let refused = refusal(call, request.key_type, &key);
            let coordinator = Coordinator::default().with_key(key);
            let Some((code, why)) = refused else {
                return coordinator.with_node_id(node).with_host(host.clone()).with_port(port);
            };
            coordinator
                .with_node_id(BrokerId(-1))
                .with_port(-1)
                .with_error_code(code.code())
                .with_error_message(message(why))
        });
        return response.with_coordinators(coordinators.collect());
    }
    let Some((code, why)) = refusal(call, request.key_type, &request.key) else {
        return response.with_node_id(node).with_host(host).with_port(port);
    };
    let response = response.with_error_code(code.code()).with_node_id(BrokerId(-1)).with_port(-1);
    if call.version >= 1 { response.with_error_message(message(why)) } else { response }
}

/// Why a key has no coordinator, for this client, if it has none.
fn refusal(call: &Call, key_type: i8, key: &str) -> Option<(ResponseError, String)> {
    let (kind, code) = match key_type {
        GROUP => (ResourceType::Group, ResponseError::GroupAuthorizationFailed),
        TRANSACTION => (ResourceType::TransactionalId, ResponseError::TransactionalIdAuthorizationFailed),
        _ => return Some((REFUSED, WHY.to_owned())),
    };
    if !call.access.allows(Operation::Describe, kind, key) {
        return Some((code, denied(Operation::Describe, format!("the {kind}"))));
    }
    (key_type != GROUP).then(|| (REFUSED, WHY.to_owned()))
}
