//! What the APIs of consumer groups share.

use forebay_kafka_groups::GroupError;
use forebay_lifecycle::chance;
use forebay_model::{GroupId, MemberId};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::GroupId as WireGroupId;
use kafka_protocol::protocol::StrBytes;
use uuid::Builder;

use crate::context::ConnectionContext;
use crate::groups::GroupFailure;

/// What a group allows to whoever asks, as a set of Kafka's operations by number: read 3, delete 6, describe 8. Nothing
/// is forbidden yet.
pub(super) const GROUP_OPERATIONS: i32 = 0b1_0100_1000;
pub(super) const OPERATIONS_NOT_ASKED: i32 = i32::MIN;

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

pub(super) fn group_id(id: &WireGroupId) -> Result<GroupId, Refused> {
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

/// Where a client is, as Kafka writes it.
pub(super) fn client_host(context: &ConnectionContext) -> String {
    context.peer.map(|peer| format!("/{}", peer.ip().to_canonical())).unwrap_or_default()
}
