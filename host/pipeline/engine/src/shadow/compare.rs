//! In what two results of the same batch differ. Order counts; how columns are laid out does not.

use forebay_pipeline_message::{Batch, Message, Origins, Processed};

use super::Given;

/// In what results can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// One gave results where the other failed, or both failed in different words.
    Failure,
    /// The number of result batches, or of messages in one.
    Count,
    Payload,
    Metadata,
    /// The error that a message is flagged with.
    Flag,
    /// From which messages of the source the results come.
    Origin,
}

impl What {
    pub(crate) const ALL: [Self; 6] =
        [Self::Failure, Self::Count, Self::Payload, Self::Metadata, Self::Flag, Self::Origin];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Count => "count",
            Self::Payload => "payload",
            Self::Metadata => "metadata",
            Self::Flag => "flag",
            Self::Origin => "origin",
        }
    }
}

/// The first difference of its batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) what: What,
    /// The message, counted over all result batches; none where it is about all.
    pub(crate) message: Option<usize>,
    pub(crate) main: Vec<u8>,
    pub(crate) shadow: Vec<u8>,
}

/// How two results compare.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// How often they differ in what: messages, or batches where messages can't be told apart.
    pub(crate) counts: Vec<(What, u64)>,
    pub(crate) first: Option<Difference>,
}

impl Comparison {
    fn note(&mut self, what: What, difference: impl FnOnce() -> Difference) {
        match self.counts.iter_mut().find(|(counted, _)| *counted == what) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((what, 1)),
        }
        if self.first.is_none() {
            self.first = Some(difference());
        }
    }

    fn note_text(&mut self, what: What, message: Option<usize>, main: String, shadow: String) {
        self.note(what, || Difference { what, message, main: main.into(), shadow: shadow.into() });
    }
}

/// Compares what two processors gave for a batch of `source` messages.
pub(crate) fn compare(source: usize, main: &Given, shadow: &Given) -> Comparison {
    let mut comparison = Comparison::default();
    match (main, shadow) {
        (Given::Results(main), Given::Results(shadow)) => {
            compare_results(&mut comparison, source, main, shadow);
        }
        // Why an instance was lost is never put twice in the same words.
        (Given::Lost(_), Given::Lost(_)) => {}
        (Given::Failed(main), Given::Failed(shadow)) if main == shadow => {}
        (main, shadow) => comparison.note_text(What::Failure, None, in_words(main), in_words(shadow)),
    }
    comparison
}

fn in_words(given: &Given) -> String {
    match given {
        Given::Results(results) => {
            let messages: usize = results.iter().map(|result| result.batch.len()).sum();
            format!("{messages} messages")
        }
        Given::Failed(reason) => format!("failed: {reason}"),
        Given::Lost(reason) => format!("lost: {reason}"),
    }
}

fn compare_results(comparison: &mut Comparison, source: usize, main: &[Processed], shadow: &[Processed]) {
    let lengths = |results: &[Processed]| results.iter().map(|result| result.batch.len()).collect::<Vec<_>>();
    let (of_main, of_shadow) = (lengths(main), lengths(shadow));
    if of_main != of_shadow {
        let in_words = |lengths: &[usize]| format!("batches of {lengths:?} messages");
        comparison.note_text(What::Count, None, in_words(&of_main), in_words(&of_shadow));
    }
    let mut first = 0;
    for (main, shadow) in main.iter().zip(shadow) {
        compare_messages(comparison, first, &main.batch, &shadow.batch);
        if main.batch.len() == shadow.batch.len() {
            compare_origins(comparison, first, source, main, shadow);
        }
        first += main.batch.len();
    }
}

fn compare_messages(comparison: &mut Comparison, first: usize, main: &Batch, shadow: &Batch) {
    for (index, (main, shadow)) in (first..).zip(main.iter().zip(shadow.iter())) {
        if main.payload() != shadow.payload() {
            let bytes = |message: &Message<'_>| message.payload().unwrap_or(b"(none)").to_vec();
            comparison.note(What::Payload, || Difference {
                what: What::Payload,
                message: Some(index),
                main: bytes(&main),
                shadow: bytes(&shadow),
            });
        }
        if !main.metadata_entries().eq(shadow.metadata_entries()) {
            let entries = |message: &Message<'_>| {
                let entry = |(key, value)| format!("{key}: {value:?}");
                message.metadata_entries().map(entry).collect::<Vec<_>>().join(", ")
            };
            comparison.note_text(What::Metadata, Some(index), entries(&main), entries(&shadow));
        }
        if main.error() != shadow.error() {
            let flag = |message: &Message<'_>| message.error().unwrap_or("(not flagged)").to_owned();
            comparison.note_text(What::Flag, Some(index), flag(&main), flag(&shadow));
        }
    }
}

