use forebay_storage_metadata::StoreFailure;
use forebay_storage_metadata::outcome::NoOutcome;
use tokio_postgres::error::SqlState;

/// What goes wrong inside a call and has nothing to do with what it asks.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// What the server said, or why it can't be asked.
    #[error("{}", told(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// There was no connection, so nothing was done.
    #[error("{0}")]
    Unreachable(String),
    /// The connection was lost, or nobody answered, when the transaction was to be committed.
    #[error("{0}")]
    Unsettled(String),
    /// What was looked at has changed before it was locked.
    #[error("somebody else was quicker")]
    Overtaken,
    /// A row holds what is never written.
    #[error("{0}")]
    Corrupt(String),
}

/// The server's message with its code, or the whole chain of causes.
fn told(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return format!("{} ({})", error.message(), error.code().code());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// What can be done about it here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Nothing was done: once more, at once.
    Again,
    /// Nothing was done: once more over another connection, after a pause.
    Reconnect,
    /// It may have been done.
    Settle,
    None,
}

impl Trouble {
    /// For a number of a row that is out of its range.
    pub(crate) fn number(column: &'static str, value: i64) -> Self {
        Self::Corrupt(format!("{column} is {value}"))
    }

    /// Whether somebody else has kept a lock for too long.
    pub(crate) fn is_lock_timeout(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE))
    }

    /// What helps, where the transaction was not to be committed yet.
    pub(crate) fn remedy(&self) -> Remedy {
        match self {
            Self::Overtaken => Remedy::Again,
            Self::Unreachable(_) => Remedy::Reconnect,
            Self::Unsettled(_) => Remedy::Settle,
            Self::Corrupt(_) => Remedy::None,
            Self::Postgres(error) => match error.code() {
                None => Remedy::Reconnect,
                // Serialization failures, deadlocks, and a row that somebody else wrote first, or a table that
                // somebody else made while IF NOT EXISTS was looking.
                Some(
                    &SqlState::T_R_SERIALIZATION_FAILURE
                    | &SqlState::T_R_DEADLOCK_DETECTED
                    | &SqlState::UNIQUE_VIOLATION
                    | &SqlState::DUPLICATE_TABLE
                    | &SqlState::DUPLICATE_OBJECT,
                ) => Remedy::Again,
                Some(code) if is_away(code) => Remedy::Reconnect,
                Some(_) => Remedy::None,
            },
        }
    }
}

/// Whether the server can't work now, and said so.
fn is_away(code: &SqlState) -> bool {
    let is_of_class = |class: &str| code.code().starts_with(class);
    *code == SqlState::LOCK_NOT_AVAILABLE
        // A primary that has become a standby.
        || *code == SqlState::READ_ONLY_SQL_TRANSACTION
        // No connection; no resources; stopped by an operator or a crash; no disk.
        || is_of_class("08") || is_of_class("53") || is_of_class("57") || is_of_class("58")
        || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
        // Rights and passwords may be put right while the agent runs.
        || is_of_class("28") || *code == SqlState::INSUFFICIENT_PRIVILEGE
}

impl From<NoOutcome> for Trouble {
    fn from(NoOutcome: NoOutcome) -> Self {
        Self::Corrupt("outcomes.outcome is no outcome".to_owned())
    }
}

impl From<Trouble> for StoreFailure {
    fn from(trouble: Trouble) -> Self {
        let reason = trouble.to_string();
        match trouble {
            Trouble::Overtaken | Trouble::Unreachable(_) => Self::Unavailable { reason },
            Trouble::Unsettled(_) => Self::Unsettled { reason },
            Trouble::Corrupt(_) => Self::Corrupt { reason },
            Trouble::Postgres(_) if trouble.remedy() != Remedy::None => Self::Unavailable { reason },
            Trouble::Postgres(error) => match error.code() {
                Some(&SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED) => Self::Corrupt { reason },
                _ => Self::Internal { reason },
            },
        }
    }
}
