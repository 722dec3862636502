//! JoinGroup 0 to 9: the classic protocol. The answer waits until the generation is there. The reason of a member for
//! joining again is not kept.

use std::sync::Arc;

use forebay_kafka_groups::{Group, GroupError, JoinReply, JoinRequest, Joining};
use forebay_kafka_security::Operation;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::{JoinGroupRequest, JoinGroupResponse};
use kafka_protocol::protocol::StrBytes;

use super::groups::{Refused, client_host, group_id, new_member_id, optional, some_member, text};
use crate::broker::Parts;
use crate::groups::GroupFailure;
use crate::service::{Call, Started};

/// The first version in which a new member is sent back to join under an id.
const ID_FIRST: i16 = 4;
/// The first version with the type of protocol in answers, and in which a protocol may be none.
const TYPED: i16 = 7;
/// The first version in which a leader may be told to keep what it assigned.
const SKIPS: i16 = 9;
const NO_GENERATION: i32 = -1;

pub(crate) fn start(parts: &Arc<Parts>, call: &Call, request: JoinGroupRequest) -> Started {
    let (parts, call) = (Arc::clone(parts), call.clone());
    Started::waiting(async move {
        let member = request.member_id.clone();
        match Box::pin(join(&parts, &call, request)).await {
            Ok(reply) => answer(&call, reply).into(),
            Err(refused) => {
                let member = match &refused {
                    Refused::Group(GroupFailure::Refused(GroupError::MemberIdRequired(id))) => text(id),
                    _ => member,
                };
                let none = (call.version < TYPED).then(StrBytes::default);
                JoinGroupResponse::default()
                    .with_error_code(refused.code().code())
                    .with_generation_id(NO_GENERATION)
                    .with_protocol_name(none)
                    .with_member_id(member)
                    .into()
            }
        }
    })
}

async fn join(parts: &Parts, call: &Call, request: JoinGroupRequest) -> Result<JoinReply, Refused> {
    let id = group_id(call, Operation::Read, &request.group_id)?;
    let instance = optional(request.group_instance_id);
    let asked = JoinRequest {
        member: some_member(&request.member_id)?,
        new_id: new_member_id(instance.as_deref().unwrap_or(&call.context.client_id)),
        takes_id_first: call.version >= ID_FIRST,
        can_skip_assignment: call.version >= SKIPS,
        instance,
        client_id: call.context.client_id.clone(),
        client_host: client_host(&call.context),
        session_timeout_ms: request.session_timeout_ms,
        rebalance_timeout_ms: match request.rebalance_timeout_ms {
            timeout @ 0.. => timeout,
            _ => request.session_timeout_ms,
        },
        protocol_type: request.protocol_type.to_string(),
        protocols: request
            .protocols
            .into_iter()
            .map(|protocol| (protocol.name.to_string(), protocol.metadata.to_vec()))
            .collect(),
    };
    let settings = parts.groups.settings().await?;
    let change = move |group: &mut Group, now| {
        group.classic().and_then(|group| group.join(asked.clone(), now, &settings))
    };
    let (joining, standing) = parts.groups.change(&id, change).await?;
    let (member, generation) = match joining? {
        Joining::Joined(reply) => return Ok(reply),
        Joining::Waiting { member, generation } => (member, generation),
    };
    let look = |group: &Group| match group.as_classic() {
        Some(group) => group.joined(&member, generation).transpose(),
        None => Some(Err(GroupError::UnknownMember)),
    };
    Ok(parts.groups.wait(&id, standing, &member, look).await??)
}

fn answer(call: &Call, reply: JoinReply) -> JoinGroupResponse {
    let JoinReply { member, generation, protocol_type, protocol, leader, members, skips_assignment } = reply;
    let members = members.into_iter().map(|joined| {
        JoinGroupResponseMember::default()
            .with_member_id(text(joined.member))
            .with_group_instance_id(joined.instance.filter(|_| call.version >= 5).map(text))
            .with_metadata(joined.metadata.into())
    });
    let response = JoinGroupResponse::default()
        .with_generation_id(generation)
        .with_protocol_name(Some(text(protocol.unwrap_or_default())))
        .with_leader(leader.map(text).unwrap_or_default())
        .with_member_id(text(member))
        .with_members(members.collect())
        .with_skip_assignment(skips_assignment);
    if call.version >= TYPED { response.with_protocol_type(protocol_type.map(text)) } else { response }
}
