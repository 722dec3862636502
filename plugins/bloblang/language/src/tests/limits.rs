//! Nothing a mapping does may exhaust the stack. The tests run in threads whose stack is not much larger than that
//! of a plugin, in an unoptimised build, which needs several times as much.

use super::mappings::map;
use crate::{Form, Mapping};

const STACK: usize = 2 * 1024 * 1024;

pub(crate) fn in_small_thread(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(test).expect("a thread");
    thread.join().expect("no panic and no overflow");
}

#[test]
fn source_may_not_nest_without_end() {
    in_small_thread(|| {
        for (open, close) in [
            ("(", ")"),
            ("[", "]"),
            ("{\"a\":", "}"),
            ("this.(", ")"),
            ("if true { ", " }"),
            ("not_null(", ")"),
        ] {
            let source = format!("root = {}1{}", open.repeat(50_000), close.repeat(50_000));
            let error = Mapping::compile(&source, Form::Mapping).expect_err("too deep");
            assert!(error.message.contains("levels deep"), "{error}");
        }
        let source = format!("root = {}1", "-".repeat(50_000));
        assert!(Mapping::compile(&source, Form::Mapping).is_err());
    });
}

#[test]
fn long_chains_are_not_deep() {
    in_small_thread(|| {
        let sum = format!("root = this{}", " + 1".repeat(20_000));
        assert_eq!(map(&sum, "5"), "20005");
        let calls = format!("root = this{}", ".abs()".repeat(20_000));
        assert_eq!(map(&calls, "5"), "5");
    });
}

#[test]
fn unbounded_recursion_of_maps_is_an_error() {
    in_small_thread(|| {
        let error = map("map m {\n  root = this.apply(\"m\")\n}\nroot = this.apply(\"m\")", "5");
        assert!(error.contains("entering map m exceeded maximum allowed stacks of"), "{error}");
        let error = map(
            "map m {\n  root.a = [this.(x -> x.map_each(x.apply(\"m\")))]\n}\nroot = this.apply(\"m\")",
            "[1]",
        );
        assert!(error.starts_with("failed assignment"), "{error}");
    });
}

#[test]
fn values_may_not_nest_without_end() {
    in_small_thread(|| {
        let error = map("root = range(0, 100000).fold([], t -> [t.tally])", "");
        assert!(error.contains("nests more than"), "{error}");
        let source = format!("root = this{}", "\nroot = {\"a\": root}".repeat(1_000));
        let error = map(&source, "{}");
        assert!(error.contains("nests more than"), "{error}");
        let deepest = format!("{}{}", "[".repeat(500), "]".repeat(500));
        assert_eq!(map("root = this", &deepest), deepest);
    });
}

#[test]
fn sizes_are_limited() {
    assert!(map("root = \"abc\".repeat(1000000000000)", "").contains("too long"));
    assert!(map("root = range(0, this)", "1000000000000").contains("too long"));
}

#[test]
fn text_without_an_end_is_refused() {
    for (source, expected) in [
        ("root = \"abc", "line 1 char 12: required: expected end quote"),
        ("root = \"abc\\", "line 1 char 13: required: expected end quote"),
        ("root = \"\"\"abc\"\"", "line 1 char 16: required: expected end triple-quote"),
    ] {
        let error = Mapping::compile(source, Form::Mapping).expect_err("no end");
        assert_eq!(error.to_string(), expected);
    }
    let long = format!("root = \"{}", "x".repeat(1_000_000));
    assert!(Mapping::compile(&long, Form::Mapping).is_err());
}

#[test]
fn a_megabyte_of_brackets_is_refused() {
    in_small_thread(|| {
        for bracket in ["(", "[", "{", "!", "-", "if ", "match ", "x -> ", "this.(", "a["] {
            let source = format!("root = {}", bracket.repeat(1_000_000 / bracket.len()));
            assert!(Mapping::compile(&source, Form::Mapping).is_err(), "{bracket}");
            assert!(
                crate::Interpolated::compile(&format!("${{! {}", bracket.repeat(10_000))).is_err(),
                "{bracket}"
            );
        }
        for block in ["if true {\n", "map a {\n", "map a { if true {\n"] {
            assert!(Mapping::compile(&block.repeat(10_000), Form::Mapping).is_err(), "{block}");
        }
    });
}

#[test]
fn slow_expressions_do_not_take_long() {
    let text = format!("\"{}\"", "a".repeat(5_000));
    assert_eq!(map("root = this.re_match(\"(a*)*(a*)*b\")", &text), "false");
    assert_eq!(map("root = this.re_match(\"(a|aa|aaa)+$\")", &text), "true");
    let huge = Mapping::compile("root = this.re_match(\"((a{1000}){1000}){1000}\")", Form::Mapping);
    assert!(huge.is_err());
}

#[test]
fn huge_results_are_refused() {
    let error =
        Mapping::compile("root = range(0, 1000000000000000000)", Form::Mapping).expect_err("too long");
    assert!(error.message.contains("too long"), "{error}");
    for source in [
        "root = \"x\".repeat(10000000000)",
        "root = range(0, 60).fold(\"0123456789\".repeat(1000000), t -> t.tally + t.tally)",
        "root = \"a\".repeat(100000000).replace_all(\"a\", \"b\".repeat(1000))",
        "root = range(0, 1000).join(\"b\".repeat(1000000))",
        "root = nanoid(1000000000)",
        "root = bytes(1000000000000000000)",
        "root = range(0, 60).fold({\"a\":[1]}, t -> {\"a\": t.tally, \"b\": t.tally}).string()",
    ] {
        let result = map(source, "{}");
        assert!(result.starts_with("failed assignment"), "{source}: {} bytes", result.len());
    }
}

#[test]
fn endless_recursion_that_catches_its_errors_is_an_error() {
    in_small_thread(|| {
        let source = "map m {\n  root = [this.apply(\"m\").catch(1), this.apply(\"m\").catch(2)]\n}\nroot = this.apply(\"m\")";
        let error = map(source, "5");
        assert!(error.ends_with(" steps"), "{error}");
    });
}

#[test]
fn matches_in_patterns_of_matches_are_not_read_again_and_again() {
    in_small_thread(|| {
        for depth in [1, 2, 18, 48] {
            let source =
                format!("root = {}1 => 1{} }}", "match { ".repeat(depth), " } => 1".repeat(depth - 1));
            assert!(Mapping::compile(&source, Form::Mapping).is_ok(), "{source}");
        }
    });
}
