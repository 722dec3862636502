//! `kill -9`: nothing is lost, and no line is torn once the next run has opened the file.

use std::collections::HashSet;
use std::fs::OpenOptions;

use forebay_tests_pipelines::{Folder, is_prefix_of_whole_lines, lines};

/// About 30 MB.
const LINES: usize = 300_000;
const MARKER: &str = ".out.txt.forebay-write";
const PIPELINE: &str = "\
input: {file: {paths: [ in.txt ]}}
pipeline: {threads: 1}
output: {file: {path: out.txt}}
";

/// A run that is killed once the output is that long; whether it had not ended before.
fn killed_at(folder: &Folder, length: u64) -> bool {
    let mut running = folder.run(PIPELINE).start();
    running.until("it has written", |_| folder.length("out.txt") >= length);
    running.kill()
}

#[test]
fn after_kills_a_complete_run_delivers_every_line_and_cuts_off_torn_ones() {
    let input = lines(LINES);
    let mut killed = 0;
    for length in [1, 70_001, 600_011, 1_700_003, 3_100_007, 5_300_021, 9_100_013] {
        let folder = Folder::new();
        folder.write("in.txt", &input);
        killed += u32::from(killed_at(&folder, length));
        let _ = folder.run(PIPELINE).finish().well();
        let output = folder.read("out.txt");
        let first = output.strip_suffix(&input);
        let first =
            first.unwrap_or_else(|| panic!("killed at {length}, the second run is not there as a whole"));
        assert!(is_prefix_of_whole_lines(first, &input), "killed at {length}, a torn line is left");
    }
    assert!(killed > 3, "only {killed} runs were killed in the middle: this test needs more lines");
}

#[test]
fn several_kills_in_a_row_leave_no_torn_line() {
    let input = lines(LINES);
    let folder = Folder::new();
    folder.write("in.txt", &input);
    for more in [1, 300_007, 900_001, 2_000_003, 4_000_037] {
        let length = folder.length("out.txt");
        let _ = killed_at(&folder, length + more);
    }
    let _ = folder.run(PIPELINE).finish().well();
    let output = folder.read("out.txt");
    assert!(output.ends_with(&input));
    let known: HashSet<&str> = input.lines().collect();
    let torn = output.lines().find(|line| !known.contains(line));
    assert_eq!(torn, None, "a torn line is left");
}

/// A kill rarely hits the middle of a write, so here the file is made to look as if one had.
#[test]
fn a_write_that_was_torn_in_its_middle_is_cut_off() {
    let input = lines(LINES);
    let folder = Folder::new();
    folder.write("in.txt", &input);
    assert!(killed_at(&folder, 1_000_000), "it ended too early");
    let (start, end) = range(&folder);
    let file = OpenOptions::new().write(true).open(folder.path("out.txt")).unwrap();
    file.set_len(start.midpoint(end) | 1).unwrap();
    let finished = folder.run(PIPELINE).finish().well();
    assert!(finished.stderr.contains("cut off a write"), "{finished:?}");
    let first = &input[..usize::try_from(start).unwrap()];
    assert!(is_prefix_of_whole_lines(first, &input));
    assert!(
        folder.read("out.txt") == format!("{first}{input}"),
        "the output is not what was whole and the rest"
    );
}

/// Often, because the program may end before the thread that writes has removed the marker.
#[test]
fn a_clean_run_leaves_no_marker_behind_also_after_a_kill() {
    let folder = Folder::new();
    folder.write("in.txt", lines(LINES));
    assert!(killed_at(&folder, 500_000), "it ended too early");
    assert!(folder.has(MARKER));
    folder.write("in.txt", "one\n");
    let mut left = 0;
    for _ in 0..40 {
        let _ = folder.run(PIPELINE).finish().well();
        left += u32::from(folder.has(MARKER));
    }
    assert_eq!(left, 0, "of 40 runs so many have left their marker");
}

#[test]
fn half_a_line_of_the_user_is_never_cut_off() {
    let input = lines(LINES);
    let folder = Folder::new();
    folder.write("in.txt", &input);
    folder.write("out.txt", "whole line\nhalf a li");
    assert!(killed_at(&folder, 500_000), "it ended too early");
    let _ = folder.run(PIPELINE).finish().well();
    let output = folder.read("out.txt");
    let added = output.strip_prefix("whole line\nhalf a li").expect("the user's bytes are there");
    assert!(is_prefix_of_whole_lines(added.strip_suffix(&input).unwrap(), &input));
}

#[test]
fn what_the_user_puts_into_the_file_after_a_kill_is_never_cut_off() {
    let folder = Folder::new();
    folder.write("in.txt", lines(LINES));
    assert!(killed_at(&folder, 500_000), "it ended too early");
    let (start, end) = range(&folder);
    // Written in place, so it is still the same file, and it ends where a torn write could.
    let own = "u".repeat(usize::try_from(start.midpoint(end)).unwrap());
    folder.write("out.txt", &own);
    folder.write("in.txt", "one\n");
    let _ = folder.run(PIPELINE).finish().well();
    let output = folder.read("out.txt");
    assert!(
        output == format!("{own}one\n"),
        "{} of the user's {} bytes are left",
        output.len() - 4,
        own.len()
    );
}

/// The bytes that a run was writing when it was killed.
fn range(folder: &Folder) -> (u64, u64) {
    let marker = std::fs::read(folder.path(MARKER)).expect("the marker of a killed run is there");
    // The last two numbers are the start and the end of the write.
    let number = |from: usize| {
        let bytes = marker.get(from..from + 8).and_then(|bytes| bytes.try_into().ok());
        u64::from_le_bytes(bytes.expect("the marker is 48 bytes long"))
    };
    (number(32), number(40))
}
