//! Scanners inside of scanners, the old field `codec`, and the input `csv`.

use forebay_tests_pipelines::Folder;

/// A pipeline that prints what it reads.
fn print(input: &str) -> String {
    format!("input: {input}\npipeline: {{threads: 1}}\noutput: {{stdout: {{}}}}\n")
}

#[test]
fn scanners_stand_inside_of_each_other() {
    let folder = Folder::new();
    folder.write("a.csv", "\u{feff}b;a\n1;2\n");
    folder.write("b.txt", "x\ny\n");
    let inner = "{skip_bom: {into: {csv: {custom_delimiter: ;}}}}";
    let scanner =
        format!("{{switch: [{{re_match_name: '[.]csv$', scanner: {inner}}}, {{scanner: {{lines: {{}}}}}}]}}");
    let input = format!("{{file: {{paths: [a.csv, b.txt], scanner: {scanner}}}}}");
    let finished = folder.run(&print(&input)).finish().well();
    assert_eq!(finished.lines(), [r#"{"a":"2","b":"1"}"#, "x", "y"]);
}

#[test]
fn the_old_codecs_are_chained() {
    let folder = Folder::new();
    folder.write("a.csv", "\u{feff}b,a\n1,2\n");
    let input = "{file: {paths: [a.csv], codec: skipbom/csv}}";
    assert_eq!(folder.run(&print(input)).finish().well().lines(), [r#"{"a":"2","b":"1"}"#]);
}

#[test]
fn a_codec_that_nobody_knows_is_refused() {
    let folder = Folder::new();
    folder.write("a.csv", "");
    let finished = folder.run(&print("{file: {paths: [a.csv], codec: nothing}}")).finish();
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("codec was not recognised: nothing"), "{}", finished.stderr);
}

#[test]
fn files_of_csv_are_read_row_by_row_and_removed() {
    let folder = Folder::new();
    folder.write("a.csv", "b,a\n1,2\n3\n");
    folder.write("b.csv", "c\n4\n");
    let input = "{csv: {paths: ['?.csv'], delete_on_finish: true}}";
    let finished = folder.run(&print(input)).finish().well();
    assert_eq!(finished.lines(), [r#"{"a":"2","b":"1"}"#, r#"{"b":"3"}"#, r#"{"c":"4"}"#]);
    assert!(!folder.has("a.csv") && !folder.has("b.csv"));
}
