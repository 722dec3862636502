//! Changing messages of a batch, with all else that belongs to them left as it is.

use std::collections::BTreeMap;

use forebay_pipeline_message::{Batch, Origins};

/// A batch whose messages have these payloads (`None`: a tombstone), and all else from the messages of `source` that
/// `origins` name: `Same`, or one for each payload.
pub(super) fn with_payloads<P: AsRef<[u8]>>(
    source: &Batch,
    origins: &Origins,
    payloads: impl IntoIterator<Item = Option<P>>,
) -> Batch {
    let payloads = Batch::from_payloads(payloads, source.independent());
    source.derive(payloads.block(u32::MAX), origins, usize::MAX).expect("each payload has a message")
}

/// The batch with some messages flagged, in place of errors that these have.
pub(super) fn flag(batch: &Batch, errors: &BTreeMap<usize, String>) -> Batch {
    if errors.is_empty() {
        return batch.clone();
    }
    let own = batch.iter().map(|message| message.error());
    let all = own.enumerate().filter_map(|(index, own)| {
        let error = errors.get(&index).map(String::as_str).or(own)?;
        Some((index, error))
    });
    batch.with_errors(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_changed_stays() {
        let source =
            Batch::from_payloads([Some("a"), None, Some("c")], true).with_errors([(0, "old"), (2, "older")]);
        let changed = with_payloads(&source, &Origins::Each(vec![2, 2, 0]), [Some("x"), None, Some("")]);
        let changed = flag(&changed, &BTreeMap::from([(1, "new".to_owned())]));
        let shown: Vec<_> = changed.iter().map(|message| (message.payload(), message.error())).collect();
        let expected: [(Option<&[u8]>, _); 3] =
            [(Some(b"x"), Some("older")), (None, Some("new")), (Some(b""), Some("old"))];
        assert_eq!(shown, expected);
        assert!(changed.independent());
        let same = with_payloads(&source, &Origins::Same, source.iter().map(|message| message.payload()));
        assert_eq!(
            same.iter().map(|message| message.payload()).collect::<Vec<_>>(),
            [Some(&b"a"[..]), None, Some(b"c")]
        );
    }
}
