mod duty;

use crate::{Batch, Held, Origins, OriginsError, Processed};
use duty::share;

pub use duty::Duty;

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
    /// Held as long as the batch is; before the duty, so that it is let go before anything is told.
    held: Option<Held>,
    duty: Duty,
}

impl Transaction {
    /// A source batch; `tell` is called once, by whoever settles its last descendant.
    pub fn new(batch: Batch, tell: impl FnOnce(Outcome) + Send + 'static) -> Self {
        let duty = Duty::new(batch.len(), tell);
        Self { batch, held: None, duty }
    }

    /// One message that was made of all of what these duties are for, or several.
    #[must_use]
    pub fn made_of(batch: Batch, duties: Vec<Duty>) -> Self {
        Self::new(batch, move |outcome| outcome.settle(duties))
    }

    /// The same transaction; what is held is let go when nobody has its batch, or a part of it, any more.
    #[must_use]
    pub fn holding(self, held: Held) -> Self {
        Self { held: Some(held), ..self }
    }

    #[must_use]
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// What is held as long as the batch is.
    #[must_use]
    pub fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    /// The batch, and the duty to say what becomes of it. What is held is let go, so the batch should be as well.
    #[must_use]
    pub fn into_parts(self) -> (Batch, Duty) {
        (self.batch, self.duty)
    }

    /// This transaction with another batch of as many messages that come from the same sources.
    #[must_use]
    pub fn with_batch(mut self, batch: Batch) -> Self {
        debug_assert_eq!(batch.len(), self.batch.len());
        self.batch = batch.with_tried(self.batch.tried());
        self
    }

    /// Everything was delivered.
    pub fn acknowledge(self) {
        self.settle(&[]);
    }

    /// Nothing was delivered.
    pub fn reject(self, reason: &str) {
        self.letting_go().reject(reason);
    }

    /// Nothing was delivered, maybe because of one message among them.
    pub fn reject_apart(self, reason: &str) {
        self.letting_go().reject_apart(reason);
    }

    /// Nothing was delivered, nor will be: the input is to end before this.
    pub fn decline(self, reason: &str) {
        self.letting_go().decline(reason);
    }

    /// Everything was delivered but what `failures` name.
    pub fn settle(self, failures: &[Failure]) {
        self.letting_go().settle(failures);
    }

    fn letting_go(self) -> Duty {
        let Self { batch, held, duty } = self;
        drop((batch, held));
        duty
    }

    /// What a processor made of this transaction. Its duty passes on to the results; messages that
    /// none of them comes from are thereby delivered.
    ///
    /// # Errors
    /// When origins do not fit; the transaction is then unchanged.
    pub fn derive(self, results: Vec<Processed>) -> Result<Vec<Self>, (Self, OriginsError)> {
        for result in &results {
            if let Err(error) = result.origins.check(result.batch.len(), self.batch.len()) {
                return Err((self, error));
            }
        }
        let tried = self.batch.tried();
        let results = results.into_iter().map(|Processed { batch, origins }| {
            let duty = self.duty.derive(&origins, batch.len());
            Self { batch: batch.with_tried(tried), held: self.held.clone(), duty }
        });
        let results = results.collect();
        // The results have it now.
        self.letting_go().passed_on();
        Ok(results)
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
        let mut held = Vec::new();
        let mut duties = Vec::with_capacity(transactions.len());
        for Self { held: of_part, duty, .. } in transactions {
            held.extend(of_part);
            duties.push(duty);
        }
        let held = (!held.is_empty()).then(|| Held::new(held));
        Ok(Self { held, ..Self::new(batch, move |outcome| share(outcome, duties)) })
    }

    /// The same transaction; `told` is called when it is settled.
    #[must_use]
    pub fn watched(self, told: impl FnOnce() + Send + 'static) -> Self {
        let Self { batch, held, duty } = self;
        let watched = Self::new(batch, move |outcome| {
            told();
            share(outcome, vec![duty]);
        });
        Self { held, ..watched }
    }
}
