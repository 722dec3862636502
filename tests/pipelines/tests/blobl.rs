//! `forebay blobl`.

use forebay_tests_pipelines::{Finished, Folder};

fn blobl(args: &[&str], input: &str) -> Finished {
    let folder = Folder::new();
    folder.forebay(&["blobl"]).args(args).input(input).finish()
}

#[test]
fn every_line_is_mapped() {
    let finished = blobl(&["root.b = this.a + 1"], "{\"a\":1}\n{\"a\":2}");
    assert_eq!(finished.well().stdout, "{\"b\":2}\n{\"b\":3}\n");
    let finished = blobl(&["this.a.uppercase()"], "{\"a\":\"x\"}\n");
    assert_eq!(finished.well().stdout, "X\n");
}

#[test]
fn documents_are_written_as_bento_prints_them() {
    let input = "{\"t\":1.0,\"a\":\"<b>\"}\n";
    let escaped = "{\"a\":\"\\u003cb\\u003e\",\"t\":1.0}\n";
    assert_eq!(blobl(&["root = this"], input).well().stdout, escaped);
    assert_eq!(blobl(&["let x = 1"], input).well().stdout, escaped);
    assert_eq!(blobl(&["root = this.a"], input).well().stdout, "<b>\n");
    assert_eq!(blobl(&["root = deleted()"], input).well().stdout, "\n");
    let pretty = "{\n  \"x\": [\n    1,\n    {}\n  ]\n}\n";
    assert_eq!(blobl(&["-p", "root.x = [1, {}]"], input).well().stdout, pretty);
}

#[test]
fn raw_lines_are_bytes() {
    assert_eq!(blobl(&["--raw", "root = this.uppercase()"], "a b\r\n\nc").well().stdout, "A B\n\nC\n");
    assert_eq!(blobl(&["-r", "root.x = this"], "xx\n").well().stdout, "{\"x\":\"eHg=\"}\n");
    assert_eq!(blobl(&["-r", "root = @"], "xx\n").well().stdout, "{}\n");
}

#[test]
fn a_line_that_fails_is_told_of_and_the_others_go_on() {
    let finished = blobl(&["root = this.a"], "{\"a\":1}\nxx\n{\"a\":2}\n").well();
    assert_eq!(finished.stdout, "1\n2\n");
    assert_eq!(
        finished.stderr,
        "failed to execute map: unable to reference message as structured (with 'this.a'): parse as json: invalid \
         character 'x' looking for beginning of value\n"
    );
    let finished = blobl(&["root.a = this.a.uppercase()"], "{\"a\":1}\n").well();
    assert_eq!(
        finished.stderr,
        "failed to execute map: failed assignment (line 1): expected string value, got number from field `this.a` (1)\n"
    );
}

#[test]
fn a_mapping_may_come_from_a_file() {
    let folder = Folder::new();
    folder.write("m.blobl", "root.a = 1\nroot.b = this.c\n");
    let run = |args: &[&str]| folder.forebay(&["blobl", "-f"]).args(args).input("{\"c\":2}\n").finish();
    assert_eq!(run(&["m.blobl"]).well().stdout, "{\"a\":1,\"b\":2}\n");
    let both = run(&["m.blobl", "root = 1"]);
    assert_eq!(both.code, Some(1));
    assert!(both.stderr.starts_with("invalid flags, "), "{both:?}");
    let none = run(&["none.blobl"]);
    assert!(none.stderr.starts_with("failed to read mapping file: open none.blobl: "), "{none:?}");
}

