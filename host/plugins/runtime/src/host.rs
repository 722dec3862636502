//! What guests call: one file per interface of the contract and per capability.

pub(crate) mod batches;
mod caches;
mod compression;
pub(crate) mod convert;
mod environment;
pub(crate) mod expressions;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod kafka;
mod log;
mod metrics;
pub(crate) mod objects;
mod operations;
mod rate_limits;
mod scanned;
pub(crate) mod state;
pub(crate) mod streams;
pub(crate) mod subprocess;
mod waits;

use wasmtime::component::{HasSelf, Linker};

use crate::bindings::forebay::{
    environment as env, expressions as expr, files as fs, http as web, log as logs, plugin,
};
use crate::guest::Guest;

/// Offers everything that the host has to components of this linker's engine.
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    plugin::waits::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    plugin::streams::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    plugin::operations::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    plugin::configuration::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    plugin::batches::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    plugin::scanned::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    expr::expressions::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    fs::files::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    web::client::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    web::listener::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    web::outlet::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    logs::log::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    crate::bindings::forebay::metrics::metrics::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    crate::bindings::forebay::objects::objects::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    crate::bindings::forebay::kafka::kafka::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    crate::bindings::forebay::caches::caches::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    crate::bindings::forebay::rate_limits::rate_limits::add_to_linker::<_, HasSelf<Guest>>(
        linker,
        |guest| guest,
    )?;
    crate::bindings::forebay::compression::compression::add_to_linker::<_, HasSelf<Guest>>(
        linker,
        |guest| guest,
    )?;
    crate::bindings::forebay::subprocess::subprocess::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| {
        guest
    })?;
    crate::bindings::forebay::state::state::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    env::environment::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    linker.allow_shadowing(true);
    batches::link_fast(linker)?;
    compression::link_fast(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl plugin::configuration::Host for Guest {}
