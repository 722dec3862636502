//! What went wrong, as the guest is told it: one place for all errors of the client.

use std::error::Error;

use forebay_kafka_client::{CommitError, ConsumeError, Failure, ProduceError};
use kafka_protocol::error::ResponseError;

use crate::bindings::forebay::kafka::kafka::{self as wit, FailureKind, KafkaError};

/// A failure that nobody but this side knows of.
pub(super) fn error(kind: FailureKind, reason: impl Into<String>) -> KafkaError {
    KafkaError::Failed(wit::Failure { kind, reason: reason.into() })
}

/// A failure, with all that is said of where it happened.
pub(super) fn told(failure: &Failure, whole: &dyn Error) -> wit::Failure {
    wit::Failure { kind: kind(failure), reason: report(whole) }
}

pub(super) fn of_consuming(error: &ConsumeError) -> wit::Failure {
    told(&error.reason, error)
}

pub(super) fn of_producing(error: &ProduceError) -> wit::Failure {
    told(&error.reason, error)
}

pub(super) fn of_committing(error: &CommitError) -> KafkaError {
    match error {
        CommitError::NoGroup => KafkaError::Invalid(report(error)),
        CommitError::Partition { source, .. } | CommitError::Group { source, .. } => {
            KafkaError::Failed(told(source, error))
        }
    }
}

/// What can be done about it.
fn kind(failure: &Failure) -> FailureKind {
    match failure {
        Failure::Transport(error) if error.is_retriable() => FailureKind::Disconnected,
        Failure::Transport(_) | Failure::Closed => FailureKind::Disconnected,
        Failure::Refused(refused) => refused.error().map_or(FailureKind::Other, of_broker),
        Failure::NoLeader
        | Failure::Recreated
        | Failure::Passed
        | Failure::TimedOut { .. }
        | Failure::Missing { .. }
        | Failure::Behind => FailureKind::Retriable,
        Failure::NoPartition { .. } => FailureKind::UnknownTopic,
        Failure::Unchosen => FailureKind::Invalid,
        Failure::TooLarge { .. } | Failure::LargeBatch { .. } => FailureKind::TooLarge,
        Failure::NothingCommitted => FailureKind::OutOfRange,
        Failure::NotMember => FailureKind::Fenced,
        Failure::Build(_) | Failure::Batch(_) => FailureKind::Other,
    }
}

/// The same of what a broker says.
fn of_broker(error: ResponseError) -> FailureKind {
    use ResponseError as Said;
    match error {
        Said::UnknownTopicOrPartition | Said::UnknownTopicId | Said::InconsistentTopicId => {
            FailureKind::UnknownTopic
        }
        Said::TopicAuthorizationFailed
        | Said::GroupAuthorizationFailed
        | Said::ClusterAuthorizationFailed
        | Said::TransactionalIdAuthorizationFailed
        | Said::SaslAuthenticationFailed
        | Said::UnsupportedSaslMechanism
        | Said::IllegalSaslState => FailureKind::Unauthorized,
        Said::OffsetOutOfRange => FailureKind::OutOfRange,
        Said::MessageTooLarge | Said::RecordListTooLarge => FailureKind::TooLarge,
        Said::UnknownMemberId
        | Said::IllegalGeneration
        | Said::FencedInstanceId
        | Said::FencedMemberEpoch
        | Said::UnreleasedInstanceId => FailureKind::Fenced,
        Said::InvalidTopicException
        | Said::InvalidGroupId
        | Said::InvalidRecord
        | Said::InvalidTimestamp
        | Said::UnsupportedCompressionType => FailureKind::Invalid,
        // Kafka leaves these to whoever is a member, who knows more in a moment.
        Said::StaleMemberEpoch | Said::RebalanceInProgress => FailureKind::Retriable,
        other if other.is_retriable() => FailureKind::Retriable,
        _ => FailureKind::Other,
    }
}

/// An error with all that is behind it. None of these show passwords.
pub(super) fn report(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        // Some say what is behind them themselves.
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use forebay_kafka_client::Refused;
    use kafka_protocol::messages::ApiKey;

    use super::*;

    fn refused(code: i16) -> Failure {
        let api = ApiKey::Fetch;
        Failure::Refused(Refused { api, code, name: code.to_string(), message: None })
    }

    #[test]
    fn what_may_go_well_the_next_time_is_told_so() {
        let own = [
            Failure::Missing { api: ApiKey::Fetch },
            Failure::NoLeader,
            Failure::Recreated,
            Failure::Passed,
            Failure::TimedOut { after: Duration::from_secs(1) },
            Failure::Behind,
        ];
        let said = [ResponseError::StaleMemberEpoch, ResponseError::RebalanceInProgress];
        for failure in own.into_iter().chain(said.map(|error| refused(error.code()))) {
            assert!(failure.is_retriable() && kind(&failure) == FailureKind::Retriable, "{failure:?}");
        }
        for failure in (-1..1000).map(refused).filter(Failure::is_retriable) {
            let told = kind(&failure);
            assert!(
                matches!(told, FailureKind::Retriable | FailureKind::UnknownTopic),
                "{failure:?}: {told:?}"
            );
        }
    }

    #[test]
    fn what_needs_somebody_is_not_tried_again() {
        let gone = refused(ResponseError::OffsetOutOfRange.code());
        assert_eq!((kind(&gone), gone.is_retriable()), (FailureKind::OutOfRange, false));
        assert_eq!(kind(&Failure::NothingCommitted), FailureKind::OutOfRange);
        assert_eq!(kind(&Failure::NotMember), FailureKind::Fenced);
        assert_eq!(kind(&refused(12345)), FailureKind::Other);
    }
}
