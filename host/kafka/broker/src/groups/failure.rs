use forebay_kafka_groups::{GroupError, StateError};
use forebay_storage_metadata::{ChangeGroupError, Kind, StoreFailure};
use kafka_protocol::error::ResponseError;

/// Why a group did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum GroupFailure {
    #[error(transparent)]
    Refused(#[from] GroupError),
    #[error("the group changes all the time: ask again")]
    Contended,
    #[error("this agent is stopping: ask another one")]
    Retired,
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Change(#[from] ChangeGroupError),
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

impl GroupFailure {
    /// What clients are told. Each answer has a log line if a human must look.
    pub(crate) fn code(&self) -> ResponseError {
        let kind = match self {
            Self::Refused(refused) => return of_refusal(refused),
            Self::Contended => return ResponseError::CoordinatorLoadInProgress,
            Self::Retired => return ResponseError::NotCoordinator,
            Self::State(_) => Kind::Corrupt,
            Self::Change(error) => error.kind(),
            Self::Store(failure) => failure.kind(),
        };
        tracing::warn!(error = self as &dyn std::error::Error, "a consumer group can't be coordinated");
        match kind {
            Kind::Retry | Kind::Conflict => ResponseError::CoordinatorNotAvailable,
            Kind::NotFound | Kind::Invalid | Kind::Fenced => ResponseError::InvalidGroupId,
            Kind::Corrupt | Kind::Internal => ResponseError::UnknownServerError,
        }
    }
}

fn of_refusal(error: &GroupError) -> ResponseError {
    match error {
        GroupError::UnknownMember => ResponseError::UnknownMemberId,
        GroupError::IllegalGeneration => ResponseError::IllegalGeneration,
        GroupError::RebalanceInProgress => ResponseError::RebalanceInProgress,
        GroupError::FencedInstance => ResponseError::FencedInstanceId,
        GroupError::InconsistentProtocol => ResponseError::InconsistentGroupProtocol,
        GroupError::InvalidSessionTimeout { .. } => ResponseError::InvalidSessionTimeout,
        GroupError::MemberIdRequired(_) => ResponseError::MemberIdRequired,
        GroupError::Full => ResponseError::GroupMaxSizeReached,
        GroupError::NotFound(_) => ResponseError::GroupIdNotFound,
        GroupError::NotEmpty => ResponseError::NonEmptyGroup,
        GroupError::FencedMemberEpoch => ResponseError::FencedMemberEpoch,
        GroupError::StaleMemberEpoch => ResponseError::StaleMemberEpoch,
        GroupError::UnreleasedInstance => ResponseError::UnreleasedInstanceId,
        GroupError::UnsupportedAssignor => ResponseError::UnsupportedAssignor,
        GroupError::InvalidRegularExpression(_) => ResponseError::InvalidRegularExpression,
        GroupError::Invalid(_) => ResponseError::InvalidRequest,
    }
}
