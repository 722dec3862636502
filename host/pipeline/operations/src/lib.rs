//! This crate is what a process tells of its pipelines while they run: an HTTP server, and metrics in the forms that
//! others read.
//!
//! - [`Endpoints`] are the paths of the server, which others may add to: whoever registers one has it until the
//!   [`Registration`] is dropped. [`own_endpoints`] adds those that every process has,
//!   [`ready_endpoint`] what says whether one pipeline is connected, and [`stats`] shows what is measured of a part.
//! - [`Bound`] is a socket with nobody behind it yet: a port that is taken is found out before anything is started.
//!   [`Bound::serve`] answers until it is told to stop.
//! - [`Connections`] are those of any HTTP server, whatever is [`Served`] behind them.
//! - [`Exporter`] shows metrics as the configuration wants them, under the names that a [`Rename`] gives them;
//!   [`Exporter::report`] logs and pushes them as time goes by, and [`Exporter::finish`] for the last time.
//! - [`TraceExporter`] tells collectors of the spans that a tracer has made.
//!
//! It knows neither components nor languages: mappings come in as a [`Rename`].
//!
//! Everything is bounded: connections, the head of a request, how long one may take. A handler bounds what it reads
//! of a body.

mod auth;
mod bcrypt;
mod connections;
mod cors;
mod endpoints;
mod export;
mod json_api;
mod own;
mod process;
mod push;
mod rename;
mod report;
mod server;
mod since;
mod stats;
mod template;
mod tls;
mod traces;

pub use connections::{ConnectionPlace, Connections, Served};
pub use cors::{Shared, share};
pub use endpoints::{
    Answer, Body, Endpoints, Found, Handler, RegisterError, Registration, Request, RequestBody, body_text,
    error, json, refusal, text,
};
pub use export::Exporter;
pub use own::{About, own_endpoints, ready_endpoint};
pub use rename::{Rename, Renamed};
pub use server::{Bound, ServerError};
pub use since::Since;
pub use stats::stats;
pub use template::PathParameters;
pub use tls::Secured;
pub use traces::TraceExporter;
