//! Outputs of the host's own: those that hand batches on to others, or to nobody.
//!
//! Everything that takes batches is a [`Destination`]. An output of a plugin is a task of its own behind a channel
//! (`sink.rs`). Those of the host are no tasks: what they do with a batch is a future, and those of all batches under
//! way are polled by the task of the pipeline's output (`router.rs`). Batches come to each destination in the order in
//! which they were begun; where one waits, those behind it wait as well, which is back-pressure.

mod broker;
mod cache;
mod drop;
mod drop_on;
mod dynamic;
mod fallback;
mod inproc;
mod leaf;
mod observed;
mod opening;
mod place;
mod reject;
mod reject_errored;
mod resource;
mod retry;
mod router;
mod switch;
mod sync_response;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType, Kind};
use forebay_pipeline_message::{Batch, Failure, Outcome, Transaction};
use forebay_plugins_api::OpenError;
use futures_util::future::BoxFuture;

use crate::spec::specification;

pub(crate) use leaf::hand_over;
pub(crate) use opening::{open_inside, open_root};

/// Something that takes batches.
#[async_trait]
pub(crate) trait Destination: Send + Sync {
    /// Delivers a batch, which is not empty.
    ///
    /// # Errors
    /// What was not delivered, and why.
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal>;
}

type Open = for<'a> fn(opening::Opening<'a>) -> BoxFuture<'a, Result<Box<dyn Destination>, OpenError>>;

/// An output of the host: what it is called, what there is to know of it, and how it is opened.
pub(crate) struct Own {
    pub(crate) name: &'static str,
    pub(crate) spec: fn() -> ComponentSpec,
    open: Open,
}

pub(crate) const ALL: &[Own] = &[
    broker::OWN,
    cache::OWN,
    drop::OWN,
    drop_on::OWN,
    dynamic::OWN,
    fallback::OWN,
    inproc::OWN,
    reject::OWN,
    reject_errored::OWN,
    resource::OWN,
    retry::OWN,
    switch::OWN,
    sync_response::OWN,
];

/// The specification of an output. `summary` ends with a full stop.
fn spec(name: &str, summary: &str, config: FieldSpec) -> ComponentSpec {
    specification(Kind::Output, name, summary, config)
}

/// An output in a field or, without a name, as all of the settings.
fn output_field(name: &str) -> FieldSpec {
    FieldSpec::new(name, FieldType::Output)
}

/// What of a batch was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// At least one; a message may be in several. Indexes are those of the batch.
    failures: Vec<Failure>,
    /// Whether one message may have been the reason for all.
    apart: bool,
    /// Whether nobody tried, because the input is to end before them.
    declined: bool,
}

impl Refusal {
    /// That nothing was delivered.
    fn of_all(reason: impl Into<String>) -> Self {
        Self {
            failures: vec![Failure { reason: reason.into(), messages: None }],
            apart: false,
            declined: false,
        }
    }

    /// The first reason.
    fn reason(&self) -> &str {
        self.failures.first().map_or("", |failure| &failure.reason)
    }

    /// The messages that were not delivered, of so many, rising, each with the reason that was given first.
    fn by_message(&self, messages: usize) -> BTreeMap<u32, &str> {
        let mut reasons = BTreeMap::new();
        for Failure { reason, messages: of } in &self.failures {
            let all = || (0..).take(messages).collect();
            for index in of.clone().unwrap_or_else(all) {
                reasons.entry(index).or_insert(reason.as_str());
            }
        }
        reasons
    }

    /// The same for a batch of which the messages with these indexes were a part.
    fn in_whole(self, part: &[u32]) -> Self {
        let of_whole = |index: &u32| part.get(*index as usize).copied();
        let failures = self.failures.into_iter().map(|Failure { reason, messages }| {
            let messages = match messages {
                None => part.to_vec(),
                Some(messages) => messages.iter().filter_map(of_whole).collect(),
            };
            Failure { reason, messages: Some(messages) }
        });
        Self { failures: failures.collect(), ..self }
    }
}

/// All refusals of a batch as one; none of none.
fn together(refusals: impl IntoIterator<Item = Refusal>) -> Result<(), Refusal> {
    let mut all = Refusal { failures: Vec::new(), apart: false, declined: true };
    for Refusal { failures, apart, declined } in refusals {
        all.failures.extend(failures);
        all.apart |= apart;
        all.declined &= declined;
    }
    if all.failures.is_empty() { Ok(()) } else { Err(all) }
}

/// Settles a transaction by what became of its batch.
pub(crate) fn settle(transaction: Transaction, delivered: Result<(), Refusal>) {
    match delivered {
        Ok(()) => transaction.acknowledge(),
        Err(refusal) if refusal.declined => transaction.decline(refusal.reason()),
        // Tried apart are then those too that went elsewhere.
        Err(refusal) if refusal.apart => transaction.reject_apart(refusal.reason()),
        Err(refusal) => transaction.settle(&refusal.failures),
    }
}

/// The outcome of a source batch, as a destination tells it.
fn delivered(outcome: Outcome) -> Result<(), Refusal> {
    match outcome {
        Outcome::Acknowledged => Ok(()),
        Outcome::Rejected(rejection) => Err(Refusal {
            failures: rejection.failures(),
            apart: rejection.apart,
            declined: rejection.declined,
        }),
    }
}
