use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Batch, Origins, OriginsError, Processed};

/// What became of a source batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything derived from it was delivered, or dropped on purpose.
    Acknowledged,
    Rejected(Rejection),
}

/// That some of a source batch was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub reason: String,
    /// Indexes of the source messages that failed, rising; `None`: all.
    pub messages: Option<Vec<u32>>,
    /// Whether they may have failed because of one among them: try them apart.
    pub apart: bool,
    /// Whether nobody tried to deliver them, because their input is to end before them.
    pub declined: bool,
}

/// Messages of one batch that could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub reason: String,
    /// Indexes in that batch; `None`: all.
    pub messages: Option<Vec<u32>>,
}

/// A batch, and the duty to say what became of it.
///
/// One that is dropped without a word counts as failed: nothing is acknowledged by accident.
#[derive(Debug)]
pub struct Transaction {
    batch: Batch,
    lineage: Lineage,
    settled: bool,
}

/// How the messages of a transaction depend on those of its source.
#[derive(Debug, Clone)]
struct Lineage {
    source: Arc<Source>,
    origins: Arc<Origins>,
}

/// Takes the outcome of a source batch.
type Tell = Box<dyn FnOnce(Outcome) + Send>;

/// What all descendants of a source batch share. The outcome is told when the last of them is gone.
struct Source {
    failed: Mutex<Failed>,
    tell: Mutex<Option<Tell>>,
}

#[derive(Default)]
struct Failed {
    reason: Option<String>,
    all: bool,
    apart: bool,
    /// Whether anything failed that was not declined.
    tried: bool,
    messages: BTreeSet<u32>,
}

impl Transaction {
    /// A source batch; `tell` is called once, by whoever settles its last descendant.
    pub fn new(batch: Batch, tell: impl FnOnce(Outcome) + Send + 'static) -> Self {
        let source = Arc::new(Source { failed: Mutex::default(), tell: Mutex::new(Some(Box::new(tell))) });
        Self { batch, lineage: Lineage { source, origins: Arc::new(Origins::Same) }, settled: false }
    }

    #[must_use]
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// This transaction with another batch of as many messages that come from the same sources.
    #[must_use]
    pub fn with_batch(mut self, batch: Batch) -> Self {
        debug_assert_eq!(batch.len(), self.batch.len());
        self.batch = batch;
        self
    }

    /// Everything was delivered.
    pub fn acknowledge(self) {
        self.settle(&[]);
    }

    /// Nothing was delivered.
    pub fn reject(self, reason: &str) {
        self.settle(&[Failure { reason: reason.to_owned(), messages: None }]);
    }

    /// Nothing was delivered, maybe because of one message among them.
    pub fn reject_apart(self, reason: &str) {
        self.lineage.source.lock().apart = true;
        self.reject(reason);
    }

    /// Nothing was delivered, nor will be: the input is to end before this.
    pub fn decline(self, reason: &str) {
        self.decline_some(reason, None);
    }

    fn decline_some(mut self, reason: &str, messages: Option<&[u32]>) {
        self.settled = true;
        self.lineage.fail(reason, messages);
    }

    /// Everything was delivered but what `failures` name.
    pub fn settle(mut self, failures: &[Failure]) {
        self.settled = true;
        let failures =
            failures.iter().filter(|failure| failure.messages.as_ref().is_none_or(|of| !of.is_empty()));
        for failure in failures {
            self.lineage.source.lock().tried = true;
            self.lineage.fail(&failure.reason, failure.messages.as_deref());
        }
    }

    /// What a processor made of this transaction. Its duty passes on to the results; messages that
    /// none of them comes from are thereby delivered.
    ///
    /// # Errors
    /// When origins do not fit; the transaction is then unchanged.
    pub fn derive(mut self, results: Vec<Processed>) -> Result<Vec<Self>, (Self, OriginsError)> {
        for result in &results {
            if let Err(error) = result.origins.check(result.batch.len(), self.batch.len()) {
                return Err((self, error));
            }
        }
        self.settled = true;
        let results = results.into_iter().map(|Processed { batch, origins }| {
            let lineage = self.lineage.derive(&origins, batch.len());
            Self { batch, lineage, settled: false }
        });
        Ok(results.collect())
    }

    /// The first so many messages and the rest, where both are some.
    #[must_use]
    pub fn cut(self, at: usize) -> (Self, Option<Self>) {
        let messages = self.batch.len();
        let (Some(first), Some(rest)) = (self.batch.slice(0, at), self.batch.slice(at, messages)) else {
            return (self, None);
        };
        if first.is_empty() || rest.is_empty() {
            return (self, None);
        }
        let indexes = |batch: &Batch, from: usize| {
            let from = u32::try_from(from).unwrap_or(u32::MAX);
            Origins::Each((from..).take(batch.len()).collect())
        };
        let (origins_of_first, origins_of_rest) = (indexes(&first, 0), indexes(&rest, at));
        let parts = vec![
            Processed { batch: first, origins: origins_of_first },
            Processed { batch: rest, origins: origins_of_rest },
        ];
        match self.derive(parts) {
            Ok(mut parts) => {
                let rest = parts.pop();
                let first = parts.pop().expect("two parts give two transactions");
                (first, rest)
            }
            Err((transaction, _)) => (transaction, None),
        }
    }

