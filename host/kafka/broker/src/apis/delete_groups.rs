//! DeleteGroups 0 to 2: groups without members, with what they have committed.

use std::sync::Arc;

use forebay_kafka_groups::{Group, GroupError};
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::{DeleteGroupsRequest, DeleteGroupsResponse, GroupId};

use super::groups::{Refused, group_id};
use crate::broker::Parts;
use crate::error_code;
use crate::groups::Removal;
use crate::service::Started;

pub(crate) fn start(parts: &Arc<Parts>, request: DeleteGroupsRequest) -> Started {
    let parts = Arc::clone(parts);
    Started::waiting(async move {
        let mut results = Vec::with_capacity(request.groups_names.len());
        for name in request.groups_names {
            let code = match Box::pin(delete(&parts, &name)).await {
                Ok(()) => error_code::NONE,
                Err(refused) => refused.code().code(),
            };
            results.push(DeletableGroupResult::default().with_group_id(name).with_error_code(code));
        }
        DeleteGroupsResponse::default().with_results(results).into()
    })
}

async fn delete(parts: &Parts, name: &GroupId) -> Result<(), Refused> {
    let check = |group: &Group| if group.is_empty() { Ok(()) } else { Err(GroupError::NotEmpty) };
    Ok(parts.groups.remove(&group_id(name)?, check, Removal::Group).await?)
}
