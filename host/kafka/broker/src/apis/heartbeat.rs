//! Heartbeat 0 to 4: the classic protocol. Those of many members go to the store together, and are judged by its clock.

use std::sync::Arc;

use forebay_kafka_groups::GroupError;
use forebay_kafka_security::Operation;
use kafka_protocol::messages::{HeartbeatRequest, HeartbeatResponse};

use super::groups::{Refused, group_id, member_id};
use crate::broker::Parts;
use crate::error_code;
use crate::service::{Call, Started};

pub(crate) fn start(parts: &Arc<Parts>, call: &Call, request: HeartbeatRequest) -> Started {
    let (parts, call) = (Arc::clone(parts), call.clone());
    Started::waiting(async move {
        let code = match Box::pin(beat(&parts, &call, &request)).await {
            Ok(()) => error_code::NONE,
            Err(refused) => refused.code().code(),
        };
        HeartbeatResponse::default().with_error_code(code).into()
    })
}

async fn beat(parts: &Parts, call: &Call, request: &HeartbeatRequest) -> Result<(), Refused> {
    let (id, member) = (group_id(call, Operation::Read, &request.group_id)?, member_id(&request.member_id)?);
    let settings = parts.groups.settings().await?;
    let standing = parts.groups.beat(&id, &member, &settings).await?;
    let group = standing.group.as_classic().ok_or(GroupError::UnknownMember)?;
    Ok(group.heartbeat(&member, request.group_instance_id.as_deref(), request.generation_id)?)
}
