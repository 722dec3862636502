//! What the APIs of consumer groups share.

use forebay_kafka_groups::GroupError;
use forebay_kafka_security::{Operation, ResourceType};
use forebay_lifecycle::chance;
use forebay_model::{GroupId, MemberId};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::GroupId as WireGroupId;
use kafka_protocol::protocol::StrBytes;
use uuid::Builder;

use crate::context::ConnectionContext;
use crate::groups::GroupFailure;
use crate::service::Call;

const OPERATIONS_NOT_ASKED: i32 = i32::MIN;

/// Why a request about a group is refused: by the group, or before it is asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("{0}")]
    Code(ResponseError),
    #[error(transparent)]
    Group(#[from] GroupFailure),
}

impl Refused {
    pub(super) fn code(&self) -> ResponseError {
        match self {
            Self::Code(code) => *code,
            Self::Group(failure) => failure.code(),
        }
    }
}

impl From<GroupError> for Refused {
    fn from(error: GroupError) -> Self {
        Self::Group(error.into())
    }
}

/// The id of a group, for whoever may do something with it.
pub(super) fn group_id(call: &Call, operation: Operation, id: &WireGroupId) -> Result<GroupId, Refused> {
    if !call.access.allows(operation, ResourceType::Group, &id.0) {
        return Err(Refused::Code(ResponseError::GroupAuthorizationFailed));
    }
    // What members do is reading; they are to look for another coordinator.
    if operation == Operation::Read && !call.roles.consumes() {
        return Err(Refused::Code(ResponseError::NotCoordinator));
    }
    id.0.parse().map_err(|_| Refused::Code(ResponseError::InvalidGroupId))
}

/// The id of somebody who must be a member.
pub(super) fn member_id(id: &StrBytes) -> Result<MemberId, Refused> {
    id.parse().map_err(|_| GroupError::UnknownMember.into())
}

/// The id that a client gives, if it has one.
pub(super) fn some_member(id: &StrBytes) -> Result<Option<MemberId>, Refused> {
    if id.is_empty() { Ok(None) } else { member_id(id).map(Some) }
}

/// An id that nobody had, beginning with what the client calls itself, as in Kafka.
pub(super) fn new_member_id(name: &str) -> MemberId {
    let unique = Builder::from_random_bytes(chance::bits().to_be_bytes()).into_uuid();
    let text = |name: &str| if name.is_empty() { unique.to_string() } else { format!("{name}-{unique}") };
    // A name that is too long, or has what ids can't have, is left out.
    text(name).parse().or_else(|_| text("").parse()).expect("a UUID is a good id")
}

pub(super) fn optional(text: Option<StrBytes>) -> Option<String> {
    text.map(|text| text.to_string())
}

pub(super) fn text(text: impl ToString) -> StrBytes {
    StrBytes::from_string(text.to_string())
}

/// What a client may do with a group, where it asks.
pub(super) fn operations(call: &Call, is_asked: bool, id: &WireGroupId) -> i32 {
    if is_asked { call.access.operations(ResourceType::Group, &id.0) } else { OPERATIONS_NOT_ASKED }
}

/// Where a client is, as Kafka writes it.
pub(super) fn client_host(context: &ConnectionContext) -> String {
    context.peer.map(|peer| format!("/{}", peer.ip().to_canonical())).unwrap_or_default()
}
