//! LeaveGroup 0 to 5: the classic protocol, and from version 3 several members, also by instance id. Reasons are not
//! kept.

use std::sync::Arc;

use forebay_kafka_groups::{Group, GroupError, LeavingMember};
use forebay_kafka_security::Operation;
use forebay_model::MemberId;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{LeaveGroupRequest, LeaveGroupResponse};

use super::groups::{Refused, group_id, optional};
use crate::broker::Parts;
use crate::error_code;
use crate::groups::GroupFailure;
use crate::service::{Call, Started};

/// The first version in which several may leave.
const SEVERAL: i16 = 3;

pub(crate) fn start(parts: &Arc<Parts>, call: &Call, request: LeaveGroupRequest) -> Started {
    let (parts, call) = (Arc::clone(parts), call.clone());
    Started::waiting(async move {
        let several = call.version >= SEVERAL;
        let mut members = request.members.clone();
        if !several {
            members = vec![MemberIdentity::default().with_member_id(request.member_id.clone())];
        }
        let response = LeaveGroupResponse::default();
        let left = match Box::pin(leave(&parts, &call, &request, &members)).await {
            Ok(left) => left,
            Err(refused) => return response.with_error_code(refused.code().code()).into(),
        };
        let codes = left.into_iter().map(|left| match left {
            Ok(_) => error_code::NONE,
            Err(error) => GroupFailure::from(error).code().code(),
        });
        if !several {
            return response.with_error_code(codes.max().unwrap_or(error_code::NONE)).into();
        }
        let members = members.into_iter().zip(codes).map(|(member, code)| {
            MemberResponse::default()
                .with_member_id(member.member_id)
                .with_group_instance_id(member.group_instance_id)
                .with_error_code(code)
        });
        response.with_members(members.collect()).into()
    })
}

async fn leave(
    parts: &Parts,
    call: &Call,
    request: &LeaveGroupRequest,
    members: &[MemberIdentity],
) -> Result<Vec<Result<MemberId, GroupError>>, Refused> {
    let id = group_id(call, Operation::Read, &request.group_id)?;
    let leaving: Vec<LeavingMember> = members
        .iter()
        .map(|member| LeavingMember {
            member: member.member_id.parse().ok(),
            instance: optional(member.group_instance_id.clone()),
        })
        .collect();
    let settings = parts.groups.settings().await?;
    let change = move |group: &mut Group, now| group.leave(&leaving, now, &settings);
    Ok(parts.groups.change(&id, change).await?.0)
}
