//! Standard input to standard output, and the scanners between them.

use forebay_tests_pipelines::{Finished, Folder};

fn scan(scanner: &str, input: &str) -> Finished {
    let folder = Folder::new();
    let pipeline = format!(
        "input: {{stdin: {{scanner: {{{scanner}}}}}}}\npipeline: {{threads: 1}}\noutput: {{stdout: {{codec: 'delim:;'}}}}\n"
    );
    folder.run(&pipeline).input(input).finish()
}

#[test]
fn every_line_is_a_message_and_the_last_needs_no_line_feed() {
    assert_eq!(scan("lines: {}", "a\nb\r\nc").well().stdout, "a;b;c;");
    assert_eq!(scan("lines: {}", "a\nb\r\nc\n").well().stdout, "a;b;c;");
    assert_eq!(scan("lines: {}", "").well().stdout, "");
}

#[test]
fn empty_lines_are_messages_unless_they_are_omitted() {
    assert_eq!(scan("lines: {}", "a\n\n\nb\n").well().stdout, "a;;;b;");
    assert_eq!(scan("lines: {omit_empty: true}", "\na\n\n\r\nb\n\n").well().stdout, "a;b;");
}

#[test]
fn lines_may_end_with_a_text_of_ones_choice() {
    assert_eq!(scan("lines: {custom_delimiter: '<>'}", "a<>b\nc<>>d").well().stdout, "a;b\nc;>d;");
}

#[test]
fn a_line_that_does_not_fit_into_the_buffer_is_an_error_behind_the_lines_before_it() {
    let finished = scan("lines: {max_buffer_size: 10}", "short\nfar too long for it\nnever read\n");
    assert_eq!(finished.stdout, "short;");
    let error = finished.stderr.lines().find(|line| line.contains("token too long"));
    assert!(
        error.is_some_and(|line| line.contains("level=error") && line.contains("stream=stdin")),
        "{finished:?}"
    );
}

/// A pipeline that has lost a part of its input must not say that all is well.
#[test]
fn after_a_line_that_does_not_fit_it_does_not_claim_that_everything_was_delivered() {
    let finished = scan("lines: {max_buffer_size: 10}", "short\nfar too long for it\nnever read\n");
    assert!(!finished.stderr.contains("everything is delivered"), "{finished:?}");
}

#[test]
fn to_the_end_makes_one_message_of_everything() {
    assert_eq!(scan("to_the_end: {}", "a\nb\n\nc").well().stdout, "a\nb\n\nc;");
    let long = "0123456789".repeat(300_000);
    assert!(scan("to_the_end: {}", &long).well().stdout == format!("{long};"));
}

#[test]
fn a_line_is_delivered_before_the_next_one_comes() {
    let folder = Folder::new();
    let mut running = folder.run("input: {stdin: {}}\noutput: {stdout: {}}\n").piped().start();
    for (typed, expected) in [("one\n", "one\n"), ("two\nhal", "one\ntwo\n"), ("f\n", "one\ntwo\nhalf\n")] {
        running.write(typed);
        running.until("the line is printed", |running| running.printed() == expected);
    }
    running.write("last");
    assert_eq!(running.finish().well().stdout, "one\ntwo\nhalf\nlast\n");
}

#[test]
fn the_old_field_codec_wins_over_the_scanner() {
    let folder = Folder::new();
    let pipeline =
        "input: {stdin: {codec: 'delim:|'}}\npipeline: {threads: 1}\noutput: {stdout: {codec: 'delim:;'}}\n";
    assert_eq!(folder.run(pipeline).input("a|b\nc|d").finish().well().stdout, "a;b\nc;d;");
}

/// As `list | head` ends, and Bento: nothing is said of messages that nobody wants.
#[test]
fn it_ends_without_a_word_when_nobody_reads_what_it_prints() {
    let folder = Folder::new();
    let endless = "input: {generate: {mapping: 'root = counter()', interval: ''}}\noutput: {stdout: {}}\n";
    assert_eq!(folder.run(endless).unread(), (Some(141), String::new()));
    folder.write("in.txt", "a line of a file\n".repeat(20_000));
    let file =
        "input: {file: {paths: [in.txt], delete_on_finish: true}}\noutput: {stdout: {codec: 'delim:;'}}\n";
    assert_eq!(folder.run(file).unread(), (Some(141), String::new()));
    assert!(folder.has("in.txt"), "it was not printed");
    folder.write("one.yaml", endless);
    folder.write("other.yaml", endless.replace("stdout: {}", "drop: {}"));
    let (code, said) = folder.forebay(&["streams", "one.yaml", "other.yaml"]).unread();
    assert_eq!(code, Some(141), "{said}");
    let errors: Vec<_> = said.lines().filter(|line| !line.starts_with("level=info")).collect();
    assert_eq!(errors, ["level=error msg=\"nobody reads the standard output any more\""]);
}
