use forebay_bloblang::Value as Document;

use crate::{Program, ProgramError, Value, World};

/// Programs, inputs, and what gojq makes of them, an array of three strings a line.
const CASES: &str = include_str!("tests/cases.jsonl");

struct Nowhere;

impl World for Nowhere {
    fn now(&mut self) -> (i64, u32) {
        (1_700_000_000, 500_000_000)
    }
}

fn document(json: &str) -> Value {
    Value::of(&Document::from_json(json.as_bytes()).expect("a document"))
}

/// All results, each after a space; or the error after what kind it is.
fn run(source: &str, input: &str) -> String {
    let mut program = match Program::compile(source, &["$metadata"]) {
        Ok(program) => program,
        Err(ProgramError::Parse(error)) => return format!("parse: {error}"),
        Err(ProgramError::Compile(error)) => return format!("compile: {error}"),
    };
    match program.run(document(input), vec![document(r#"{"k":"v"}"#)], &mut Nowhere) {
        Ok(results) => {
            let mut out = b"values:".to_vec();
            for result in results {
                out.push(b' ');
                if !result.write_json(&mut out) {
                    out.extend_from_slice(b"no JSON");
                }
            }
            String::from_utf8(out).expect("text")
        }
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn everything_is_as_in_gojq() {
    let mut wrong = Vec::new();
    for line in CASES.lines() {
        let Document::Array(case) = Document::from_json(line.as_bytes()).expect("a line of JSON") else {
            panic!("{line}")
        };
        let [Document::String(source), Document::String(input), Document::String(expected)] = &case[..]
        else {
            panic!("{line}")
        };
        let got = run(source, input);
        if got != expected.as_str() {
            wrong.push(format!("{source} on {input}\n  expected {expected}\n  got      {got}"));
        }
    }
    assert!(CASES.lines().count() > 150, "only {} cases", CASES.lines().count());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn programs_that_do_not_end_are_stopped() {
    let endless = [
        "last(repeat(1))",
        "def f: f; f",
        "def f: 1 + f; f",
        "def f: f | f; f",
        "[limit(1; range(infinite) | select(. < 0))]",
        "until(false; . + 1)",
        "last(range(infinite))",
        "try last(repeat(1)) catch 1",
        "first(repeat(empty))",
        "reduce repeat(1) as $x (0; . + $x)",
        ". as [$a] ?// $a | last(repeat(1))",
    ];
    for source in endless {
        let result = run(source, "0");
        assert!(result.starts_with("error: the query "), "{source}: {result}");
    }
}

#[test]
fn programs_may_recurse_deeply() {
    assert_eq!(run("def f: if . >= 100000 then . else . + 1 | f end; f", "0"), "values: 100000");
    assert_eq!(run("[recurse(if . < 10000 then . + 1 else empty end)] | length", "0"), "values: 10001");
    assert_eq!(run("def f: if . == 0 then 0 else 1 + (. - 1 | f) end; f", "10000"), "values: 10000");
    assert_eq!(run("def f(g): if g >= 3000 then g else f(g + 1) end; f(2990)", "0"), "values: 3000");
    assert_eq!(
        run("def f($n; g): if $n == 0 then 1 else f($n - 1; g | g) end; f(3000; .)", "0"),
        "values: 1"
    );
}

#[test]
fn large_things_are_refused() {
    let deep = run("reduce range(1000) as $i (null; [.])", "0");
    assert_eq!(deep, "error: the query makes a value of more than 500 levels");
    let integer = run("reduce range(20) as $i (123456789012345678901234567890; . * .)", "0");
    assert_eq!(integer, "error: an integer has more than 20000 digits");
    assert_eq!(run(".[100000000] = 1", "[]"), "error: an array has more than 3145728 items");
    let path = run("setpath([range(600) | \"a\"]; 1)", "null");
    assert_eq!(path, "error: a path has more than 500 keys");
    assert!(run("\"abc\" * 80000000", "0").starts_with("error: the query takes more than 96 MiB"));
}

#[test]
fn a_program_that_nests_too_deeply_is_refused() {
    let source = "(".repeat(200) + "1" + &")".repeat(200);
    assert_eq!(run(&source, "0"), "parse: the query nests deeper than 100 levels");
    let source = "1".to_owned() + &"+1".repeat(2000);
    assert_eq!(run(&source, "0"), "parse: the query has more than 500 operators in a row");
}

#[test]
fn the_clock_is_that_of_the_world() {
    assert_eq!(run("now", "0"), "values: 1700000000.5");
}

#[test]
fn every_definition_of_the_prelude_compiles() {
    let Document::Array(names) = Document::from_json(&run("builtins", "0").as_bytes()[8..]).expect("JSON")
    else {
        panic!("no list")
    };
    for name in names.iter() {
        let Document::String(name) = name else { panic!("{name:?}") };
        let (name, arity) = name.rsplit_once('/').expect("an arity");
        let arguments = vec!["1"; arity.parse().expect("a number")];
        let call =
            if arguments.is_empty() { name.to_owned() } else { format!("{name}({})", arguments.join(";")) };
        if ["input", "inputs", "debug"].contains(&name) {
            continue;
        }
        let result = run(&format!("[limit(1; {call})]"), "0");
        assert!(!result.starts_with("compile: "), "{call}: {result}");
    }
}
