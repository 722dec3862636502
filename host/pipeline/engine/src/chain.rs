//! Processors, one after the other, as one task uses them.

use forebay_pipeline_config::spec::ComponentName;
use forebay_pipeline_message::{Batch, Origins, Processed, Transaction};
use forebay_plugins_api::{ComponentError, LostInstance, LostReason, Processing, Processor};

use crate::channel::{Receiver, Sender, hand_on};
use crate::errors::Errors;
use crate::meters::{Begun, ProcessorMeter};
use crate::shadow::{Given, ShadowFeed};

/// The plugin that components of the host are of, which alone can get origins wrong: others are checked where they
/// come in.
pub(crate) const OWN: &str = "forebay";

/// Processors in a row.
pub(crate) struct Chain {
    links: Vec<Link>,
    errors: Errors,
}

/// One processor, and where it stands.
pub(crate) struct Link {
    pub(crate) path: String,
    pub(crate) name: ComponentName,
    pub(crate) processor: Box<dyn Processor>,
    pub(crate) shadow: Option<ShadowFeed>,
    pub(crate) meter: ProcessorMeter,
}

impl Chain {
    pub(crate) fn new(links: Vec<Link>) -> Self {
        Self { links, errors: Errors::default() }
    }

    /// The same, with messages handled that processors fail for.
    pub(crate) fn with_errors(self, errors: Errors) -> Self {
        Self { errors, ..self }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// What the processors make of a transaction. What they drop is settled thereby.
    pub(crate) async fn process(&mut self, transaction: Transaction) -> Vec<Transaction> {
        self.process_all(vec![transaction]).await
    }

    /// The same for several, of which each processor does all before the next one does any.
    pub(crate) async fn process_all(&mut self, mut current: Vec<Transaction>) -> Vec<Transaction> {
        for link in &mut self.links {
            let mut next = Vec::with_capacity(current.len());
            for transaction in current {
                let results = link.process(transaction).await.into_iter();
                next.extend(results.filter_map(|result| self.errors.handle(&link.path, result)));
            }
            // A batch without messages has nothing to deliver; dropping it here says so.
            current = Vec::with_capacity(next.len());
            for transaction in next {
                if transaction.batch().is_empty() {
                    transaction.acknowledge();
                } else {
                    current.push(transaction);
                }
            }
        }
        current
    }

    pub(crate) async fn close(&mut self) {
        for link in &mut self.links {
            link.processor.close().await;
        }
    }

    /// Takes batches as they come, until there are no more.
    pub(crate) async fn work(mut self, from: Receiver, to: Sender) {
        while let Ok(transaction) = from.recv().await {
            for transaction in self.process(transaction).await {
                hand_on(&to, transaction).await;
            }
        }
        self.close().await;
    }
}

impl Link {
    async fn process(&mut self, transaction: Transaction) -> Vec<Transaction> {
        match self.apply(transaction.batch()).await {
            Ok(results) => transaction.derive(results).unwrap_or_else(|(transaction, error)| {
                transaction.reject_apart(&error.to_string());
                Vec::new()
            }),
            Err(lost) => {
                transaction.reject_apart(&lost.to_string());
                Vec::new()
            }
        }
    }

    /// As [`Link::work`], and counts it.
    ///
    /// # Errors
    /// As [`Link::work`].
    pub(crate) async fn apply(&mut self, source: &Batch) -> Result<Vec<Processed>, LostInstance> {
        let begun = self.meter.begin(source);
        let inside = begun.as_ref().and_then(Begun::inside).cloned();
        let results = self.work(inside.as_ref().unwrap_or(source)).await;
        self.meter.end(begun, source, results)
    }

    /// The results of a batch, whose origins fit it. When the processor fails, they are the batch with every message
    /// flagged.
    ///
    /// # Errors
    /// The batch is lost, and with it what the instance knew.
    async fn work(&mut self, source: &Batch) -> Result<Vec<Processed>, LostInstance> {
        let errors_before = source.errors().map_or(0, |(_, count)| count);
        let before = self.processor.cpu();
        let given = outcome(self.processor.as_mut(), source.clone()).await;
        if let Some(shadow) = &self.shadow {
            shadow.offer(source, &given, self.processor.cpu().saturating_sub(before));
        }
        let results = match given {
            Given::Results(results) => results,
            Given::Failed(message) => {
                tracing::error!(
                    path = self.path,
                    error = message,
                    "processor failed, all messages are flagged"
                );
                return Ok(vec![Processed { batch: source.flagged(&message), origins: Origins::Same }]);
            }
            Given::Lost(lost) => {
                tracing::error!(path = self.path, error = %lost, "processor lost, the batch is rejected");
                return Err(lost);
            }
        };
        for result in &results {
            if let Some((first, count)) = result.batch.errors()
                && count > errors_before
            {
                tracing::error!(path = self.path, count, error = first, "messages are flagged with an error");
            }
        }
        for Processed { batch, origins } in &results {
            if let Err(error) = origins.check(batch.len(), source.len()) {
                tracing::error!(path = self.path, %error, "processor returned nonsense, the batch is rejected");
                return Err(LostInstance {
                    plugin: OWN.parse().expect("a name"),
                    component: self.name.clone(),
                    reason: LostReason::Contract,
                    detail: error.to_string(),
                });
            }
        }
        // A processor may have made its messages anew.
        let answering =
            |Processed { batch, origins }| Processed { batch: batch.answering(source, &origins), origins };
        Ok(results.into_iter().map(answering).collect())
    }
}

/// What a processor makes of a batch, its operations waited for.
pub(crate) async fn outcome(processor: &mut dyn Processor, batch: Batch) -> Given {
    let mut processing = processor.process(batch).await;
    loop {
        match processing {
            Ok(Processing::Done(results)) => return Given::Results(results),
            Ok(Processing::Pending(mut operation)) => {
                // The outcome is the processor's to judge.
                let _ = operation.finish().await;
                processing = processor.resume(operation).await;
            }
            Err(ComponentError::Failed(message)) => return Given::Failed(message),
            Err(ComponentError::Lost(lost)) => return Given::Lost(lost),
        }
    }
}