#[test]
fn what_a_mapping_imports_is_relative_to_its_file() {
    let folder = Folder::new();
    let apply = "import \"lib.blobl\"\nroot = this.apply(\"a\")\n";
    folder.write("m.blobl", apply);
    folder.write("lib.blobl", "map a { root = \"where the process is\" }\n");
    folder.write("sub/m.blobl", apply);
    folder.write("sub/lib.blobl", "map a { root = \"beside\" }\n");
    folder.write("sub/from.blobl", "from \"deep/m.blobl\"\n");
    folder.write("sub/deep/m.blobl", "import \"../lib.blobl\"\nroot = file(\"lib.blobl\").string()\n");
    folder.write("sub/none.blobl", "import \"./none/x.blobl\"\nroot = 1\n");
    let run = |args: &[&str]| folder.forebay(&["blobl"]).args(args).input("{}\n").finish();
    assert_eq!(run(&["-f", "sub/m.blobl"]).well().stdout, "beside\n");
    assert_eq!(run(&["-f", "./sub/deep/../m.blobl"]).well().stdout, "beside\n");
    assert_eq!(run(&["-f", folder.path("sub/m.blobl").to_str().unwrap()]).well().stdout, "beside\n");
    for here in [["-f", "m.blobl"], ["-f", "./m.blobl"], ["--", apply]] {
        assert_eq!(run(&here).well().stdout, "where the process is\n");
    }
    // Files that it reads as it runs are not.
    let read = run(&["-f", "sub/from.blobl"]).well();
    assert_eq!(read.stdout, "map a { root = \"where the process is\" }\n\n");
    let none = run(&["-f", "sub/none.blobl"]);
    let expected = format!(
        "failed to parse mapping: line 1 char 1: failed to read import: open {}: no such file or directory\n  |\n1 | \
         import \"./none/x.blobl\"\n  | ^---\n",
        folder.path("sub/none/x.blobl").display()
    );
    assert_eq!((none.code, none.stderr), (Some(1), expected));
}

#[test]
fn an_empty_path_is_no_file() {
    assert_eq!(blobl(&["-f", "", "root = 1"], "{}\n").well().stdout, "1\n");
    let folder = Folder::new();
    folder.write("m.blobl", "root = 1\n");
    let run = folder.forebay(&["blobl", "-f", "m.blobl", ""]).input("{}\n").finish();
    assert_eq!(run.well().stdout, "1\n");
}

#[test]
fn a_mistake_is_shown_at_its_place() {
    let finished = blobl(&["root.a = 1\nroot = "], "{}\n");
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""));
    let expected =
        "failed to parse mapping: line 2 char 8: expected query\n  |\n2 | root = \n  |        ^---\n";
    assert_eq!(finished.stderr, expected);
}

#[test]
fn lines_have_a_greatest_length() {
    let finished = blobl(&["--max-token-length", "4", "root = content()"], "123\n1234\n5\n");
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), "123\n"));
    assert_eq!(finished.stderr, "bufio.Scanner: token too long\n");
}

#[test]
fn several_threads_map_every_line_once() {
    let input: String = (0..5_000).map(|number| format!("{number}\n")).collect();
    let finished = blobl(&["--threads", "3", "root = this"], &input).well();
    let mut numbers: Vec<u32> = finished.lines().iter().map(|line| line.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..5_000));
}

#[test]
fn counters_go_on_from_line_to_line() {
    assert_eq!(blobl(&["root = counter()"], "1\n1\n1\n").well().stdout, "1\n2\n3\n");
}

#[test]
fn variables_come_from_the_environment_and_from_files() {
    let folder = Folder::new();
    folder.write("a.env", "A=file # a comment\n");
    let run = |args: &[&str]| {
        let blobl = folder.forebay(&["blobl"]).args(args).args(&["root = env(\"A\")"]);
        blobl.variable("A", "outside").input("1\n").finish().well().stdout
    };
    assert_eq!(run(&[]), "outside\n");
    assert_eq!(run(&["--env-file", "a.env"]), "file\n");
}

#[test]
fn what_mappings_can_call_is_listed() {
    let folder = Folder::new();
    let all = ["list", "bloblang-functions", "bloblang-methods", "--format", "json-full"];
    let listed: serde_json::Value =
        serde_json::from_str(&folder.forebay(&all).finish().well().stdout).unwrap();
    let of = |kind: &str, name: &str| {
        let all = listed[kind].as_array().expect("a list");
        all.iter().find(|callable| callable["name"] == name).expect("there is one").clone()
    };
    assert_eq!(of("bloblang-functions", "range")["params"]["named"][2]["default"], 1);
    let example = &of("bloblang-methods", "capitalize")["examples"][0];
    assert_eq!(example["mapping"], "root.a = this.a.capitalize()");
    assert_eq!(example["results"][0][1], r#"{"a":"The Foo Bar"}"#);
    assert_eq!(of("bloblang-methods", "uppercase")["status"], "stable");
    let text = folder.forebay(&["list", "bloblang-methods"]).finish().well();
    assert!(text.lines().iter().any(|line| line.starts_with("slice(low, high?)")), "{text:?}");
    let inputs = folder.forebay(&["list", "inputs"]).finish().well();
    assert!(inputs.lines().iter().all(|line| line.starts_with("input ")), "{inputs:?}");
}
