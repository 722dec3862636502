//! ListGroups 0 to 5, with filters of states (from version 4) and types (from 5).

use std::sync::Arc;

use forebay_kafka_groups::Group;
use forebay_kafka_security::{Operation, ResourceType};
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{GroupId, ListGroupsRequest, ListGroupsResponse};
use kafka_protocol::protocol::StrBytes;

use super::groups::text;
use crate::broker::Parts;
use crate::groups::{self, GroupFailure};
use crate::service::{Call, Started};

/// How many groups are read at a time.
const PAGE: usize = 200;

pub(crate) fn start(parts: &Arc<Parts>, call: &Call, request: ListGroupsRequest) -> Started {
    let (parts, call) = (Arc::clone(parts), call.clone());
    Started::waiting(async move {
        match Box::pin(list(&parts, &call, &request)).await {
            Ok(groups) => ListGroupsResponse::default().with_groups(groups).into(),
            Err(failure) => ListGroupsResponse::default().with_error_code(failure.code().code()).into(),
        }
    })
}

async fn list(
    parts: &Parts,
    call: &Call,
    request: &ListGroupsRequest,
) -> Result<Vec<ListedGroup>, GroupFailure> {
    let passes = |filter: &[StrBytes], name: &str| {
        filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))
    };
    // Of others only those are told that the client may know of.
    let may_describe_all = call.access.allows_on_cluster(Operation::Describe);
    let may_describe =
        |id: &str| may_describe_all || call.access.allows(Operation::Describe, ResourceType::Group, id);
    let settings = parts.groups.settings().await?;
    let now = parts.metadata.now().await?;
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = parts.metadata.list_groups(parts.cluster(), after, PAGE).await?;
        after = page.last().map(|(id, _)| id.clone());
        let is_last = page.len() < PAGE;
        for (id, stored) in page {
            let group = groups::at(now, &stored, &settings)?;
            if may_describe(id.as_str())
                && passes(&request.states_filter, group.state_name())
                && passes(&request.types_filter, group.type_name())
            {
                listed.push(told(call.version, GroupId(text(id)), &group));
            }
        }
        if is_last {
            return Ok(listed);
        }
    }
}

fn told(version: i16, id: GroupId, group: &Group) -> ListedGroup {
    let mut listed = ListedGroup::default().with_group_id(id).with_protocol_type(text(group.protocol_type()));
    if version >= 4 {
        listed = listed.with_group_state(text(group.state_name()));
    }
    if version >= 5 {
        listed = listed.with_group_type(text(group.type_name()));
    }
    listed
}
