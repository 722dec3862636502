use std::ops::Range;

use forebay_sdk::{Origins, Processed};

/// The results of messages that stand for themselves. The parts of one message belong together from here on; what is
/// alone stays with its neighbours. `ends` says how many results there are after those of each message.
pub(super) fn apart(results: Processed, ends: &[usize]) -> Vec<Processed> {
    let sources = match &results.origins {
        Origins::Each(sources) => sources.as_slice(),
        // Each message has one part.
        Origins::Same | Origins::Whole => return vec![results],
    };
    let mut done = Vec::new();
    let mut alone = 0;
    let mut start = 0;
    for end in ends.iter().copied() {
        if end - start > 1 {
            done.push(piece(&results, sources, alone..start, true));
            done.push(piece(&results, sources, start..end, false));
            alone = end;
        }
        start = end;
    }
    done.push(piece(&results, sources, alone..start, true));
    done.into_iter().flatten().collect()
}

fn piece(results: &Processed, sources: &[u32], range: Range<usize>, independent: bool) -> Option<Processed> {
    let origins = Origins::Each(sources.get(range.clone()).filter(|sources| !sources.is_empty())?.to_vec());
    Some(Processed { batch: results.batch.slice(range).with_independent(independent), origins })
}
