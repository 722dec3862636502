//! Operations that the host does while the guest goes on.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is test code too")]

use forebay_pipeline_message::Failure;
use forebay_plugins_api::{
    ComponentError, Operation, Output, Pending, Processing, Processor, WriteError, Written,
};
use forebay_tests_guests::{Folder, World, batch, only, process, soon, texts};
use serde_json::json;
use tokio::sync::Mutex;

/// A file to which nothing can be written.
const FULL: &str = "/dev/full";

/// One test at a time: those who have the same file open share its writer, and its failure.
static FULL_IS_TAKEN: Mutex<()> = Mutex::const_new(());

async fn connected(world: &World, config: serde_json::Value) -> Box<dyn Output> {
    let mut output = world.output("appending", config).await;
    output.connect().await.unwrap();
    output
}

async fn finish(pending: &mut [Pending]) -> Vec<Result<(), String>> {
    let mut outcomes = vec![];
    for pending in pending {
        outcomes.push(soon(pending.operation.finish()).await);
    }
    outcomes
}

fn indexes(pending: &[Pending]) -> Vec<Option<Vec<u32>>> {
    pending.iter().map(|pending| pending.messages.clone()).collect()
}

fn is_empty(written: &Written) -> bool {
    written.failed.is_empty() && written.pending.is_empty()
}

async fn one_pending(processor: &mut dyn Processor, text: &str) -> Operation {
    match processor.process(batch(&[text])).await.unwrap() {
        Processing::Pending(operation) => operation,
        Processing::Done(_) => panic!("it does not wait"),
    }
}

#[tokio::test]
async fn every_message_waits_for_its_own_operation() {
    let folder = Folder::new();
    let world = World::granted(&["pending"], &[&folder.path().to_string_lossy()]).await;
    let mut output = connected(&world, json!({"path": folder.file("out")})).await;
    let mut written = output.write(batch(&["a", "b", "c"])).await.unwrap();
    assert_eq!(indexes(&written.pending), [Some(vec![0]), Some(vec![1]), Some(vec![2])]);
    assert!(written.pending.iter().all(|pending| !pending.resolve));
    assert_eq!(finish(&mut written.pending).await, [Ok(()), Ok(()), Ok(())]);
    assert_eq!(std::fs::read_to_string(folder.file("out")).unwrap(), "a\nb\nc\n");
}

#[tokio::test]
async fn a_whole_batch_waits_for_one_operation() {
    let folder = Folder::new();
    let world = World::granted(&["pending"], &[&folder.path().to_string_lossy()]).await;
    let mut output = connected(&world, json!({"path": folder.file("out"), "apart": false})).await;
    let mut written = output.write(batch(&["a", "b\n", ""])).await.unwrap();
    assert_eq!(indexes(&written.pending), [None]);
    assert_eq!(finish(&mut written.pending).await, [Ok(())]);
    assert_eq!(std::fs::read_to_string(folder.file("out")).unwrap(), "a\nb\n\n");
}

#[tokio::test]
async fn several_batches_are_under_way_and_keep_their_order() {
    let folder = Folder::new();
    let world = World::granted(&["pending"], &[&folder.path().to_string_lossy()]).await;
    let mut output = connected(&world, json!({"path": folder.file("out"), "apart": false})).await;
    let mut pending = vec![];
    for number in 0..20 {
        pending.extend(output.write(batch(&[&number.to_string()])).await.unwrap().pending);
    }
    pending.reverse();
    assert!(finish(&mut pending).await.iter().all(Result::is_ok));
    let expected: String = (0..20).map(|number| format!("{number}\n")).collect();
    assert_eq!(std::fs::read_to_string(folder.file("out")).unwrap(), expected);
}

#[tokio::test]
async fn some_messages_fail_at_once_while_others_wait() {
    let folder = Folder::new();
    let world = World::granted(&["pending"], &[&folder.path().to_string_lossy()]).await;
    let mut output = connected(&world, json!({"path": folder.file("out")})).await;
    let written = output.write(batch(&["a", "bad", "c"])).await.unwrap();
    let failure = Failure { reason: "message 1 is bad".to_owned(), messages: Some(vec![1]) };
    assert_eq!(written.failed, [failure]);
    assert_eq!(indexes(&written.pending), [Some(vec![0]), Some(vec![2])]);
}

