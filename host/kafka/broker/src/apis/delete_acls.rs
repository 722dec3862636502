//! DeleteAcls 1 to 3. Each filter is answered with the ACLs that it chose; one that several choose is told by each.

use forebay_kafka_security::{Acl, Operation};
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::delete_acls_response::{DeleteAclsFilterResult, DeleteAclsMatchingAcl};
use kafka_protocol::messages::{DeleteAclsRequest, DeleteAclsResponse};
use kafka_protocol::protocol::StrBytes;

use super::acls::{self, Asked};
use super::message;
use super::resources::Refused;
use crate::broker::Parts;
use crate::error_code;
use crate::service::Call;

pub(crate) async fn answer(parts: &Parts, call: &Call, request: DeleteAclsRequest) -> DeleteAclsResponse {
    let deleted = match acls::refusal(&parts.authorizer, call, Operation::Alter) {
        Some(refused) => Err(refused),
        None => delete(parts, &request.filters).await,
    };
    let results = match deleted {
        Ok(chosen) => chosen.into_iter().map(result).collect(),
        Err(refused) => request.filters.iter().map(|_| result(Err(refused.clone()))).collect(),
    };
    DeleteAclsResponse::default().with_filter_results(results)
}

async fn delete(
    parts: &Parts,
    filters: &[DeleteAclsFilter],
) -> Result<Vec<Result<Vec<Acl>, Refused>>, Refused> {
    let all = parts.authorizer.all().await.map_err(|failure| acls::store(&failure))?.acls;
    let chosen: Vec<Result<Vec<Acl>, Refused>> = filters
        .iter()
        .map(|asked| {
            let filter = asked_filter(asked).filter()?;
            Ok(all.iter().filter(|acl| filter.matches(acl)).cloned().collect())
        })
        .collect();
    let mut gone: Vec<_> = chosen.iter().flatten().flatten().cloned().collect();
    gone.sort_unstable();
    gone.dedup();
    if !gone.is_empty() {
        let deleted = parts.metadata.delete_acls(parts.cluster(), &gone).await;
        parts.authorizer.refresh().await;
        deleted.map_err(|error| (error_code::of_kind(error.kind()), error.to_string()))?;
    }
    Ok(chosen)
}

fn asked_filter(asked: &DeleteAclsFilter) -> Asked<'_> {
    Asked {
        kind: asked.resource_type_filter,
        name: &asked.resource_name_filter,
        pattern: asked.pattern_type_filter,
        principal: &asked.principal_filter,
        host: &asked.host_filter,
        operation: asked.operation,
        permission: asked.permission_type,
    }
}

fn result(chosen: Result<Vec<Acl>, Refused>) -> DeleteAclsFilterResult {
    match chosen {
        Ok(acls) => {
            DeleteAclsFilterResult::default().with_matching_acls(acls.into_iter().map(matching).collect())
        }
        Err((code, text)) => {
            DeleteAclsFilterResult::default().with_error_code(code.code()).with_error_message(message(text))
        }
    }
}

fn matching(acl: Acl) -> DeleteAclsMatchingAcl {
    DeleteAclsMatchingAcl::default()
        .with_resource_type(acl.resource.kind.number())
        .with_resource_name(StrBytes::from_string(acl.resource.name))
        .with_pattern_type(acl.resource.pattern.number())
        .with_principal(StrBytes::from_string(acl.principal.to_string()))
        .with_host(StrBytes::from_string(acl.host))
        .with_operation(acl.operation.number())
        .with_permission_type(acl.permission.number())
}
