//! The components `aws_s3`, over moto. Where it is not installed, the tests say so and do nothing.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use forebay_tests_pipelines::{Fate, Folder, Head, Moto, Proxy};

#[test]
fn each_message_becomes_an_object_with_all_that_was_asked_for() {
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let folder = Folder::new();
    let pipeline = format!(
        "\
input: {{generate: {{count: 3, interval: '', mapping: 'root = counter()'}}}}
pipeline: {{processors: [{{mapping: 'meta kind = \"number\"'}}, {{mapping: 'meta secret_kind = \"hidden\"'}}]}}
output:
  aws_s3:
    {{bucket: lake, path: 'out/${{! content() }}.txt', tags: {{team: data}}, content_type: text/plain,
     cache_control: no-cache, storage_class: STANDARD_IA, metadata: {{exclude_prefixes: [secret_]}}, {fields}}}
",
        fields = moto.fields()
    );
    let _ = folder.run(&pipeline).finish().well();
    assert_eq!(moto.names("lake"), ["out/1.txt", "out/2.txt", "out/3.txt"]);
    let object = moto.get("lake/out/2.txt");
    assert_eq!(object.text(), "2");
    for (name, value) in [
        ("content-type", "text/plain"),
        ("cache-control", "no-cache"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-meta-kind", "number"),
    ] {
        assert!(object.header(name).is_some_and(|found| found.starts_with(value)), "{name}: {object:?}");
    }
    assert_eq!(object.header("x-amz-meta-secret_kind"), None);
    let tags = moto.get("lake/out/2.txt?tagging").text();
    assert!(tags.contains("<Key>team</Key>") && tags.contains("<Value>data</Value>"), "{tags}");
}

#[test]
fn objects_below_a_prefix_are_read_in_order_and_deleted() {
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let folder = Folder::new();
    // Larger than what is read ahead of a scanner.
    let large: String = (0..1_000_000).map(|number| format!("{number:09}\n")).collect();
    moto.put("lake/in/1", "one\ntwo\n");
    moto.put("lake/in/2", &large);
    moto.put("lake/in/3", "three\n");
    moto.put("lake/other", "four\n");
    let pipeline = format!(
        "\
input: {{aws_s3: {{bucket: lake, prefix: in/, scanner: {{lines: {{}}}}, delete_objects: true, {fields}}}}}
pipeline:
  threads: 1
  processors: [{{mapping: 'root = [@s3_bucket, @s3_key, @s3_content_type, content().string()].join(\" \")'}}]
output: {{file: {{path: out.txt}}}}
",
        fields = moto.fields()
    );
    let _ = folder.run(&pipeline).finish().well();
    let written = folder.read("out.txt");
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines.len(), 1_000_003);
    assert_eq!(lines[..2], ["lake in/1 text/plain one", "lake in/1 text/plain two"]);
    for (number, line) in lines[2..1_000_002].iter().enumerate() {
        assert_eq!(*line, format!("lake in/2 text/plain {number:09}"));
    }
    assert_eq!(lines[1_000_002], "lake in/3 text/plain three");
    assert_eq!(moto.names("lake"), ["other"]);
}

#[test]
fn what_an_output_rejects_is_read_again() {
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let folder = Folder::new();
    moto.put("lake/in/1", "one\ntwo\nthree\n");
    let pipeline = format!(
        "\
input: {{aws_s3: {{bucket: lake, prefix: in/, scanner: {{lines: {{}}}}, delete_objects: true, {fields}}}}}
pipeline: {{threads: 1}}
output:
  switch:
    cases:
      - {{check: 'content() == \"two\" && count(\"seen\") < 3', output: {{reject: 'not yet'}}}}
      - {{output: {{file: {{path: out.txt}}}}}}
",
        fields = moto.fields()
    );
    let _ = folder.run(&pipeline).finish().well();
    let written = folder.read("out.txt");
    let mut lines: Vec<&str> = written.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines, ["one", "three", "two"]);
    assert!(moto.names("lake").is_empty());
}

