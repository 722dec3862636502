use forebay_storage_metadata::StoreFailure;
use forebay_storage_metadata::outcome::NoOutcome;
use rusqlite::ErrorCode;

/// What goes wrong inside a call and has nothing to do with what it asks.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A row holds what is never written.
    #[error("{0}")]
    Corrupt(String),
}

impl Trouble {
    /// For a number of a row that is out of its range.
    pub(crate) fn number(column: &'static str, value: i64) -> Self {
        Self::Corrupt(format!("{column} is {value}"))
    }
}

impl From<NoOutcome> for Trouble {
    fn from(NoOutcome: NoOutcome) -> Self {
        Self::Corrupt("outcomes.outcome is no outcome".to_owned())
    }
}

impl From<Trouble> for StoreFailure {
    fn from(trouble: Trouble) -> Self {
        let reason = trouble.to_string();
        let Trouble::Sqlite(error) = trouble else { return Self::Corrupt { reason } };
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::OperationAborted
                | ErrorCode::OperationInterrupted,
            ) => Self::Unavailable { reason },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { reason },
            _ => match error {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..) => Self::Corrupt { reason },
                _ => Self::Internal { reason },
            },
        }
    }
}
