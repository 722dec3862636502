//! Inputs: those of plugins, and those of the host's own that stand around others.
//!
//! An open input is work to be done, and a channel that this work fills. The channel ends when the input has ended and
//! everything that it handed out is settled. Inputs of the host open those inside them towards their own channel, or
//! towards one that they read themselves.

mod batched;
mod broker;
mod dynamic;
mod inproc;
mod leaf;
mod opening;
mod read_until;
mod resource;
mod sequence;

use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType, Kind};
use forebay_plugins_api::OpenError;
use futures_util::future::BoxFuture;

use crate::ground::Work;
use crate::spec::specification;
pub(crate) use opening::{open, open_inside};

type Open = for<'a> fn(opening::Opening<'a>) -> BoxFuture<'a, Result<Vec<Work>, OpenError>>;

/// An input of the host: what it is called, what there is to know of it, and how it is opened.
pub(crate) struct Own {
    pub(crate) name: &'static str,
    pub(crate) spec: fn() -> ComponentSpec,
    open: Open,
}

pub(crate) const ALL: &[Own] =
    &[batched::OWN, broker::OWN, dynamic::OWN, inproc::OWN, read_until::OWN, resource::OWN, sequence::OWN];

/// The specification of an input. `summary` ends with a full stop.
fn spec(name: &str, summary: &str, config: FieldSpec) -> ComponentSpec {
    specification(Kind::Input, name, summary, config)
}

/// An input in a field.
fn input_field(name: &str) -> FieldSpec {
    FieldSpec::new(name, FieldType::Input)
}
