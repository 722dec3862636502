//! Putting the results of parts of a batch together again.

use forebay_pipeline_message::{Batch, Origins, Processed};

/// One batch of all results of parts of `source`, in the order of that: what depends on several messages stands where
/// the first of them did. Whether messages stand for themselves is as it was in `source`.
pub(super) fn in_order(parts: Vec<Processed>, source: &Batch) -> Processed {
    let Processed { batch: all, origins } = in_sequence(parts, source);
    if origins == Origins::Same {
        return Processed { batch: all, origins };
    }
    let mut order: Vec<u32> = (0..).take(all.len()).collect();
    order.sort_by_key(|index| first_source(&origins, *index));
    if order.is_sorted() {
        return Processed { batch: all, origins };
    }
    let batch = all.select(&order).expect("an order of the same messages");
    let length = order.len();
    Processed { batch, origins: origins.then(&Origins::Each(order), length) }
}

/// The same, one part after the other.
pub(crate) fn in_sequence(parts: Vec<Processed>, source: &Batch) -> Processed {
    let mut parts: Vec<_> = parts.into_iter().filter(|part| !part.batch.is_empty()).collect();
    let (batch, origins) = match parts.len() {
        0 => (source.slice(0, 0).expect("it is in every range"), Origins::Each(Vec::new())),
        1 => {
            let Processed { batch, origins } = parts.remove(0);
            (batch, origins)
        }
        _ => {
            let batches: Vec<_> = parts.iter().map(|part| part.batch.clone()).collect();
            let lengths: Vec<_> = parts.into_iter().map(|part| (part.origins, part.batch.len())).collect();
            let all = Batch::concatenate(&batches).expect("memory ends before 2^32 messages");
            (all, Origins::joined(&lengths, source.len()))
        }
    };
    Processed { batch: batch.with_independent(source.independent()), origins }
}

/// All results of parts of an independent `source`, in the order of that. Batches that belong together, each of which
/// one message was made to, stay apart from each other and from all else.
pub(super) fn each_in_order(parts: Vec<Processed>, source: &Batch) -> Vec<Processed> {
    let parts = parts.into_iter().filter(|part| !part.batch.is_empty());
    let (alone, together): (Vec<_>, Vec<_>) = parts.partition(|part| part.batch.independent());
    let alone = in_order(alone, source);
    if together.is_empty() {
        return vec![alone];
    }
    let mut together: Vec<_> =
        together.into_iter().map(|part| (first_source(&part.origins, 0), part)).collect();
    together.sort_by_key(|(first, _)| *first);
    let between = |start: u32, end: u32| {
        let batch = alone.batch.slice(start as usize, end as usize).expect("it is in range");
        let origins = alone.origins.then(&Origins::Each((start..end).collect()), batch.len());
        Processed { batch, origins }
    };
    let length = u32::try_from(alone.batch.len()).expect("a batch counts its messages so");
    let mut all = Vec::with_capacity(2 * together.len() + 1);
    let mut start = 0;
    for (first, part) in together {
        let end =
            (start..length).find(|index| first_source(&alone.origins, *index) > first).unwrap_or(length);
        all.extend([between(start, end), part]);
        start = end;
    }
    all.push(between(start, length));
    all.retain(|part| !part.batch.is_empty());
    all
}

/// The first source message that a message depends on.
pub(super) fn first_source(origins: &Origins, index: u32) -> u32 {
    match origins {
        Origins::Same => index,
        Origins::Each(each) => each[index as usize],
        Origins::Sets(sets) => sets[index as usize].iter().copied().min().unwrap_or(0),
        Origins::Whole => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn batch(payloads: &[&str]) -> Batch {
        Batch::from_payloads(payloads.iter().copied().map(Some), false)
    }

    fn payloads(batch: &Batch) -> Vec<String> {
        batch
            .iter()
            .map(|message| String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned())
            .collect()
    }

    #[test]
    fn results_stand_in_the_order_of_their_sources() {
        let parts = vec![
            Processed { batch: batch(&["a2", "b2"]), origins: Origins::Each(vec![2, 2]) },
            Processed { batch: batch(&["0 and 3"]), origins: Origins::Sets(vec![Arc::from([3, 0])]) },
            Processed { batch: batch(&["1"]), origins: Origins::Each(vec![1]) },
        ];
        let Processed { batch, origins } = in_order(parts, &batch(&["", "", "", ""]));
        assert_eq!(payloads(&batch), ["0 and 3", "1", "a2", "b2"]);
        assert!(origins.check(4, 4).is_ok());
        assert_eq!(first_source(&origins, 3), 2);
    }

    #[test]
    fn batches_that_belong_together_stay_so() {
        let each = |payloads: &[&str], independent, origins: &[u32]| {
            let batch = batch(payloads).with_independent(independent);
            Processed { batch, origins: Origins::Each(origins.to_vec()) }
        };
        let parts = vec![
            each(&["2", "and 2"], false, &[2, 2]),
            each(&["0", "1", "3", "4"], true, &[0, 1, 3, 4]),
            each(&["1", "and 1"], false, &[1, 1]),
        ];
        let source = batch(&["", "", "", "", ""]).with_independent(true);
        let all = each_in_order(parts, &source);
        let shown: Vec<_> = all.iter().map(|part| payloads(&part.batch).join(" ")).collect();
        assert_eq!(shown, ["0 1", "1 and 1", "2 and 2", "3 4"]);
        assert_eq!(all[3].origins, Origins::Each(vec![3, 4]));
        assert!(all[0].batch.independent() && !all[1].batch.independent());
    }

    #[test]
    fn nothing_comes_of_nothing() {
        let Processed { batch, origins } = in_order(Vec::new(), &batch(&["", ""]));
        assert!(batch.is_empty() && origins.check(0, 2).is_ok());
    }
}
