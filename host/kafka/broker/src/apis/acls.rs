//! What the APIs of ACLs share: ACLs and filters as they are written in requests.

use forebay_kafka_security::{
    Acl, AclFilter, Operation as AclOperation, PatternFilter, PatternType, Permission, ResourcePattern,
    ResourceType,
};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::protocol::StrBytes;

use super::resources::Refused;
use crate::service::Call;
use crate::{authorization::Authorizer, error_code};

/// What a number stands for that means anything.
const ANY: i8 = 1;

/// Why nothing about ACLs is answered, if so: they mean nothing here, or the client may not do this.
pub(super) fn refusal(authorizer: &Authorizer, call: &Call, operation: AclOperation) -> Option<Refused> {
    if !call.access.allows_on_cluster(operation) {
        let text = format!("{operation} on the cluster is not allowed");
        return Some((ResponseError::ClusterAuthorizationFailed, text));
    }
    let text = || "ACLs mean nothing here: start the agents with -enableACLs".to_owned();
    (!authorizer.is_on()).then(|| (ResponseError::SecurityDisabled, text()))
}

pub(super) fn invalid(text: impl ToString) -> Refused {
    (ResponseError::InvalidRequest, text.to_string())
}

pub(super) fn store(failure: &forebay_storage_metadata::StoreFailure) -> Refused {
    (error_code::of_store(failure), failure.to_string())
}

/// The ACL that is to be made.
pub(super) fn creation(asked: &AclCreation) -> Result<Acl, Refused> {
    let unknown = |what: &str, number: i8| invalid(format!("an ACL can't have {what} {number}"));
    let kind = asked.resource_type;
    let kind = ResourceType::from_number(kind).ok_or_else(|| unknown("the type of resource", kind))?;
    let pattern = asked.resource_pattern_type;
    let pattern = PatternType::from_number(pattern).ok_or_else(|| unknown("the type of pattern", pattern))?;
    let operation = asked.operation;
    let operation =
        AclOperation::from_number(operation).ok_or_else(|| unknown("the operation", operation))?;
    let permission = asked.permission_type;
    let permission =
        Permission::from_number(permission).ok_or_else(|| unknown("the permission", permission))?;
    let acl = Acl {
        resource: ResourcePattern { kind, name: asked.resource_name.to_string(), pattern },
        principal: asked.principal.parse().map_err(invalid)?,
        host: asked.host.to_string(),
        operation,
        permission,
    };
    acl.check().map_err(invalid)?;
    Ok(acl)
}

/// A filter as requests write it, in which numbers may stand for anything.
pub(super) struct Asked<'a> {
    pub kind: i8,
    pub name: &'a Option<StrBytes>,
    pub pattern: i8,
    pub principal: &'a Option<StrBytes>,
    pub host: &'a Option<StrBytes>,
    pub operation: i8,
    pub permission: i8,
}

impl Asked<'_> {
    pub(super) fn filter(&self) -> Result<AclFilter, Refused> {
        fn one<T>(what: &str, number: i8, known: impl Fn(i8) -> Option<T>) -> Result<Option<T>, Refused> {
            if number == ANY {
                return Ok(None);
            }
            let found = known(number).ok_or_else(|| invalid(format!("a filter can't have {what} {number}")));
            found.map(Some)
        }
        let text = |text: &Option<StrBytes>| text.as_ref().map(|text| text.to_string());
        let pattern = PatternFilter::from_number(self.pattern)
            .ok_or_else(|| invalid(format!("a filter can't have the type of pattern {}", self.pattern)))?;
        Ok(AclFilter {
            kind: one("the type of resource", self.kind, ResourceType::from_number)?,
            name: text(self.name),
            pattern,
            principal: text(self.principal),
            host: text(self.host),
            operation: one("the operation", self.operation, AclOperation::from_number)?,
            permission: one("the permission", self.permission, Permission::from_number)?,
        })
    }
}
