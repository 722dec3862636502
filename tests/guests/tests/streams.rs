//! Messages that are written while they are made, and streams that are given again.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is test code too")]

use async_trait::async_trait;
use bytes::Bytes;
use forebay_pipeline_message::{Outcome, Rejection, Value};
use forebay_plugins_api::{
    ByteStream, Components as _, Event, Input, Output, Settlement, Stream, Token, WriteError,
};
use forebay_tests_guests::{Folder, World, batch, soon};
use serde_json::json;
use tokio::sync::mpsc;

/// A stream that is made while somebody reads it.
struct Made(mpsc::Receiver<Result<&'static str, &'static str>>);

#[async_trait]
impl ByteStream for Made {
    async fn read(&mut self, _: usize) -> Result<Bytes, String> {
        match self.0.recv().await {
            Some(Ok(text)) => Ok(text.into()),
            Some(Err(reason)) => Err(reason.to_owned()),
            None => Ok(Bytes::new()),
        }
    }
}

type Maker = mpsc::Sender<Result<&'static str, &'static str>>;

fn made() -> (Maker, Box<dyn ByteStream>) {
    let (maker, stream) = mpsc::channel(8);
    (maker, Box::new(Made(stream)))
}

async fn output(world: &World, config: serde_json::Value) -> Box<dyn Output> {
    let mut output = world.output("streaming", config).await;
    output.connect().await.unwrap();
    output
}

fn reason(answer: Result<forebay_plugins_api::Written, WriteError>) -> String {
    match answer {
        Err(error) => error.to_string(),
        Ok(written) => panic!("{written:?}"),
    }
}

#[tokio::test]
async fn which_output_takes_streams_is_known() {
    let world = World::of(&["streams"]).await;
    let catalog = world.plugins.catalog();
    let outputs = catalog.iter().filter(|entry| entry.plugin.as_str() == "streams" && entry.spec.streams);
    assert_eq!(outputs.map(|entry| entry.spec.name.to_string()).collect::<Vec<_>>(), ["streaming"]);
    assert!(output(&world, json!({})).await.streams());
    let mut whole = world.output("whole", json!({})).await;
    whole.connect().await.unwrap();
    assert!(!whole.streams());
}

#[tokio::test]
async fn a_guest_reads_a_message_while_it_is_made() {
    let world = World::of(&["streams"]).await;
    let mut output = output(&world, json!({})).await;
    let (maker, payload) = made();
    let answer = soon(async {
        tokio::join!(output.write_stream(batch(&[""]), payload), async {
            for piece in ["abcd", "e", "fg"] {
                maker.send(Ok(piece)).await.unwrap();
            }
            drop(maker);
        })
    });
    assert_eq!(reason(answer.await.0), "read abcd|e|fg");
    // One that breaks off is said to, and the output goes on.
    let (maker, payload) = made();
    maker.send(Ok("ab")).await.unwrap();
    maker.send(Err("torn")).await.unwrap();
    assert_eq!(reason(output.write_stream(batch(&[""]), payload).await), "failed behind ab: torn");
    let head = batch(&[""]).with_metadata(&[("state".to_owned(), Value::Text("away"))]);
    let answer = output.write_stream(head, made().1).await;
    assert!(matches!(answer, Err(WriteError::NotConnected(_))), "{answer:?}");
    // Whoever has it connects again.
    output.connect().await.unwrap();
    let (maker, payload) = made();
    maker.send(Ok("h")).await.unwrap();
    drop(maker);
    assert_eq!(reason(soon(output.write_stream(batch(&[""]), payload)).await), "read h");
    output.close().await;
}

#[tokio::test]
async fn the_host_writes_a_message_while_it_is_made() {
    let folder = Folder::new();
    let world = World::granted(&["streams"], &[&folder.path().to_string_lossy()]).await;
    for resolves in [false, true] {
        let path = folder.file(if resolves { "resolved" } else { "plain" });
        let mut output = output(&world, json!({"path": path, "resolves": resolves})).await;
        let (maker, payload) = made();
        let mut written = output.write_stream(batch(&[""]), payload).await.unwrap();
        assert!(written.failed.is_empty() && written.pending.len() == 1);
        let mut pending = written.pending.remove(0);
        assert_eq!((pending.messages.as_deref(), pending.resolve), (None, resolves));
        maker.send(Ok("one ")).await.unwrap();
        // Nobody sees a part of it.
        assert!(!std::fs::exists(&path).unwrap());
        maker.send(Ok("two")).await.unwrap();
        drop(maker);
        assert_eq!(soon(pending.operation.finish()).await, Ok(()));
        if resolves {
            let written = output.resolve(pending.operation).await.unwrap();
            assert!(written.failed.is_empty() && written.pending.is_empty());
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one two");
    }
}

#[tokio::test]
async fn a_message_that_breaks_off_is_not_seen() {
    let folder = Folder::new();
    let world = World::granted(&["streams"], &[&folder.path().to_string_lossy()]).await;
    let path = folder.file("out");
    std::fs::write(&path, "before").unwrap();
    let mut output = output(&world, json!({"path": path, "resolves": true})).await;
    let (maker, payload) = made();
    let mut written = output.write_stream(batch(&[""]), payload).await.unwrap();
    maker.send(Ok("half")).await.unwrap();
    maker.send(Err("torn")).await.unwrap();
    let mut pending = written.pending.remove(0);
    let outcome = soon(pending.operation.finish()).await;
    assert!(outcome.as_ref().is_err_and(|error| error.contains("torn")), "{outcome:?}");
    let error = reason(output.resolve(pending.operation).await);
    assert!(error.starts_with("resolved: ") && error.contains("torn"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
}

async fn stream(input: &mut dyn Input, settled: Vec<Settlement>) -> (Token, Stream) {
    match soon(input.read(settled)).await.unwrap() {
        Event::Stream(token, stream) => (token, stream),
        other => panic!("{other:?}"),
    }
}

fn rejected(token: Token) -> Vec<Settlement> {
    let rejection = Rejection {
        reason: "no".to_owned(),
        messages: None,
        reasons: Vec::new(),
        apart: false,
        declined: false,
    };
    vec![Settlement::new(token, Outcome::Rejected(rejection))]
}

#[tokio::test]
async fn a_rejected_stream_comes_again_and_says_which_it_was() {
    let folder = Folder::new();
    let path = folder.file("in");
    std::fs::write(&path, "content").unwrap();
    let world = World::granted(&["streams"], &[&folder.path().to_string_lossy()]).await;
    let mut input = world.input("again", json!({"path": path})).await;
    input.connect().await.unwrap();
    let (first, Stream { mut source, again, .. }) = stream(&mut *input, vec![]).await;
    assert_eq!(again, None);
    assert_eq!(soon(source.read(100)).await.unwrap(), "content");
    // From its start, and by the token of the one that was rejected last.
    let (second, Stream { mut source, again, .. }) = stream(&mut *input, rejected(first)).await;
    assert_eq!(again, Some(first));
    assert_eq!(soon(source.read(100)).await.unwrap(), "content");
    let (third, Stream { again, .. }) = stream(&mut *input, rejected(second)).await;
    assert_eq!(again, Some(second));
    let settled = vec![Settlement::new(third, Outcome::Acknowledged)];
    assert!(matches!(soon(input.read(settled)).await.unwrap(), Event::Ended));
    input.close(vec![]).await;
}
