//! What becomes of messages that a processor fails for, as `error_handling` says.

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_config::{ComponentConfig, ErrorHandling, ErrorLog, PipelineConfig, Strategy};
use forebay_pipeline_message::{Batch, Failure, Transaction};

use crate::budget::Budget;
use crate::channel::{Receiver, Sender, hand_on};
use crate::flight::{Again, Flight, Sky};
use crate::replay::{self, sending_again};
use crate::structure::pauses::random;
use crate::structure::row::{by_error, chosen};

/// What is done with messages that a processor fails for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Errors {
    /// Whether they are rejected, rather than that they go on with the error.
    pub(crate) reject: bool,
    log: ErrorLog,
}

/// The components with which a pipeline looks at errors; one that does so has to see them.
const LOOKS: [(Kind, &str); 4] = [
    (Kind::Processor, "try"),
    (Kind::Processor, "catch"),
    (Kind::Processor, "retry"),
    (Kind::Output, "reject_errored"),
];
/// The same in the mapping language.
const LOOKS_IN_TEXT: [&str; 3] = ["error(", "errored(", ".catch("];

/// The strategy of a pipeline. One that looks at errors itself keeps them: the strategy is then none, and says so.
pub(crate) fn strategy(config: &PipelineConfig) -> (Strategy, Errors) {
    let ErrorHandling { mut strategy, log } = config.error_handling;
    if strategy != Strategy::None
        && let Some(what) = looker(config)
    {
        tracing::warn!(what, "error_handling has no strategy in this pipeline, which handles errors itself");
        strategy = Strategy::None;
    }
    (strategy, Errors { reject: strategy != Strategy::None, log })
}

/// What in a pipeline looks at errors.
fn looker(config: &PipelineConfig) -> Option<String> {
    let roots = [&config.input, &config.output].into_iter();
    let mut all = roots
        .chain(&config.processors)
        .chain(&config.resources)
        .chain(&config.buffer)
        .chain(&config.input_resources)
        .chain(&config.output_resources)
        .flat_map(ComponentConfig::with_descendants);
    all.find_map(|component| {
        (LOOKS.contains(&(component.kind, component.name.as_str())) || looks_in_text(component))
            .then(|| component.path.clone())
    })
}

fn looks_in_text(component: &ComponentConfig) -> bool {
    component.texts().iter().any(|text| {
        let text =
            component.config.pointer(&text.pointer).and_then(|value| value.as_str()).unwrap_or_default();
        LOOKS_IN_TEXT.iter().any(|call| {
            text.match_indices(call).any(|(at, _)| {
                let before = text[..at].chars().next_back();
                call.starts_with('.') || !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.')
            })
        })
    })
}

impl Errors {
    /// What goes on of a transaction that a processor has made.
    pub(crate) fn handle(&self, path: &str, transaction: Transaction) -> Option<Transaction> {
        if transaction.batch().errors().is_none() {
            return Some(transaction);
        }
        if self.log.enabled {
            self.log(path, &transaction);
        }
        if !self.reject {
            return Some(transaction);
        }
        let (fit, failed) = by_error(transaction.batch());
        if fit.is_empty() {
            let reasons = reasons(transaction.batch());
            transaction.settle(&reasons);
            return None;
        }
        let parts = [&fit, &failed].map(|indexes| chosen(transaction.batch(), indexes));
        match transaction.derive(parts.into()) {
            Ok(mut parts) => {
                if let Some(failed) = parts.pop() {
                    let reasons = reasons(failed.batch());
                    failed.settle(&reasons);
                }
                parts.pop()
            }
            Err((transaction, error)) => {
                transaction.reject(&error.to_string());
                None
            }
        }
    }

    fn log(&self, path: &str, transaction: &Transaction) {
        for message in transaction.batch().iter() {
            let Some(error) = message.error().filter(|_| random() < self.log.sampling_ratio) else {
                continue;
            };
            if self.log.add_payload {
                let payload = String::from_utf8_lossy(message.payload().unwrap_or_default());
                tracing::error!(path, error, %payload, "a processor failed for a message");
            } else {
                tracing::error!(path, error, "a processor failed for a message");
            }
        }
    }
}

/// Why each message of a batch is flagged, the reason of the first one first.
fn reasons(batch: &Batch) -> Vec<Failure> {
    let mut by_reason: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (index, message) in (0..).zip(batch.iter()) {
        by_reason.entry(message.error().unwrap_or_default()).or_default().push(index);
    }
    let mut all: Vec<_> = by_reason.into_iter().collect();
    all.sort_by_key(|(_, messages)| messages.first().copied());
    all.into_iter()
        .map(|(reason, messages)| Failure { reason: reason.to_owned(), messages: Some(messages) })
        .collect()
}

/// Hands on what comes, and again what of it is rejected behind, until everything is delivered.
pub(crate) async fn insist(budget: Arc<Budget>, from: Receiver, to: Sender) {
    // What is in flight here is in flight for the input as well, and bounded there.
    let sky = Sky::new(&Arc::new(budget.beside(usize::MAX)));
    let take = async {
        while let Ok(transaction) = from.recv().await {
            let (flight, batch) = Flight::of_transaction(&sky, transaction);
            hand_on(&to, flight.transaction(batch, Again::Host)).await;
        }
        sky.empty().await;
    };
    sending_again(&sky, &to, replay::strategy, take).await;
}
