//! The output `file`.

use forebay_tests_pipelines::{Folder, until};

/// A pipeline that writes the numbers from 1 to 6 to files.
fn write(output: &str) -> String {
    format!(
        "\
input: {{generate: {{count: 6, interval: '', mapping: 'root = counter()'}}}}
pipeline: {{threads: 1}}
output: {{file: {{{output}}}}}
"
    )
}

#[test]
fn a_codec_says_what_follows_every_message() {
    for (codec, expected) in [
        ("lines", "1\n2\n3\n4\n5\n6\n"),
        ("append", "123456"),
        ("'delim:, '", "1, 2, 3, 4, 5, 6, "),
        ("all-bytes", "6"),
    ] {
        let folder = Folder::new();
        let _ = folder.run(&write(&format!("path: out.txt, codec: {codec}"))).finish().well();
        assert_eq!(folder.read("out.txt"), expected, "{codec}");
    }
}

#[test]
fn what_a_file_holds_stays_unless_the_codec_replaces_it() {
    for (codec, expected) in [("append", "old123456"), ("all-bytes", "6")] {
        let folder = Folder::new();
        folder.write("out.txt", "old");
        let _ = folder.run(&write(&format!("path: out.txt, codec: {codec}"))).finish().well();
        assert_eq!(folder.read("out.txt"), expected, "{codec}");
    }
}

#[test]
fn an_unknown_codec_is_refused_with_its_name() {
    let folder = Folder::new();
    let finished = folder.run(&write("path: out.txt, codec: zip")).finish();
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("codec zip is not known"), "{finished:?}");
    assert!(!folder.has("out.txt"));
}

#[test]
fn folders_above_the_file_are_created() {
    for codec in ["lines", "all-bytes"] {
        let folder = Folder::new();
        let _ = folder.run(&write(&format!("path: one/two/three/out.txt, codec: {codec}"))).finish().well();
        assert!(folder.read("one/two/three/out.txt").ends_with(if codec == "lines" { "6\n" } else { "6" }));
    }
}

#[test]
fn an_interpolated_path_sends_messages_to_different_files() {
    let folder = Folder::new();
    let path = r#"path: 'out/${! if content().number() > 3 { "large" } else { "small" } }.txt'"#;
    let _ = folder.run(&write(path)).finish().well();
    assert_eq!(folder.read("out/small.txt"), "1\n2\n3\n");
    assert_eq!(folder.read("out/large.txt"), "4\n5\n6\n");
}

/// 300 messages, so that a wrong order is not missed.
#[test]
fn the_messages_of_each_file_keep_their_order_where_paths_alternate() {
    let folder = Folder::new();
    let pipeline = write("path: 'out/${! content().number() % 3 }.txt'").replace("count: 6", "count: 300");
    let _ = folder.run(&pipeline).finish().well();
    for rest in 0..3_u32 {
        let numbers = (1..=300_u32).filter(|number| number % 3 == rest);
        let expected: String = numbers.map(|number| format!("{number}\n")).collect();
        assert_eq!(folder.read(&format!("out/{rest}.txt")), expected, "file {rest}");
    }
}

#[test]
fn alternating_paths_leave_no_marker_behind() {
    let folder = Folder::new();
    let pipeline = write("path: 'out/${! content().number() % 3 }.txt'").replace("count: 6", "count: 300");
    let _ = folder.run(&pipeline).finish().well();
    let names = std::fs::read_dir(folder.path("out")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["0.txt", "1.txt", "2.txt"]);
}

#[test]
fn a_link_to_a_file_is_followed_also_when_the_content_is_replaced() {
    for codec in ["lines", "all-bytes"] {
        let folder = Folder::new();
        folder.write("real.txt", "");
        std::os::unix::fs::symlink("real.txt", folder.path("link.txt")).unwrap();
        let _ = folder.run(&write(&format!("path: link.txt, codec: {codec}"))).finish().well();
        assert!(folder.read("real.txt").starts_with(if codec == "lines" { "1\n" } else { "6" }), "{codec}");
    }
}

#[test]
fn a_full_device_is_tried_again_until_the_shutdown_timeout_after_sigterm() {
    let folder = Folder::new();
    let pipeline = format!("{}shutdown_timeout: 2s\n", write("path: /dev/full"));
    let mut running = folder.run(&pipeline).start();
    let error = "No space left on device";
    running.until("it is tried again", |running| running.log().matches(error).count() > 5);
    running.signal("TERM");
    let finished = running.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let last = finished.stderr.lines().last().unwrap_or_default();
    assert!(last.contains("level=error") && last.contains("timeout=2s"), "{last}");
    assert!(last.contains("gave up before everything was delivered"), "{last}");
    let errors = finished.stderr.lines().filter(|line| line.contains(error));
    assert!(errors.clone().all(|line| line.contains("level=error path=output")), "{finished:?}");
}

#[test]
fn a_file_that_can_not_be_opened_is_named_and_tried_again() {
    let folder = Folder::new();
    folder.write("file", "");
    let mut running = folder.run(&write("path: file/out.txt")).start();
    running.until("it is tried again", |running| running.log().matches("file/out.txt").count() > 3);
    std::fs::remove_file(folder.path("file")).unwrap();
    let _ = running.finish().well();
    let mut written: Vec<String> = folder.read("file/out.txt").lines().map(str::to_owned).collect();
    // What is sent again may be overtaken.
    written.sort();
    assert_eq!(written, ["1", "2", "3", "4", "5", "6"]);
}

/// 64 MiB of messages in one archive, with 4 MiB in flight: they are read again where something fails, so that nobody
/// keeps them.
#[test]
fn a_large_archive_goes_to_a_file_while_it_is_made() {
    let folder = Folder::new();
    let line = format!("{}\n", "x".repeat(1023));
    folder.write("in.txt", line.repeat(64 << 10));
    for codec in ["append", "all-bytes"] {
        let mut running = folder
            .run(&format!(
                "\
input: {{file: {{paths: [in.txt]}}}}
pipeline: {{threads: 1, in_flight_bytes: 4194304}}
output:
  file:
    path: 'out/{codec}-${{! @path }}.tar'
    codec: {codec}
    batching: {{count: 10000000, processors: [{{archive: {{format: tar}}}}]}}
"
            ))
            .start();
        let mut most = 0;
        until("it ends", || {
            most = most.max(running.resident());
            // Nothing but the whole has the name.
            let name = format!("out/{codec}-in.txt.tar");
            assert!(!folder.has(&name) || folder.length(&name) > 64 << 20);
            running.has_ended()
        });
        let _ = running.finish().well();
        assert!(folder.length(&format!("out/{codec}-in.txt.tar")) > 96 << 20);
        // The program itself, and its plugins, take about 90 MiB.
        assert!(most < 160 << 20, "{codec}: {most} bytes");
    }
    let names = std::fs::read_dir(folder.path("out")).unwrap().count();
    assert_eq!(names, 2);
}

#[test]
fn what_is_collected_stands_behind_what_a_file_holds() {
    let folder = Folder::new();
    folder.write("out.txt", "old\n");
    let large = "x".repeat(8 << 20);
    folder.write("in.txt", format!("{large}\n{large}\n"));
    let pipeline = "\
input: {file: {paths: [in.txt], scanner: {lines: {max_buffer_size: 20000000}}}}
pipeline: {threads: 1}
output: {file: {path: out.txt, batching: {count: 2, processors: [{archive: {format: lines}}]}}}
";
    let _ = folder.run(pipeline).finish().well();
    assert!(folder.read("out.txt") == format!("old\n{large}\n{large}\n"));
}