    /// Each message by itself, in order.
    #[must_use]
    pub fn each(self) -> Vec<Self> {
        let one = |index: usize| {
            let batch = self.batch.slice(index, index + 1)?;
            Some(Processed { batch, origins: Origins::Each(vec![u32::try_from(index).ok()?]) })
        };
        let parts = (0..self.batch.len()).filter_map(one).collect();
        self.derive(parts).unwrap_or_else(|(transaction, _)| vec![transaction])
    }

    /// All messages of several transactions as one batch, in their order. Each of them is settled by what becomes of
    /// its messages.
    ///
    /// # Errors
    /// Together they are more messages than a batch can have; they are then as they were.
    pub fn join(transactions: Vec<Self>) -> Result<Self, Vec<Self>> {
        let batches: Vec<Batch> = transactions.iter().map(|part| part.batch.clone()).collect();
        let Some(batch) = Batch::concatenate(&batches) else { return Err(transactions) };
        let batch = batch.with_independent(false);
        Ok(Self::new(batch, move |outcome| share(outcome, transactions)))
    }

    /// The same transaction; `told` is called when it is settled.
    #[must_use]
    pub fn watched(self, told: impl FnOnce() + Send + 'static) -> Self {
        let batch = self.batch.clone();
        Self::new(batch, move |outcome| {
            told();
            share(outcome, vec![self]);
        })
    }
}

/// Settles the parts of a batch by what became of it.
fn share(outcome: Outcome, parts: Vec<Transaction>) {
    let Outcome::Rejected(Rejection { reason, messages, apart, declined }) = outcome else {
        return parts.into_iter().for_each(Transaction::acknowledge);
    };
    let mut start = 0;
    for part in parts {
        let end = start + u32::try_from(part.batch.len()).unwrap_or(u32::MAX);
        let failed = messages.as_ref().map(|messages| {
            let range = messages.partition_point(|index| *index < start)
                ..messages.partition_point(|index| *index < end);
            messages[range].iter().map(|index| index - start).collect::<Vec<_>>()
        });
        start = end;
        match failed {
            Some(failed) if failed.is_empty() => part.acknowledge(),
            failed if declined => part.decline_some(&reason, failed.as_deref()),
            failed => {
                part.lineage.source.lock().apart |= apart;
                part.settle(&[Failure { reason: reason.clone(), messages: failed }]);
            }
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.settled {
            self.lineage.source.lock().tried = true;
            self.lineage.fail("the batch was given up", None);
        }
    }
}

impl Lineage {
    fn derive(&self, further: &Origins, messages: usize) -> Self {
        let origins = match further {
            Origins::Same => Arc::clone(&self.origins),
            further => Arc::new(self.origins.then(further, messages)),
        };
        Self { source: Arc::clone(&self.source), origins }
    }

    fn fail(&self, reason: &str, messages: Option<&[u32]>) {
        let mut failed = self.source.lock();
        failed.reason.get_or_insert_with(|| reason.to_owned());
        match (&*self.origins, messages) {
            (Origins::Same, None) | (Origins::Whole, _) => failed.all = true,
            (Origins::Same, Some(messages)) => failed.messages.extend(messages),
            (Origins::Each(each), None) => failed.messages.extend(each),
            (Origins::Each(each), Some(messages)) => {
                failed.messages.extend(messages.iter().filter_map(|index| each.get(*index as usize)));
            }
            (Origins::Sets(sets), None) => failed.messages.extend(sets.iter().flat_map(|set| set.iter())),
            (Origins::Sets(sets), Some(messages)) => {
                let sets = messages.iter().filter_map(|index| sets.get(*index as usize));
                failed.messages.extend(sets.flat_map(|set| set.iter()));
            }
        }
    }
}

impl Source {
    fn lock(&self) -> std::sync::MutexGuard<'_, Failed> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let Failed { reason, all, apart, tried, messages } =
            std::mem::take(self.failed.get_mut().unwrap_or_else(PoisonError::into_inner));
        let outcome = match reason {
            None => Outcome::Acknowledged,
            Some(reason) => {
                let messages = (!all).then(|| messages.into_iter().collect());
                Outcome::Rejected(Rejection { reason, messages, apart, declined: !tried })
            }
        };
        if let Some(tell) = self.tell.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            tell(outcome);
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}
