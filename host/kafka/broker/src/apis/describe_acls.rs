//! DescribeAcls 1 to 3.

use std::collections::BTreeMap;

use forebay_kafka_security::Operation;
use kafka_protocol::messages::describe_acls_response::{AclDescription, DescribeAclsResource};
use kafka_protocol::messages::{DescribeAclsRequest, DescribeAclsResponse};
use kafka_protocol::protocol::StrBytes;

use super::acls::{self, Asked};
use super::message;
use super::resources::Refused;
use crate::broker::Parts;
use crate::service::Call;

pub(crate) async fn answer(parts: &Parts, call: &Call, request: DescribeAclsRequest) -> DescribeAclsResponse {
    match describe(parts, call, &request).await {
        Ok(resources) => DescribeAclsResponse::default().with_resources(resources),
        Err((code, text)) => {
            DescribeAclsResponse::default().with_error_code(code.code()).with_error_message(message(text))
        }
    }
}

async fn describe(
    parts: &Parts,
    call: &Call,
    request: &DescribeAclsRequest,
) -> Result<Vec<DescribeAclsResource>, Refused> {
    if let Some(refused) = acls::refusal(&parts.authorizer, call, Operation::Describe) {
        return Err(refused);
    }
    let asked = Asked {
        kind: request.resource_type_filter,
        name: &request.resource_name_filter,
        pattern: request.pattern_type_filter,
        principal: &request.principal_filter,
        host: &request.host_filter,
        operation: request.operation,
        permission: request.permission_type,
    };
    let filter = asked.filter()?;
    let all = parts.authorizer.all().await.map_err(|failure| acls::store(&failure))?;
    let mut resources: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for acl in all.acls.into_iter().filter(|acl| filter.matches(acl)) {
        let description = AclDescription::default()
            .with_principal(StrBytes::from_string(acl.principal.to_string()))
            .with_host(StrBytes::from_string(acl.host))
            .with_operation(acl.operation.number())
            .with_permission_type(acl.permission.number());
        resources.entry(acl.resource).or_default().push(description);
    }
    let resources = resources.into_iter().map(|(resource, acls)| {
        DescribeAclsResource::default()
            .with_resource_type(resource.kind.number())
            .with_resource_name(StrBytes::from_string(resource.name))
            .with_pattern_type(resource.pattern.number())
            .with_acls(acls)
    });
    Ok(resources.collect())
}
