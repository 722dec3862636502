//! SyncGroup 0 to 5: the classic protocol. The answer waits until the leader has said who gets what.

use std::sync::Arc;

use forebay_kafka_groups::{Group, GroupError, SyncRequest, Syncing};
use forebay_kafka_security::Operation;
use kafka_protocol::messages::{SyncGroupRequest, SyncGroupResponse};

use super::groups::{Refused, group_id, member_id, optional};
use crate::broker::Parts;
use crate::service::{Call, Started};

/// The first version with the protocol in answers.
const TYPED: i16 = 5;

pub(crate) fn start(parts: &Arc<Parts>, call: &Call, request: SyncGroupRequest) -> Started {
    let (parts, call) = (Arc::clone(parts), call.clone());
    Started::waiting(async move {
        let protocol = (request.protocol_type.clone(), request.protocol_name.clone());
        match Box::pin(sync(&parts, &call, request)).await {
            Ok(assignment) => {
                let response = SyncGroupResponse::default().with_assignment(assignment.into());
                if call.version < TYPED {
                    return response.into();
                }
                // It was found to be that of the group.
                let (protocol_type, protocol) = protocol;
                response.with_protocol_type(protocol_type).with_protocol_name(protocol).into()
            }
            Err(refused) => SyncGroupResponse::default().with_error_code(refused.code().code()).into(),
        }
    })
}

async fn sync(parts: &Parts, call: &Call, request: SyncGroupRequest) -> Result<Vec<u8>, Refused> {
    let id = group_id(call, Operation::Read, &request.group_id)?;
    let member = member_id(&request.member_id)?;
    let generation = request.generation_id;
    let assignments = request.assignments.into_iter();
    let asked = SyncRequest {
        member: member.clone(),
        instance: optional(request.group_instance_id),
        generation,
        protocol_type: request.protocol_type.map(|name| name.to_string()),
        protocol: request.protocol_name.map(|name| name.to_string()),
        // An id that nobody can have is nobody's.
        assignments: assignments
            .filter_map(|given| Some((given.member_id.parse().ok()?, given.assignment.to_vec())))
            .collect(),
    };
    let change = move |group: &mut Group, _| group.classic().and_then(|group| group.sync(asked.clone()));
    let (syncing, standing) = parts.groups.change(&id, change).await?;
    if let Syncing::Synced(assignment) = syncing? {
        return Ok(assignment);
    }
    let look = |group: &Group| match group.as_classic().map(|group| group.synced(&member, generation)) {
        Some(Ok(Syncing::Waiting)) => None,
        Some(Ok(Syncing::Synced(assignment))) => Some(Ok(assignment)),
        Some(Err(error)) => Some(Err(error)),
        None => Some(Err(GroupError::UnknownMember)),
    };
    Ok(parts.groups.wait(&id, standing, &member, look).await??)
}