#[test]
fn a_batch_is_one_parquet_file_and_is_read_back() {
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let folder = Folder::new();
    let fields = moto.fields();
    let write = format!(
        "\
input: {{generate: {{count: 5000, interval: '', batch_size: 500, mapping: 'root.id = counter()'}}}}
pipeline: {{threads: 1}}
output:
  aws_s3:
    {{bucket: lake, path: events.parquet, {fields},
     batching: {{count: 5000, processors: [{{parquet_encode: {{schema: [{{name: id, type: INT64}}], default_compression: zstd}}}}]}}}}
"
    );
    let _ = folder.run(&write).finish().well();
    let names = moto.names("lake");
    assert_eq!(names, ["events.parquet"]);
    assert!(moto.get("lake/events.parquet").body.starts_with(b"PAR1"));
    let read = format!(
        "\
input: {{aws_s3: {{bucket: lake, {fields}}}}}
pipeline: {{threads: 1, processors: [{{parquet_decode: {{}}}}]}}
output: {{file: {{path: out.txt}}}}
"
    );
    let _ = folder.run(&read).finish().well();
    let written = folder.read("out.txt");
    assert_eq!(written.lines().count(), 5_000);
    for (number, line) in (1..).zip(written.lines()) {
        assert_eq!(line, format!("{{\"id\":{number}}}"));
    }
}

#[test]
fn a_batch_for_several_paths_is_split_by_path() {
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let folder = Folder::new();
    let pipeline = format!(
        "\
input: {{generate: {{count: 9, interval: '', mapping: 'root = counter()'}}}}
pipeline: {{threads: 1, processors: [{{mapping: 'meta kind = [\"a\", \"b\", \"c\"].index(this % 3)'}}]}}
output:
  aws_s3:
    {{bucket: lake, path: 'kind=${{! @kind }}/all', {fields},
     batching: {{count: 9, processors: [{{group_by_value: {{value: '${{! @kind }}'}}}}, {{archive: {{format: lines}}}}]}}}}
",
        fields = moto.fields()
    );
    let _ = folder.run(&pipeline).finish().well();
    assert_eq!(moto.names("lake"), ["kind=a/all", "kind=b/all", "kind=c/all"]);
    for (kind, expected) in [("a", "3\n6\n9"), ("b", "1\n4\n7"), ("c", "2\n5\n8")] {
        assert_eq!(moto.get(&format!("lake/kind={kind}/all")).text().trim_end(), expected);
    }
}

#[test]
fn a_cache_keeps_values_in_objects() {
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let folder = Folder::new();
    let pipeline = format!(
        "\
cache_resources: [{{label: kept, aws_s3: {{bucket: lake, {fields}}}}}]
input: {{generate: {{count: 1, interval: '', mapping: 'root = \"value\"'}}}}
pipeline:
  processors:
    - cache: {{resource: kept, operator: set, key: a/b, value: '${{! content() }}'}}
    - mapping: 'root = \"other\"'
    - cache: {{resource: kept, operator: add, key: a/b, value: '${{! content() }}'}}
    - catch: []
    - cache: {{resource: kept, operator: get, key: a/b}}
output: {{file: {{path: out.txt}}}}
",
        fields = moto.fields()
    );
    let _ = folder.run(&pipeline).finish().well();
    assert_eq!(folder.read("out.txt"), "value\n");
    assert_eq!(moto.get("lake/a/b").text(), "value");
}

#[test]
fn many_small_objects_are_read_at_once_and_in_order() {
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let folder = Folder::new();
    for number in 0..150 {
        moto.put(&format!("lake/in/{number:03}"), format!("{number}\n"));
    }
    let asked = (Mutex::new(0_u32), Condvar::new());
    // The first one is answered when many others were asked for.
    let proxy = Proxy::before(moto.address(), move |head| {
        if head.method == "GET" && head.path.contains("/in/") {
            let (count, changed) = &asked;
            *count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            changed.notify_all();
            if head.path.ends_with("/000") {
                let count = count.lock().unwrap_or_else(PoisonError::into_inner);
                drop(changed.wait_while(count, |count| *count < 30));
            }
        }
        Fate::Pass
    });
    let pipeline = format!(
        "\
input: {{aws_s3: {{bucket: lake, prefix: in/, scanner: {{lines: {{}}}}, {fields}}}}}
pipeline: {{threads: 1}}
output: {{file: {{path: out.txt}}}}
",
        fields = Moto::fields_at(proxy.address())
    );
    let _ = folder.run(&pipeline).finish().well();
    let expected: Vec<String> = (0..150).map(|number| number.to_string()).collect();
    assert_eq!(folder.read("out.txt").lines().collect::<Vec<_>>(), expected);
}