#[tokio::test]
async fn an_operation_is_resolved_with_its_outcome() {
    let folder = Folder::new();
    let world = World::granted(&["pending"], &[&folder.path().to_string_lossy()]).await;
    let mut output = connected(&world, json!({"path": folder.file("out"), "resolve": true})).await;
    let mut written = output.write(batch(&["a", "b"])).await.unwrap();
    assert!(written.pending.iter().all(|pending| pending.resolve));
    assert_eq!(finish(&mut written.pending).await, [Ok(()), Ok(())]);
    for pending in written.pending {
        assert!(is_empty(&output.resolve(pending.operation).await.unwrap()));
    }
}

#[tokio::test]
async fn a_failed_operation_fails_its_messages_when_it_is_resolved() {
    let _alone = FULL_IS_TAKEN.lock().await;
    let world = World::granted(&["pending"], &[FULL]).await;
    let mut output = connected(&world, json!({"path": FULL, "resolve": true})).await;
    let mut written = output.write(batch(&["a", "b"])).await.unwrap();
    let outcomes = finish(&mut written.pending).await;
    assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
    for (index, pending) in written.pending.into_iter().enumerate() {
        let resolved = output.resolve(pending.operation).await.unwrap();
        let Failure { reason, messages } = &resolved.failed[0];
        assert!(reason.starts_with("resolved: "), "{reason}");
        assert_eq!(*messages, Some(vec![u32::try_from(index).unwrap()]));
        assert!(resolved.pending.is_empty());
    }
}

#[tokio::test]
async fn a_failed_operation_that_is_not_resolved_says_why() {
    let _alone = FULL_IS_TAKEN.lock().await;
    let world = World::granted(&["pending"], &[FULL]).await;
    let mut output = connected(&world, json!({"path": FULL, "apart": false})).await;
    let mut written = output.write(batch(&["a"])).await.unwrap();
    let reason = finish(&mut written.pending).await.remove(0).unwrap_err();
    assert!(reason.contains("No space left on device"), "{reason}");
}

#[tokio::test]
async fn resolving_may_start_another_operation() {
    let folder = Folder::new();
    let world = World::granted(&["pending"], &[&folder.path().to_string_lossy()]).await;
    let config = json!({"path": folder.file("out"), "resolve": true, "twice": true});
    let mut output = connected(&world, config).await;
    let mut written = output.write(batch(&["a", "b"])).await.unwrap();
    finish(&mut written.pending).await;
    for (index, pending) in (0..).zip(written.pending) {
        let mut next = output.resolve(pending.operation).await.unwrap();
        assert_eq!(indexes(&next.pending), [Some(vec![index])]);
        assert!(!next.pending[0].resolve);
        assert_eq!(finish(&mut next.pending).await, [Ok(())]);
    }
    assert_eq!(std::fs::read_to_string(folder.file("out")).unwrap(), "a\nb\nagain\nagain\n");
}

#[tokio::test]
async fn an_index_that_was_not_written_breaks_the_contract() {
    let folder = Folder::new();
    let world = World::granted(&["pending"], &[&folder.path().to_string_lossy()]).await;
    let mut output = connected(&world, json!({"path": folder.file("out"), "wrong_index": true})).await;
    match output.write(batch(&["a"])).await.unwrap_err() {
        WriteError::Component(ComponentError::Lost(lost)) => {
            assert_eq!(
                lost.to_string(),
                "plugin `pending`, component `appending`: broke the plugin contract: an index is not one of 1 \
                 written messages"
            );
        }
        other => panic!("{other}"),
    }
    // The next instance has to connect first.
    let error = output.write(batch(&["bad"])).await.unwrap_err();
    assert!(matches!(error, WriteError::NotConnected(_)), "{error}");
    output.connect().await.unwrap();
    assert_eq!(output.write(batch(&["bad"])).await.unwrap().failed.len(), 1);
}

#[tokio::test]
async fn an_output_may_write_only_where_it_is_granted() {
    let folder = Folder::new();
    let world = World::of(&["pending"]).await;
    let path = folder.file("out");
    let mut output = world.output("appending", json!({"path": path})).await;
    let error = output.connect().await.unwrap_err();
    assert_eq!(error.to_string(), format!("no grant for files {{path: {path}, access: write}}"));
    assert!(!folder.path().join("out").exists());
}

