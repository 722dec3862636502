//! CreateAcls 1 to 3. What is right of a request is made, all at once; what is not is refused alone.

use forebay_kafka_security::Operation;
use kafka_protocol::messages::create_acls_response::AclCreationResult;
use kafka_protocol::messages::{CreateAclsRequest, CreateAclsResponse};

use super::acls;
use super::message;
use super::resources::Refused;
use crate::broker::Parts;
use crate::error_code;
use crate::service::Call;

pub(crate) async fn answer(parts: &Parts, call: &Call, request: CreateAclsRequest) -> CreateAclsResponse {
    let refused = acls::refusal(&parts.authorizer, call, Operation::Alter);
    let asked: Vec<Result<_, Refused>> = request
        .creations
        .iter()
        .map(|asked| refused.clone().map_or_else(|| acls::creation(asked), Err))
        .collect();
    let new: Vec<_> = asked.iter().flatten().cloned().collect();
    let created = if new.is_empty() {
        Ok(())
    } else {
        let created = parts.metadata.create_acls(parts.cluster(), &new).await;
        // Whoever has made one expects that it holds, here at once.
        parts.authorizer.refresh().await;
        created.map_err(|error| (error_code::of_kind(error.kind()), error.to_string()))
    };
    let results = asked.into_iter().map(|asked| match asked.and_then(|_| created.clone()) {
        Ok(()) => AclCreationResult::default(),
        Err((code, text)) => {
            AclCreationResult::default().with_error_code(code.code()).with_error_message(message(text))
        }
    });
    CreateAclsResponse::default().with_results(results.collect())
}
