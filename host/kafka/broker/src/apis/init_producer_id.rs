//! InitProducerId 0 to 5, for idempotent producers without transactions. Who asks for a new epoch of a producer gets
//! a new producer, as Kafka gives it where there is no transactional id. Transactional ids are refused.

use forebay_kafka_security::{Operation, ResourceType};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse, ProducerId};

use crate::broker::Parts;
use crate::error_code;
use crate::service::Call;

const NONE: i64 = -1;

pub(crate) async fn answer(
    parts: &Parts,
    call: &Call,
    request: InitProducerIdRequest,
) -> InitProducerIdResponse {
    let refused = |code: ResponseError| {
        InitProducerIdResponse::default()
            .with_error_code(code.code())
            .with_producer_id(ProducerId(NONE))
            .with_producer_epoch(-1)
    };
    if let Some(id) = &request.transactional_id {
        let code = if id.0.is_empty() {
            ResponseError::InvalidRequest
        } else {
            // Of a kind that producers don't try again.
            ResponseError::TransactionalIdAuthorizationFailed
        };
        return refused(code);
    }
    // Whoever may write to any topic may do so without duplicates.
    let may_produce = call.access.allows_on_cluster(Operation::IdempotentWrite)
        || call.access.allows_any(Operation::Write, ResourceType::Topic);
    if !may_produce {
        return refused(ResponseError::ClusterAuthorizationFailed);
    }
    match parts.metadata.init_producer(parts.cluster()).await {
        Ok(producer) => InitProducerIdResponse::default()
            .with_producer_id(ProducerId(producer.id.get()))
            .with_producer_epoch(producer.epoch.get()),
        Err(error) => {
            tracing::warn!(%error, "no producer can be given");
            refused(error_code::of_kind(error.kind()))
        }
    }
}
