use std::collections::BTreeMap;
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
    /// The first reason.
    pub reason: String,
    /// Indexes of the source messages that failed, rising; `None`: all.
    pub messages: Option<Vec<u32>>,
    /// Where there are several reasons, why each message failed: see [`Rejection::failures`]. Empty otherwise.
    pub reasons: Vec<Failure>,
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

impl Rejection {
    /// Why each message failed: the first of these that names it, or all, says so. At least one.
    #[must_use]
    pub fn failures(&self) -> Vec<Failure> {
        if self.reasons.is_empty() {
            vec![Failure { reason: self.reason.clone(), messages: self.messages.clone() }]
        } else {
            self.reasons.clone()
        }
    }

    /// The same of all messages, for the first reason.
    #[must_use]
    pub fn of_all(self) -> Self {
        Self { messages: None, reasons: Vec::new(), ..self }
    }
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
    /// In the order in which they were given.
    reasons: Vec<String>,
    /// Why all messages failed that have no reason of their own.
    all: Option<usize>,
    apart: bool,
    /// Whether anything failed that was not declined.
    tried: bool,
    /// The reason that was given first for a message.
    messages: BTreeMap<u32, usize>,
}

/// How many of the last reasons are compared with a new one.
const COMPARED: usize = 16;

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
        self.decline_some(&[Failure { reason: reason.to_owned(), messages: None }]);
    }

    fn decline_some(mut self, failures: &[Failure]) {
        self.settled = true;
        for Failure { reason, messages } in failures {
            self.lineage.fail(reason, messages.as_deref());
        }
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
    let Outcome::Rejected(rejection) = outcome else {
        return parts.into_iter().for_each(Transaction::acknowledge);
    };
    let failures = rejection.failures();
    let mut of_messages: Vec<(u32, &str)> = Vec::new();
    let mut of_all = None;
    for Failure { reason, messages } in &failures {
        match messages {
            Some(messages) => of_messages.extend(messages.iter().map(|index| (*index, reason.as_str()))),
            None => of_all = of_all.or(Some(reason.as_str())),
        }
    }
    of_messages.sort_by_key(|(index, _)| *index);
    let mut start = 0;
    for part in parts {
        let end = start + u32::try_from(part.batch.len()).unwrap_or(u32::MAX);
        let range = of_messages.partition_point(|(index, _)| *index < start)
            ..of_messages.partition_point(|(index, _)| *index < end);
        let failed = failures_of(&of_messages[range], start, of_all);
        start = end;
        if failed.is_empty() {
            part.acknowledge();
        } else if rejection.declined {
            part.decline_some(&failed);
        } else {
            part.lineage.source.lock().apart |= rejection.apart;
            part.settle(&failed);
        }
    }
}

/// The failures of a part that begins at `start`; those of messages go before that of all.
fn failures_of(messages: &[(u32, &str)], start: u32, of_all: Option<&str>) -> Vec<Failure> {
    let mut failures: Vec<Failure> = Vec::new();
    for (index, reason) in messages {
        match failures.last_mut() {
            Some(Failure { reason: last, messages: Some(indexes) }) if last == reason => {
                indexes.push(index - start);
            }
            _ => failures.push(Failure { reason: (*reason).to_owned(), messages: Some(vec![index - start]) }),
        }
    }
    failures.extend(of_all.map(|reason| Failure { reason: reason.to_owned(), messages: None }));
    failures
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
        let why = failed.number(reason);
        match (&*self.origins, messages) {
            (Origins::Same, None) | (Origins::Whole, _) => {
                failed.all.get_or_insert(why);
            }
            (Origins::Same, Some(messages)) => failed.note(why, messages),
            (Origins::Each(each), None) => failed.note(why, each),
            (Origins::Each(each), Some(messages)) => {
                failed.note(why, messages.iter().filter_map(|index| each.get(*index as usize)));
            }
            (Origins::Sets(sets), None) => failed.note(why, sets.iter().flat_map(|set| set.iter())),
            (Origins::Sets(sets), Some(messages)) => {
                let sets = messages.iter().filter_map(|index| sets.get(*index as usize));
                failed.note(why, sets.flat_map(|set| set.iter()));
            }
        }
    }
}

impl Failed {
    /// The number of a reason, which may be a new one.
    fn number(&mut self, reason: &str) -> usize {
        let first = self.reasons.len().saturating_sub(COMPARED);
        if let Some(known) = self.reasons[first..].iter().position(|known| known == reason) {
            return first + known;
        }
        self.reasons.push(reason.to_owned());
        self.reasons.len() - 1
    }

    fn note<'m>(&mut self, why: usize, messages: impl IntoIterator<Item = &'m u32>) {
        for index in messages {
            self.messages.entry(*index).or_insert(why);
        }
    }

    /// What became of a source that this is all of.
    fn outcome(self) -> Outcome {
        let Self { reasons, all, apart, tried, messages } = self;
        let Some(reason) = reasons.first().cloned() else { return Outcome::Acknowledged };
        let mut several = Vec::new();
        if reasons.len() > 1 {
            let mut by_reason: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
            for (index, why) in &messages {
                by_reason.entry(*why).or_default().push(*index);
            }
            let of = |(why, indexes): (usize, Vec<u32>)| {
                Some(Failure { reason: reasons.get(why)?.clone(), messages: Some(indexes) })
            };
            several.extend(by_reason.into_iter().filter_map(of));
            let of_all = all.and_then(|why| reasons.get(why));
            several.extend(of_all.map(|reason| Failure { reason: reason.clone(), messages: None }));
        }
        let messages = all.is_none().then(|| messages.into_keys().collect());
        Outcome::Rejected(Rejection { reason, messages, reasons: several, apart, declined: !tried })
    }
}

impl Source {
    fn lock(&self) -> std::sync::MutexGuard<'_, Failed> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let failed = std::mem::take(self.failed.get_mut().unwrap_or_else(PoisonError::into_inner));
        let outcome = failed.outcome();
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