/// Loses the instance of an output: a call that is dropped takes it along.
async fn lose(output: &mut dyn Output) {
    loop {
        tokio::select! {
            biased;
            // The thread that opens the file was faster; another time it is not.
            connected = output.connect() => connected.unwrap(),
            () = tokio::task::yield_now() => return,
        }
    }
}

#[tokio::test]
async fn an_operation_of_a_lost_output_is_not_resolved_by_the_next() {
    let folder = Folder::new();
    let world = World::granted(&["pending"], &[&folder.path().to_string_lossy()]).await;
    let mut output = connected(&world, json!({"path": folder.file("out"), "resolve": true})).await;
    let mut old = output.write(batch(&["old"])).await.unwrap().pending;
    finish(&mut old).await;
    lose(&mut *output).await;

    output.connect().await.unwrap();
    let mut new = output.write(batch(&["new"])).await.unwrap().pending;
    finish(&mut new).await;
    // Operations are numbered anew by every instance: the old one must not pass for the new one.
    let resolved = output.resolve(old.remove(0).operation).await;
    assert!(resolved.is_err(), "{resolved:?}");
    assert!(is_empty(&output.resolve(new.remove(0).operation).await.unwrap()));
}

#[tokio::test]
async fn a_processor_waits_and_goes_on() {
    let folder = Folder::new();
    let world = World::granted(&["pending"], &[&folder.path().to_string_lossy()]).await;
    let mut processor = world.processor("noting", json!({"path": folder.file("notes"), "steps": 3})).await;
    let mut operation = one_pending(&mut *processor, "a").await;
    for _ in 0..2 {
        assert_eq!(soon(operation.finish()).await, Ok(()));
        operation = match processor.resume(operation).await.unwrap() {
            Processing::Pending(operation) => operation,
            Processing::Done(_) => panic!("it has more steps"),
        };
    }
    assert_eq!(soon(operation.finish()).await, Ok(()));
    let done = only(processor.resume(operation).await.unwrap());
    assert_eq!(texts(&done.batch), ["a"]);
    assert_eq!(std::fs::read_to_string(folder.file("notes")).unwrap(), "a\na\na\n");
}

#[tokio::test]
async fn batches_that_wait_are_not_mixed_up() {
    let folder = Folder::new();
    let world = World::granted(&["pending"], &[&folder.path().to_string_lossy()]).await;
    let mut processor = world.processor("noting", json!({"path": folder.file("notes")})).await;
    let mut waiting = vec![];
    for text in ["a", "b", "c"] {
        waiting.push((text, one_pending(&mut *processor, text).await));
    }
    for (text, mut operation) in waiting.into_iter().rev() {
        soon(operation.finish()).await.unwrap();
        assert_eq!(texts(&only(processor.resume(operation).await.unwrap()).batch), [text]);
    }
}

#[tokio::test]
async fn a_failed_operation_fails_the_batch_of_a_processor() {
    let _alone = FULL_IS_TAKEN.lock().await;
    let world = World::granted(&["pending"], &[FULL]).await;
    let mut processor = world.processor("noting", json!({"path": FULL})).await;
    let mut operation = one_pending(&mut *processor, "a").await;
    soon(operation.finish()).await.unwrap_err();
    let error = processor.resume(operation).await.unwrap_err();
    assert!(error.to_string().starts_with("note a batch: "), "{error}");
}

#[tokio::test]
async fn an_operation_of_a_lost_processor_is_not_resumed_by_the_next() {
    let folder = Folder::new();
    let world = World::granted(&["pending"], &[&folder.path().to_string_lossy()]).await;
    let mut processor = world.processor("noting", json!({"path": folder.file("notes")})).await;
    let mut operation = one_pending(&mut *processor, "old").await;
    soon(operation.finish()).await.unwrap();
    processor.process(batch(&["panic"])).await.unwrap_err();

    let mut new = one_pending(&mut *processor, "new").await;
    soon(new.finish()).await.unwrap();
    let resumed = processor.resume(operation).await;
    assert!(resumed.is_err(), "{resumed:?}");
    assert_eq!(texts(&only(processor.resume(new).await.unwrap()).batch), ["new"]);
}

#[tokio::test]
async fn a_processor_with_no_steps_is_done_at_once() {
    let world = World::of(&["pending"]).await;
    let mut processor = world.processor("noting", json!({"path": "nowhere", "steps": 0})).await;
    assert_eq!(texts(&process(&mut *processor, batch(&["a"])).await.unwrap()), ["a"]);
}