fn compare_origins(
    comparison: &mut Comparison,
    first: usize,
    source: usize,
    main: &Processed,
    shadow: &Processed,
) {
    let (of_main, of_shadow) = (origins(main, source), origins(shadow, source));
    let (Some(of_main), Some(of_shadow)) = (&of_main, &of_shadow) else {
        if of_main != of_shadow {
            let in_words = |each: Option<Vec<u32>>| match each {
                Some(_) => "each from one message".to_owned(),
                None => "all from the whole batch".to_owned(),
            };
            comparison.note_text(What::Origin, None, in_words(of_main), in_words(of_shadow));
        }
        return;
    };
    for (index, (main, shadow)) in of_main.iter().zip(of_shadow).enumerate() {
        if main != shadow {
            comparison.note_text(What::Origin, Some(first + index), main.to_string(), shadow.to_string());
        }
    }
}

/// The origin of every message; `None` when that is not a single one. Of one message, all origins are the same.
fn origins(result: &Processed, source: usize) -> Option<Vec<u32>> {
    match &result.origins {
        Origins::Same => Some((0..).take(result.batch.len()).collect()),
        Origins::Each(each) => Some(each.clone()),
        Origins::Sets(_) | Origins::Whole if source == 1 => Some(vec![0; result.batch.len()]),
        Origins::Sets(_) | Origins::Whole => None,
    }
}

#[cfg(test)]
mod tests {
    use forebay_pipeline_message::Value;
    use forebay_plugins_api::{LostInstance, LostReason};

    use super::*;

    fn results(payloads: &[&str], origins: Origins) -> Given {
        let batch = Batch::from_payloads(payloads.iter().copied().map(Some), true);
        Given::Results(vec![Processed { batch, origins }])
    }

    fn lost() -> LostInstance {
        let (plugin, component) = ("p".parse().expect("a name"), "c".parse().expect("a name"));
        LostInstance { plugin, component, reason: LostReason::Trap, detail: String::new() }
    }

    fn counts(main: &Given, shadow: &Given) -> Vec<(What, u64)> {
        let mut counts = compare(2, main, shadow).counts;
        counts.sort_unstable();
        counts
    }

    #[test]
    fn origins_are_the_same_in_whatever_form() {
        let main = results(&["a", "b"], Origins::Same);
        assert_eq!(counts(&main, &results(&["a", "b"], Origins::Each(vec![0, 1]))), []);
        assert_eq!(counts(&main, &results(&["a", "b"], Origins::Each(vec![1, 1]))), [(What::Origin, 1)]);
        assert_eq!(counts(&main, &results(&["a", "b"], Origins::Whole)), [(What::Origin, 1)]);
    }

    #[test]
    fn the_order_of_messages_counts() {
        let comparison =
            compare(2, &results(&["a", "b"], Origins::Same), &results(&["b", "a"], Origins::Same));
        assert_eq!(comparison.counts, [(What::Payload, 2)]);
        let first = comparison.first.unwrap();
        assert_eq!((first.message, &first.main[..], &first.shadow[..]), (Some(0), &b"a"[..], &b"b"[..]));
    }

    #[test]
    fn messages_too_few_or_too_many_are_counted_once() {
        let (one, two) = (results(&["a"], Origins::Same), results(&["a", "b"], Origins::Same));
        assert_eq!(counts(&one, &two), [(What::Count, 1)]);
        assert_eq!(counts(&Given::Results(Vec::new()), &one), [(What::Count, 1)]);
    }

    #[test]
    fn metadata_and_flags_are_compared() {
        let Given::Results(plain) = results(&["a", "b"], Origins::Same) else { unreachable!() };
        let with = |batch: Batch| Given::Results(vec![Processed { batch, origins: Origins::Same }]);
        let marked = with(plain[0].batch.with_metadata(&[("k".to_owned(), Value::Text("v"))]));
        let flagged = with(plain[0].batch.with_errors([(1, "no")]));
        let plain = Given::Results(plain);
        assert_eq!(counts(&plain, &marked), [(What::Metadata, 2)]);
        assert_eq!(counts(&plain, &flagged), [(What::Flag, 1)]);
        assert_eq!(counts(&marked, &marked.clone()), []);
    }

    #[test]
    fn a_failure_differs_from_results_and_from_another_failure() {
        let failed = |reason: &str| Given::Failed(reason.to_owned());
        assert_eq!(counts(&failed("no"), &failed("no")), []);
        assert_eq!(counts(&failed("no"), &failed("never")), [(What::Failure, 1)]);
        assert_eq!(counts(&results(&["a"], Origins::Same), &Given::Lost(lost())), [(What::Failure, 1)]);
    }
}