#[test]
fn objects_of_which_a_queue_tells_are_read_and_its_messages_deleted() {
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let folder = Folder::new();
    let queue = moto.make_queue("events", 600);
    moto.put("lake/in/a%20b", "one\ntwo\n");
    moto.put("lake/in/c", "three\n");
    let event = |key: &str| {
        let record = format!(r#"{{"s3": {{"bucket": {{"name": "lake"}}, "object": {{"key": "{key}"}}}}}}"#);
        format!(r#"{{"Records": [{record}]}}"#).replace('"', "\\\"")
    };
    // What can't be read keeps nothing else.
    for key in ["in/folder/", "in//c", "in%2Fa+b", "in/c", "in/missing"] {
        moto.send(&queue, &event(key));
    }
    let pipeline = format!(
        "\
input:
  aws_s3: {{scanner: {{lines: {{}}}}, delete_objects: true, sqs: {{url: '{queue}', wait_time_seconds: 1}}, {fields}}}
pipeline: {{threads: 1, processors: [{{mapping: 'root = @s3_key + \" \" + content().string()'}}]}}
output:
  switch:
    cases:
      - {{check: 'content().contains(\"two\") && count(\"seen\") < 3', output: {{reject: 'not yet'}}}}
      - {{output: {{file: {{path: out.txt}}}}}}
",
        fields = moto.fields()
    );
    let mut running = folder.run(&pipeline).start();
    running.until("the messages are deleted", |_| moto.messages(&queue) == 3);
    running.until("the objects are deleted", |_| moto.names("lake").is_empty());
    running.signal("TERM");
    let _ = running.finish().well();
    let written = folder.read("out.txt");
    let mut lines: Vec<&str> = written.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines, ["in/a b one", "in/a b two", "in/c three"]);
}

#[test]
fn the_version_of_an_object_is_metadata() {
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let folder = Folder::new();
    let versioned = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    moto.put("lake?versioning", versioned);
    moto.put("lake/a", "one");
    let fields = moto.fields();
    let pipeline = format!(
        "\
input: {{aws_s3: {{bucket: lake, {fields}}}}}
pipeline: {{processors: [{{mapping: 'root = @s3_version_id'}}]}}
output: {{file: {{path: out.txt}}}}
"
    );
    let _ = folder.run(&pipeline).finish().well();
    let version = moto.get("lake/a").header("x-amz-version-id").map(str::to_owned);
    assert_eq!(Some(folder.read("out.txt").trim().to_owned()), version);
}

/// Whether it is so for this request, about as often as not, and otherwise when it comes again.
fn by_chance(head: &Head, asked: &Mutex<HashMap<String, u32>>) -> bool {
    let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    let before = asked.entry(format!("{} {}", head.method, head.path)).or_default();
    *before += 1;
    let mut hasher = DefaultHasher::new();
    (&head.method, &head.path, *before).hash(&mut hasher);
    hasher.finish().is_multiple_of(2)
}

#[test]
fn a_store_that_fails_half_of_the_time_loses_nothing() {
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let folder = Folder::new();
    let (asked, failed) = (Mutex::new(HashMap::new()), Arc::new(AtomicU32::new(0)));
    let noted = Arc::clone(&failed);
    let proxy = Proxy::before(moto.address(), move |head| {
        if !by_chance(head, &asked) {
            return Fate::Pass;
        }
        match noted.fetch_add(1, Ordering::Relaxed) % 3 {
            0 => Fate::Refused,
            1 => Fate::Unanswered,
            _ => Fate::Torn,
        }
    });
    let fields = Moto::fields_at(proxy.address());
    let write = format!(
        "\
input: {{generate: {{count: 60, interval: '', mapping: 'root = 100 + counter()'}}}}
pipeline: {{threads: 1}}
output: {{aws_s3: {{bucket: lake, path: 'out/${{! content() }}', {fields}}}}}
"
    );
    let _ = folder.run(&write).finish().well();
    assert_eq!(moto.names("lake").len(), 60);
    let read = format!(
        "\
input: {{aws_s3: {{bucket: lake, prefix: out/, delete_objects: true, {fields}}}}}
pipeline: {{threads: 1}}
output: {{file: {{path: out.txt}}}}
"
    );
    let finished = folder.run(&read).finish().well();
    let written = folder.read("out.txt");
    let expected: Vec<String> = (101..=160).map(|number| number.to_string()).collect();
    assert_eq!(written.lines().collect::<Vec<_>>(), expected);
    for left in moto.names("lake") {
        // A delete is tried a few times; what is left then is read again by the next run.
        assert!(
            finished.stderr.contains(&format!("delete {left}:")),
            "{left} is left; it said:\n{}",
            finished.stderr
        );
    }
    assert!(failed.load(Ordering::Relaxed) > 60, "the proxy has hardly failed");
}

#[test]
fn a_store_that_has_said_to_slow_down_is_used_in_full_again() {
    const THROTTLED: u32 = 100;
    const AT_ONCE: u32 = 20;
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let folder = Folder::new();
    let asked = (Mutex::new(0_u32), Condvar::new());
    // What comes behind the throttled ones is answered when there are many of them at once.
    let proxy = Proxy::before(moto.address(), move |head| {
        if head.method != "PUT" {
            return Fate::Pass;
        }
        let (count, changed) = &asked;
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        if *count <= THROTTLED {
            return Fate::Refused;
        }
        changed.notify_all();
        drop(changed.wait_while(count, |count| *count < THROTTLED + AT_ONCE));
        Fate::Pass
    });
    let pipeline = format!(
        "\
input: {{generate: {{count: 200, interval: '', mapping: 'root = counter()'}}}}
pipeline: {{threads: 1}}
output: {{aws_s3: {{bucket: lake, path: 'out/${{! content() }}', timeout: 60s, {fields}}}}}
",
        fields = Moto::fields_at(proxy.address())
    );
    let _ = folder.run(&pipeline).finish().well();
    assert_eq!(moto.names("lake").len(), 200);
}

#[test]
fn after_a_kill_in_the_middle_of_an_upload_nothing_is_left_of_it_and_the_next_run_delivers() {
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let folder = Folder::new();
    let parts = Arc::new(AtomicU32::new(0));
    let noted = Arc::clone(&parts);
    let proxy = Proxy::before(moto.address(), move |head| {
        if head.path.contains("partNumber=") {
            noted.fetch_add(1, Ordering::Relaxed);
        }
        Fate::Pass
    });
    let content: String = (0..4_000_000).map(|number| format!("{number:09}\n")).collect();
    folder.write("in.txt", &content);
    let pipeline = format!(
        "\
input: {{file: {{paths: [in.txt], scanner: {{lines: {{}}}}}}}}
pipeline: {{threads: 1}}
output:
  aws_s3: {{bucket: lake, path: all, abort_uploads_after: 0s, batching: {{count: 4000000, processors: [{{archive: {{format: lines}}}}]}}, {fields}}}
",
        fields = Moto::fields_at(proxy.address())
    );
    let mut running = folder.run(&pipeline).start();
    running.until("a part is put", |_| parts.load(Ordering::Relaxed) > 0);
    assert!(running.kill(), "it ended before it was killed");
    assert!(moto.names("lake").is_empty());
    assert_eq!(moto.uploads("lake"), ["all"]);
    // That of somebody else.
    let _ = moto.ask("POST /lake/all-others?uploads");
    let _ = folder.run(&pipeline).finish().well();
    assert_eq!(moto.names("lake"), ["all"]);
    assert_eq!(moto.get("lake/all").text().trim_end(), content.trim_end());
    assert_eq!(moto.uploads("lake"), ["all-others"], "what was left is aborted");
}
