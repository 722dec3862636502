//! What is owed to a source batch, whoever has the messages.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Failure, Outcome, Rejection};
use crate::Origins;

/// The duty to say what became of the messages of a batch, which others may have taken.
///
/// One that is dropped without a word counts as failed.
#[derive(Debug)]
pub struct Duty {
    lineage: Lineage,
    messages: u32,
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

impl Duty {
    pub(super) fn new(messages: usize, tell: impl FnOnce(Outcome) + Send + 'static) -> Self {
        let source = Arc::new(Source { failed: Mutex::default(), tell: Mutex::new(Some(Box::new(tell))) });
        let lineage = Lineage { source, origins: Arc::new(Origins::Same) };
        Self { lineage, messages: u32::try_from(messages).unwrap_or(u32::MAX), settled: false }
    }

    /// For how many messages it is.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.messages as usize
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

    /// The same duty for what was made of the messages.
    pub(super) fn derive(&self, further: &Origins, messages: usize) -> Self {
        let lineage = self.lineage.derive(further, messages);
        Self { lineage, messages: u32::try_from(messages).unwrap_or(u32::MAX), settled: false }
    }

    /// Others have this duty now.
    pub(super) fn passed_on(mut self) {
        self.settled = true;
    }
}

/// Settles the parts of a batch by what became of it.
pub(super) fn share(outcome: Outcome, parts: Vec<Duty>) {
    let Outcome::Rejected(Rejection { reason, messages, apart, declined }) = outcome else {
        return parts.into_iter().for_each(Duty::acknowledge);
    };
    let mut start = 0;
    for part in parts {
        let end = start + part.messages;
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

impl Outcome {
    /// Settles duties for messages of which something was made that this is the outcome of.
    pub fn settle(&self, duties: impl IntoIterator<Item = Duty>) {
        for duty in duties {
            match self {
                Self::Acknowledged => duty.acknowledge(),
                Self::Rejected(rejection) if rejection.declined => duty.decline(&rejection.reason),
                Self::Rejected(rejection) if rejection.apart => duty.reject_apart(&rejection.reason),
                Self::Rejected(rejection) => duty.reject(&rejection.reason),
            }
        }
    }
}

impl Drop for Duty {
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
