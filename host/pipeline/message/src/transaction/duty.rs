//! What is owed to a source batch, whoever has the messages.

use std::collections::BTreeMap;
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
    let Outcome::Rejected(rejection) = outcome else {
        return parts.into_iter().for_each(Duty::acknowledge);
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
        let end = start + part.messages;
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
