//! One request with all its tries.

use std::time::Duration;

use forebay_sdk::http::{HttpError, Response};
use forebay_sdk::{Batch, Operation};

use crate::dump::Dump;
use crate::failure::Failure;

/// A request that is tried until it succeeds, or has failed often enough.
pub(crate) struct Exchange {
    /// What it is made of, anew with every try.
    pub(crate) batch: Batch,
    /// How often it may still be tried again.
    pub(crate) tries: u64,
    /// What the last try was, for errors.
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) dump: Option<Dump>,
    /// Whether the rate limit lets the next try go on, where there is one.
    pub(crate) admitted: bool,
    /// When the last try began.
    pub(crate) started: Duration,
}

/// How far an exchange is.
pub(crate) enum Step {
    /// A try, or the wait for it, is under way.
    Waits(Exchange, Operation),
    Ended(Result<Response, Failure>),
}

/// What is made of the result of a try.
pub(crate) enum Verdict {
    /// To be tried again after a pause.
    Again(Duration),
    Ended(Result<Response, Failure>),
}

/// What a try has given.
pub(crate) type Tried = Result<Response, TryError>;

/// Why a try has given no response.
pub(crate) enum TryError {
    Http(HttpError),
    /// It could not be sent.
    Unsent(String),
}
