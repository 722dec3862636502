use std::error::Error;
use std::fmt;
use std::io;

use crate::name::ObjectName;

/// What went wrong with an object.
#[derive(Debug, thiserror::Error)]
#[error("{operation} of object `{name}` failed ({kind})")]
pub struct ObjectError {
    operation: Operation,
    name: String,
    kind: ErrorKind,
    source: Box<dyn Error + Send + Sync>,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    Put,
    Get,
    Head,
    List,
    Delete,
    /// Of an object in parts.
    Begin,
    PutPart,
    Complete,
    Abort,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// It may go better later. A put of this kind may have landed, now or at some later time.
    Retry,
    /// There is no such object.
    NotFound,
    /// What was asked for can't be: a range beyond the object, a name or an option that the store does not take.
    Invalid,
    /// Nothing changes until somebody does something: wrong credentials, a missing bucket, a full disk.
    Internal,
}

impl ObjectError {
    /// The error and all that is behind it, for those who keep a text alone.
    #[must_use]
    pub fn report(&self) -> String {
        chain(self)
    }

    /// An error of an operation on the object or prefix `name`.
    pub fn new(
        operation: Operation,
        name: impl fmt::Display,
        kind: ErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { operation, name: name.to_string(), kind, source: source.into() }
    }

    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What was asked for.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    pub(crate) fn of_store(operation: Operation, name: &str, error: object_store::Error) -> Self {
        Self::new(operation, name, classify(operation, &error), error)
    }

    pub(crate) fn beyond(name: &ObjectName, wanted: &std::ops::Range<u64>) -> Self {
        let reason =
            format!("bytes {}..{} were asked for, and it has none of them", wanted.start, wanted.end);
        Self::new(Operation::Get, name, ErrorKind::Invalid, reason)
    }
}

fn classify(operation: Operation, error: &object_store::Error) -> ErrorKind {
    use object_store::Error as E;
    match error {
        // A put or a list that finds nothing has found no bucket.
        E::NotFound { .. } if matches!(operation, Operation::Put | Operation::List | Operation::Begin) => {
            ErrorKind::Internal
        }
        E::NotFound { .. } => ErrorKind::NotFound,
        E::InvalidPath { .. } | E::NotSupported { .. } | E::NotImplemented { .. } => ErrorKind::Invalid,
        // Reads of one version are the only conditional ones.
        E::Precondition { .. } if operation == Operation::Get => ErrorKind::Invalid,
        E::PermissionDenied { .. } | E::Unauthenticated { .. } | E::UnknownConfigurationKey { .. } => {
            ErrorKind::Internal
        }
        E::Generic { .. } => classify_source(error),
        // No writes of ours are conditional: S3 says 409 while another request for the same name is under way.
        _ => ErrorKind::Retry,
    }
}

/// Errors without a class of their own: weather, unless the system says what stays as it is.
fn classify_source(error: &(dyn Error + 'static)) -> ErrorKind {
    let mut next = error.source();
    while let Some(source) = next {
        if let Some(error) = source.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge
                | io::ErrorKind::ReadOnlyFilesystem
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::NotADirectory => ErrorKind::Internal,
                io::ErrorKind::InvalidFilename | io::ErrorKind::IsADirectory => ErrorKind::Invalid,
                _ => ErrorKind::Retry,
            };
        }
        // Types that the crate keeps to itself: the conformance suite notices when the texts change.
        let text = source.to_string();
        if ["Wanted range starting at", "Requested range was invalid", "416 Range Not Satisfiable"]
            .iter()
            .any(|refusal| text.contains(refusal))
        {
            return ErrorKind::Invalid;
        }
        // Lists do not say these as errors of their own, as everything else does.
        if ["404 Not Found", "403 Forbidden", "401 Unauthorized", "400 Bad Request"]
            .iter()
            .any(|refusal| text.contains(refusal))
        {
            return ErrorKind::Internal;
        }
        next = source.source();
    }
    ErrorKind::Retry
}

/// An error with all that is behind it, as one text.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

impl Operation {
    /// As it is called in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Get => "get",
            Self::Head => "head",
            Self::List => "list",
            Self::Delete => "delete",
            Self::Begin => "begin_upload",
            Self::PutPart => "put_part",
            Self::Complete => "complete_upload",
            Self::Abort => "abort_upload",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Retry => "it may go better later",
            Self::NotFound => "there is no such object",
            Self::Invalid => "it can't be done",
            Self::Internal => "it stays so until somebody does something",
        })
    }
}
