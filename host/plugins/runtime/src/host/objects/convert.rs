//! Between what a guest says and hears, and what stores do.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use forebay_storage_objects as store;
use store::{Described, Listed, ObjectName};

use super::ObjectError;
use crate::bindings::forebay::objects::objects::{Attributes, ObjectDetails, ObjectSummary, PutOptions};
use crate::bindings::forebay::plugin::batches::Timestamp;

/// What a put says beside the name and the bytes.
pub(super) struct Said {
    pub(super) options: store::PutOptions,
    pub(super) timeout: Option<Duration>,
}

pub(super) fn named(name: &str) -> Result<ObjectName, ObjectError> {
    name.parse().map_err(|error: store::InvalidName| ObjectError::Invalid(error.to_string()))
}

pub(super) fn too_much(full: &crate::held::HoldsTooMuch) -> ObjectError {
    ObjectError::Unavailable(format!("too much is under way, wait for the end of other puts: {full}"))
}

/// What went wrong, for the guest.
pub(super) fn told(error: &store::ObjectError) -> ObjectError {
    let text = error.report();
    match error.kind() {
        store::ErrorKind::NotFound => ObjectError::NotFound(text),
        store::ErrorKind::Invalid => ObjectError::Invalid(text),
        store::ErrorKind::Retry => ObjectError::Unavailable(text),
        store::ErrorKind::Internal => ObjectError::Other(text),
    }
}

/// An error as words alone.
pub(super) fn words(error: &ObjectError) -> String {
    match error {
        ObjectError::NotFound(text)
        | ObjectError::Denied(text)
        | ObjectError::Invalid(text)
        | ObjectError::Unavailable(text)
        | ObjectError::Other(text) => text.clone(),
    }
}

pub(super) fn said(options: PutOptions) -> Said {
    let PutOptions { attributes, tags, timeout } = options;
    let Attributes {
        content_type,
        content_encoding,
        content_language,
        content_disposition,
        cache_control,
        storage_class,
        metadata,
    } = attributes;
    let attributes = store::Attributes {
        content_type,
        content_encoding,
        content_language,
        content_disposition,
        cache_control,
        storage_class,
        metadata,
    };
    Said { options: store::PutOptions { attributes, tags }, timeout: timeout.map(Duration::from_nanos) }
}

pub(super) fn details(described: Described) -> ObjectDetails {
    let summary = summary(&described.listed);
    let version = described.version_id;
    let store::Attributes {
        content_type,
        content_encoding,
        content_language,
        content_disposition,
        cache_control,
        storage_class,
        metadata,
    } = described.attributes;
    let attributes = Attributes {
        content_type,
        content_encoding,
        content_language,
        content_disposition,
        cache_control,
        storage_class,
        metadata,
    };
    ObjectDetails { summary, attributes, version }
}

pub(super) fn summary(listed: &Listed) -> ObjectSummary {
    ObjectSummary { name: listed.name.to_string(), size: listed.size, modified: timestamp(listed.modified) }
}

pub(super) fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Timestamp { seconds, nanoseconds: since.subsec_nanos() }
}
