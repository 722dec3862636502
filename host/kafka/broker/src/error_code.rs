//! What becomes of the stores' errors in the protocol: one code each, so that clients do the right thing.

use forebay_storage_metadata::{BatchRefusal, FindRefusal, Kind, StoreFailure};
use kafka_protocol::error::ResponseError;

/// Nothing is wrong.
pub(crate) const NONE: i16 = 0;

/// Of a store that was asked in vain: retriable unless trying again can't help.
pub(crate) fn of_kind(kind: Kind) -> ResponseError {
    match kind {
        // Clients look for another broker, and try again.
        Kind::Retry | Kind::Conflict => ResponseError::KafkaStorageError,
        Kind::Fenced => ResponseError::InvalidProducerEpoch,
        Kind::NotFound => ResponseError::UnknownTopicOrPartition,
        Kind::Invalid => ResponseError::InvalidRequest,
        Kind::Corrupt | Kind::Internal => ResponseError::UnknownServerError,
    }
}

pub(crate) fn of_store(failure: &StoreFailure) -> ResponseError {
    of_kind(failure.kind())
}

pub(crate) fn of_batch(refusal: BatchRefusal) -> ResponseError {
    match refusal {
        BatchRefusal::NoPartition => ResponseError::UnknownTopicOrPartition,
        BatchRefusal::Fenced { .. } => ResponseError::InvalidProducerEpoch,
        BatchRefusal::OutOfOrder { .. } => ResponseError::OutOfOrderSequenceNumber,
        BatchRefusal::Full => ResponseError::InvalidRecord,
    }
}

pub(crate) fn of_find(refusal: FindRefusal) -> ResponseError {
    match refusal {
        FindRefusal::NoPartition => ResponseError::UnknownTopicOrPartition,
        FindRefusal::OutOfRange(_) => ResponseError::OffsetOutOfRange,
    }
}
