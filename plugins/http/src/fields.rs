//! The fields that the three components share.

mod auth;
mod transport;

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_sdk::config::{Interpolated, RateLimitLabel, Secret};
use forebay_sdk::{Config, Problem};
use forebay_tls::TlsFields;

pub(crate) use auth::AuthFields;
use transport::TransportFields;

/// What a request is, and how it is tried.
#[derive(Config)]
pub(crate) struct ClientFields {
    /// Where requests go. May differ from message to message.
    #[config(example = "https://api.example.com/v1/${! @kind }")]
    pub(crate) url: Interpolated,
    /// Headers of the request. `Content-Type` is `application/octet-stream` where it is not given.
    #[config(default = {}, example = {"Content-Type": "application/json", "X-Kind": "${! @kind }"})]
    pub(crate) headers: BTreeMap<String, Interpolated>,
    /// Which metadata of a message becomes headers of its request, and of its part of a multipart body.
    #[config(default = {}, advanced)]
    pub(crate) metadata: KeyFields,
    /// The level at which every request is written to the log with its response, bodies included. Secrets
    /// are left out. Empty: not at all.
    #[config(default = "", advanced, options("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", ""))]
    pub(crate) dump_request_log_level: String,
    #[config(flatten)]
    pub(crate) auth: AuthFields,
    /// How servers are verified over TLS, and how this client shows who it is.
    #[config(default = {})]
    pub(crate) tls: TlsFields,
    /// Which headers of a response become metadata of its messages, under their names in lower case.
    #[config(default = {}, advanced)]
    pub(crate) extract_headers: KeyFields,
    /// The rate limit that every try of a request keeps to.
    pub(crate) rate_limit: Option<RateLimitLabel>,
    /// How long one try of a request may take. At most ten minutes, which is also what `0s` stands for.
    #[config(default = "5s")]
    pub(crate) timeout: Duration,
    /// The pause before a failed request is tried again.
    #[config(default = "1s", advanced)]
    pub(crate) retry_period: Duration,
    /// The longest pause that statuses of `backoff_on` lead to. No pause is longer than ten minutes.
    #[config(default = "300s", advanced)]
    pub(crate) max_retry_backoff: Duration,
    /// How often a failed request is tried again.
    #[config(default = 3, advanced)]
    pub(crate) retries: i64,
    /// Statuses after which the pauses double, from one try to the next.
    #[config(default = [429], advanced)]
    pub(crate) backoff_on: Vec<u16>,
    /// Statuses after which a request is not tried again. Its messages have failed, they are not dropped.
    #[config(default = [], advanced)]
    pub(crate) drop_on: Vec<u16>,
    /// Statuses beside those from 200 to 299 that are no failures. `backoff_on` and `drop_on` win.
    #[config(default = [], advanced)]
    pub(crate) successful_on: Vec<u16>,
    /// The proxy that requests go through: `http://[user:password@]host:port`. Without one, those of the
    /// variables `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are used.
    #[config(advanced)]
    pub(crate) proxy_url: Option<Secret>,
    /// How connections are made and kept.
    #[config(default = {}, advanced)]
    #[expect(dead_code, reason = "connections are the host's")]
    transport: TransportFields,
}

/// A choice of keys. Without prefixes and patterns, it is none.
#[derive(Config)]
pub(crate) struct KeyFields {
    /// Keys that begin with one of these.
    #[config(default = [], example = ["foo_", "bar_"], example = ["content-type"])]
    pub(crate) include_prefixes: Vec<String>,
    /// Keys in which one of these regular expressions is found.
    #[config(default = [], example = [".*"], example = ["_timestamp_unix$"])]
    pub(crate) include_patterns: Vec<String>,
}

impl ClientFields {
    /// Refuses what can't be done yet, or not here.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        self.auth.check()?;
        self.tls.check()
    }
}
