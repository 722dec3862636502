//! Responses find the way back, whatever was made of the messages.

use forebay_columns::BlockWriter;
use forebay_pipeline_message::{Batch, Origins, Processed, RespondError, ResponseStore};

fn batch(payloads: &[&str]) -> Batch {
    Batch::from_payloads(payloads.iter().copied().map(Some), false)
}

fn texts(batch: &Batch) -> Vec<String> {
    batch
        .iter()
        .map(|message| String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned())
        .collect()
}

fn taken(store: &ResponseStore) -> Vec<Vec<String>> {
    store.take().iter().map(texts).collect()
}

/// Columns of these payloads, as a guest writes them.
fn columns(payloads: &[&str]) -> bytes::Bytes {
    let mut block = BlockWriter::with_capacity(payloads.len(), 0);
    payloads.iter().for_each(|payload| block.push(payload.as_bytes()));
    block.finish().into()
}

#[test]
fn a_batch_is_its_own_response() {
    let store = ResponseStore::default();
    let asked = batch(&["a", "b"]).with_responses(&store);
    asked.respond().unwrap();
    asked.slice(1, 2).unwrap().respond().unwrap();
    assert_eq!(taken(&store), [vec!["a", "b"], vec!["b"]]);
    assert_eq!(taken(&store), Vec::<Vec<String>>::new());
}

#[test]
fn what_is_derived_answers_to_those_that_it_comes_from() {
    let stores = [ResponseStore::default(), ResponseStore::default()];
    let asked = Batch::concatenate(&[
        batch(&["a"]).with_responses(&stores[0]),
        batch(&["b"]).with_responses(&stores[1]),
        batch(&["c"]),
    ]);
    let asked = asked.unwrap();
    let derived = asked.derive(columns(&["x", "y", "z"]), &Origins::Each(vec![2, 1, 0]), usize::MAX).unwrap();
    for index in 0..3 {
        let message = derived.slice(index, index + 1).unwrap();
        let expected = if index == 0 { Err(RespondError::NobodyWaits) } else { Ok(()) };
        assert_eq!(message.respond(), expected);
    }
    assert_eq!(
        (taken(&stores[0]), taken(&stores[1])),
        (vec![vec!["z".to_owned()]], vec![vec!["y".to_owned()]])
    );
    // One response is that to the first message.
    let whole = asked.derive(columns(&["w"]), &Origins::Whole, usize::MAX).unwrap();
    whole.respond().unwrap();
    assert_eq!((taken(&stores[0]).len(), taken(&stores[1]).len()), (1, 0));
}

#[test]
fn messages_that_were_made_anew_get_the_way_back_of_their_origins() {
    let stores = [ResponseStore::default(), ResponseStore::default()];
    let asked =
        Batch::concatenate(&stores.each_ref().map(|store| batch(&["a"]).with_responses(store))).unwrap();
    let made = batch(&["new"]).answering(&asked, &Origins::Each(vec![1]));
    made.respond().unwrap();
    assert_eq!((taken(&stores[0]).len(), taken(&stores[1])), (0, vec![vec!["new".to_owned()]]));
    // They keep their own where they have one.
    let own = asked.slice(0, 1).unwrap().answering(&made, &Origins::Same);
    own.respond().unwrap();
    assert_eq!(taken(&stores[0]).len(), 1);
}

#[test]
fn what_changes_a_batch_keeps_the_way_back() {
    let store = ResponseStore::default();
    let asked = batch(&["a", "b"]).with_responses(&store);
    let changed = [
        asked.flagged("no"),
        asked.with_independent(true),
        asked.select(&[1, 0]).unwrap().with_metadata(&[]),
        asked.emptied(),
    ];
    for batch in &changed {
        batch.respond().unwrap();
    }
    assert_eq!(taken(&store), [vec!["a", "b"], vec!["a"], vec!["b"], vec!["b", "a"], vec!["", ""]]);
}

#[test]
fn a_response_has_no_way_back_itself() {
    let store = ResponseStore::default();
    batch(&["a"]).with_responses(&store).respond().unwrap();
    assert_eq!(store.take()[0].respond(), Err(RespondError::NobodyWaits));
    let asked = batch(&["a"]).with_responses(&store).without_responses();
    assert_eq!(asked.respond(), Err(RespondError::NobodyWaits));
}

#[test]
fn there_is_a_most_of_responses() {
    let store = ResponseStore::default();
    let asked = batch(&["a"]).with_responses(&store);
    let given = (0..20_000).take_while(|_| asked.respond().is_ok()).count();
    assert_eq!(given, 10_000);
    assert_eq!(asked.respond(), Err(RespondError::TooMuch));
    let large = vec![0; (64 << 20) + 1];
    assert_eq!(
        ResponseStore::default().add(&Batch::from_payloads([Some(large)], false)),
        Err(RespondError::TooMuch)
    );
}

#[test]
fn transactions_carry_it_along() {
    let store = ResponseStore::default();
    let asked = batch(&["a", "b"]).with_responses(&store);
    let transaction = forebay_pipeline_message::Transaction::new(asked, |_| {});
    let results =
        vec![Processed { batch: transaction.batch().slice(1, 2).unwrap(), origins: Origins::Each(vec![1]) }];
    let derived = transaction.derive(results).unwrap();
    derived[0].batch().respond().unwrap();
    assert_eq!(taken(&store), [vec!["b"]]);
}
