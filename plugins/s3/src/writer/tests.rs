#![cfg(test)]

use forebay_sdk::{Processed, testing};

use super::*;
use crate::stores::Cloud;

const URL: &str = "s3://lake";

fn writer() -> Writer {
    Writer::new(Stores::new(Cloud { scheme: "s3", ..Cloud::default() }))
}

fn object(path: &str) -> Result<Object, Error> {
    Ok(Object {
        bucket: "lake".to_owned(),
        path: path.to_owned(),
        options: PutOptions::default(),
        collision: Collision::Overwrite,
    })
}

fn guarded(path: &str, collision: Collision) -> Result<Object, Error> {
    object(path).map(|object| Object { collision, ..object })
}

/// Goes on until nothing is under way: the reasons of what failed, by message.
fn finish(writer: &mut Writer, mut written: Written) -> Vec<(u32, String)> {
    let mut failed = Vec::new();
    loop {
        for Failure { reason, messages } in written.failed.drain(..) {
            failed.extend(messages.unwrap().into_iter().map(|index| (index, reason.clone())));
        }
        let Some(Pending { operation, .. }) = written.pending.pop() else { return failed };
        let more = writer.resolve(&operation).unwrap();
        written.failed.extend(more.failed);
        written.pending.extend(more.pending);
    }
}

#[test]
fn each_message_becomes_an_object() {
    let memory = testing::stores();
    let mut writer = writer();
    let batch = Batch::from_payloads(["a", "b", "c"]);
    let written = writer.write(&batch, vec![object("x/1"), object("2"), object("3")]);
    let messages: Vec<_> = written.pending.iter().map(|pending| pending.messages.clone()).collect();
    assert_eq!(messages, [Some(vec![0]), Some(vec![1]), Some(vec![2])]);
    assert!(finish(&mut writer, written).is_empty() && writer.waiting.is_empty());
    assert_eq!(memory.names(URL), ["2", "3", "x/1"]);
    assert_eq!(memory.get(URL, "x/1").unwrap().content, b"a");
}

#[test]
fn a_message_that_fails_leaves_the_others_alone() {
    let memory = testing::stores();
    memory.break_operation("2", "it burns");
    let mut writer = writer();
    let batch = Batch::from_payloads(["a", "b", "c", "d"]);
    let objects = vec![object("1"), object("2"), Err(Error::new("no path")), object("4")];
    let written = writer.write(&batch, objects);
    let mut failed = finish(&mut writer, written);
    failed.sort();
    assert_eq!(failed, [(1, "it burns".to_owned()), (2, "no path".to_owned())]);
    assert_eq!(memory.names(URL), ["1", "4"]);
}

#[test]
fn messages_for_one_object_follow_each_other() {
    let memory = testing::stores();
    let mut writer = writer();
    let batch = Batch::from_payloads(["a", "b", "c"]);
    let written = writer.write(&batch, vec![object("1"), object("2"), object("1")]);
    let messages: Vec<_> = written.pending.iter().map(|pending| pending.messages.clone()).collect();
    assert_eq!(messages, [Some(vec![0, 2]), Some(vec![1])]);
    assert_eq!(memory.get(URL, "1").unwrap().content, b"a");
    assert!(finish(&mut writer, written).is_empty());
    assert_eq!(memory.get(URL, "1").unwrap().content, b"c");
}

#[test]
fn a_large_batch_is_put_bit_by_bit() {
    let memory = testing::stores();
    let mut writer = writer();
    let names: Vec<_> = (0..1_000).map(|index| index.to_string()).collect();
    let batch = Batch::from_payloads(&names);
    let written = writer.write(&batch, names.iter().map(|name| object(name)).collect());
    assert_eq!(written.pending.len(), MOST_AT_ONCE);
    // Another batch goes on all the same.
    let other = writer.write(&batch, names.iter().map(|name| object(name)).collect());
    assert_eq!(other.pending.len(), 1);
    assert!(finish(&mut writer, written).is_empty());
    assert!(finish(&mut writer, other).is_empty());
    assert_eq!(memory.names(URL).len(), 1_000);
}

#[test]
fn a_put_waits_for_room_while_others_end() {
    let memory = testing::stores();
    let mut writer = writer();
    let batch = Batch::from_payloads(["a"]);
    let full = || ObjectError::Unavailable("too much is under way".to_owned());
    memory.fail("put", full());
    // Nothing of ours will end.
    let written = writer.write(&batch, vec![object("1")]);
    assert_eq!((written.failed.len(), written.pending.len()), (1, 0));
    let first = writer.write(&batch, vec![object("1")]);
    memory.fail("put", full());
    memory.fail("put", full());
    let second = writer.write(&batch, vec![object("2")]);
    assert_eq!((second.failed.len(), second.pending.len()), (0, 1));
    assert!(finish(&mut writer, first).is_empty() && finish(&mut writer, second).is_empty());
}

