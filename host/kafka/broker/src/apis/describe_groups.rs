//! DescribeGroups 0 to 6: groups of the classic protocol. One that does not exist is `Dead`, from version 6 on with an
//! error.

use std::sync::Arc;

use forebay_kafka_groups::{ClassicGroup, Group};
use forebay_kafka_security::Operation;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::{DescribeGroupsRequest, DescribeGroupsResponse, GroupId};

use super::groups::{Refused, group_id, operations, text};
use super::{message, once};
use crate::broker::Parts;
use crate::service::{Call, Started};

/// The first version in which a group that does not exist is an error.
const NOT_FOUND: i16 = 6;
/// The first version with instance ids.
const INSTANCES: i16 = 4;

pub(crate) fn start(parts: &Arc<Parts>, call: &Call, request: DescribeGroupsRequest) -> Started {
    let (parts, call) = (Arc::clone(parts), call.clone());
    let version = call.version;
    Started::waiting(async move {
        let is_asked = request.include_authorized_operations;
        let names = once(request.groups, GroupId::clone);
        let mut groups = Vec::with_capacity(names.len());
        for name in names {
            let described = match Box::pin(find(&parts, &call, &name)).await {
                Ok(Some(group)) => describe(version, &group),
                Ok(None) if version >= NOT_FOUND => DescribedGroup::default()
                    .with_group_state(text("Dead"))
                    .with_error_code(ResponseError::GroupIdNotFound.code())
                    .with_error_message(message("there is no such group of the classic protocol")),
                Ok(None) => DescribedGroup::default().with_group_state(text("Dead")),
                Err(refused) => DescribedGroup::default().with_error_code(refused.code().code()),
            };
            let operations = operations(&call, is_asked, &name);
            groups.push(described.with_group_id(name).with_authorized_operations(operations));
        }
        DescribeGroupsResponse::default().with_groups(groups).into()
    })
}

async fn find(parts: &Parts, call: &Call, name: &GroupId) -> Result<Option<ClassicGroup>, Refused> {
    let group = parts.groups.look(&group_id(call, Operation::Describe, name)?).await?;
    Ok(group.as_ref().and_then(Group::as_classic).cloned())
}

fn describe(version: i16, group: &ClassicGroup) -> DescribedGroup {
    let members = group.members.iter().map(|(id, member)| {
        let chosen = member.protocols.iter().find(|(name, _)| Some(name) == group.protocol.as_ref());
        DescribedGroupMember::default()
            .with_member_id(text(id))
            .with_group_instance_id(member.instance.clone().filter(|_| version >= INSTANCES).map(text))
            .with_client_id(text(&member.client_id))
            .with_client_host(text(&member.client_host))
            .with_member_metadata(chosen.map(|(_, metadata)| metadata.clone().into()).unwrap_or_default())
            .with_member_assignment(member.assignment.clone().into())
    });
    DescribedGroup::default()
        .with_group_state(text(group.state_name()))
        .with_protocol_type(text(group.protocol_type.as_deref().unwrap_or_default()))
        .with_protocol_data(text(group.protocol.as_deref().unwrap_or_default()))
        .with_members(members.collect())
}