#[test]
fn what_is_there_is_dealt_with_as_it_is_said() {
    let memory = testing::stores();
    memory.put(URL, "there", "old", PutOptions::default());
    let mut writer = writer();
    let batch = Batch::from_payloads(["a", "b", "c"]);
    let objects = vec![
        guarded("there", Collision::Fail),
        guarded("new", Collision::Fail),
        guarded("there", Collision::Ignore),
    ];
    let written = writer.write(&batch, objects);
    let failed = finish(&mut writer, written);
    assert_eq!(failed, [(0, "s3://lake/there: there is such an object already".to_owned())]);
    assert_eq!(memory.get(URL, "there").unwrap().content, b"old");
    assert_eq!(memory.get(URL, "new").unwrap().content, b"b");
    let stream = || testing::stream(b"streamed", 3);
    let ignored = writer.write_stream(guarded("there", Collision::Ignore).unwrap(), stream()).unwrap();
    assert!(ignored.pending.is_empty());
    assert!(writer.write_stream(guarded("there", Collision::Fail).unwrap(), stream()).is_err());
    assert_eq!(memory.get(URL, "there").unwrap().content, b"old");
}

#[test]
fn a_stream_is_an_object_when_it_is_complete() {
    let memory = testing::stores();
    let mut writer = writer();
    let mut limited = object("whole").unwrap();
    limited.options.timeout = Some(Duration::from_secs(5));
    let written = writer.write_stream(limited, testing::stream(b"streamed", 3)).unwrap();
    assert!(matches!(written.pending[0].operation.outcome(), Some(Ok(()))));
    let whole = memory.get(URL, "whole").unwrap();
    assert_eq!((whole.content.as_slice(), whole.options.timeout), (&b"streamed"[..], None));
    let torn = vec![Chunk::Bytes(b"half".to_vec()), Chunk::Failed(Error::new("given up"))];
    let written = writer.write_stream(object("torn").unwrap(), testing::scripted_stream(torn)).unwrap();
    assert!(matches!(written.pending[0].operation.outcome(), Some(Err(_))));
    assert_eq!(memory.names(URL), ["whole"]);
}

#[test]
fn streams_beyond_what_the_host_has_room_for_wait_for_it() {
    let memory = testing::stores();
    let mut writer = writer();
    let mut under_way = Vec::new();
    for number in 0..MOST_STREAMS {
        let object = object(&number.to_string()).unwrap();
        under_way.push(writer.write_stream(object, testing::stream(b"streamed", 3)).unwrap());
    }
    memory.fail("begin", ObjectError::Unavailable("too much is under way".to_owned()));
    let torn = vec![Chunk::Bytes(b"half".to_vec()), Chunk::Failed(Error::new("given up"))];
    let refused = writer.write_stream(object("torn").unwrap(), testing::scripted_stream(torn));
    assert_eq!(refused.unwrap_err(), WriteError::Failed("s3://lake/torn: given up".to_owned()));
    let more = writer.write_stream(object("more").unwrap(), testing::stream(b"streamed", 3)).unwrap();
    assert_eq!(memory.get(URL, "more").unwrap().content, b"streamed");
    assert_eq!(memory.get(URL, "torn"), None);
    under_way.push(more);
    for written in under_way {
        assert!(writer.resolve(&written.pending[0].operation).unwrap().failed.is_empty());
    }
    assert!(writer.streams.is_empty());
}

#[test]
fn a_stream_that_fails_later_fails_its_message() {
    let memory = testing::stores();
    memory.break_operation("1", "it burns");
    let mut writer = writer();
    let written = writer.write_stream(object("1").unwrap(), testing::stream(b"streamed", 3)).unwrap();
    assert!(written.pending[0].resolve);
    let failed = writer.resolve(&written.pending[0].operation).unwrap_err();
    assert_eq!(failed, WriteError::Failed("it burns".to_owned()));
    assert!(memory.names(URL).is_empty());
}

#[test]
fn uploads_that_were_left_are_looked_for_once() {
    testing::set_language(|_, _, _| {
        Ok(|_: &Batch| -> Result<Processed, Error> { Err(Error::new("it is not evaluated here")) })
    });
    let memory = testing::stores();
    let path = Interpolated::new("day/${! @day }.json").unwrap();
    let mut writer = writer();
    memory.fail("abort_stale", ObjectError::Unavailable("away".to_owned()));
    for _ in 0..3 {
        writer.abort_leftovers("lake", &path, Duration::from_secs(60));
    }
    let sought = memory.take_stale();
    assert_eq!(sought.len(), 1, "{sought:?}");
    assert_eq!((sought[0].url.as_str(), sought[0].beginning.as_str()), (URL, "day/"));
    assert_eq!((sought[0].end.as_deref(), sought[0].untouched), (Some(".json"), Duration::from_secs(60)));
    assert!(testing::take_log()[0].message.contains("s3://lake/: uploads that were left unfinished"));
    writer.abort_leftovers("lake", &Interpolated::new("${! @day }").unwrap(), Duration::ZERO);
    assert!(memory.take_stale().is_empty());
}
