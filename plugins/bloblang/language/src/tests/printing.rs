//! What is printed parses to the tree it was printed from.

use super::corpus;
use super::trees::shape;
use crate::canonical;
use crate::parser::{self, Imports};
use crate::syntax::{self, Source};

fn parse(source: &str) -> Option<Source> {
    parser::mapping(source, &mut Imports::none()).ok()
}

/// That the text of `tree` parses to `tree`.
pub(super) fn comes_back(tree: &Source) -> Result<(), String> {
    let printed = syntax::print(tree);
    let again = parser::mapping(&printed, &mut Imports::none())
        .map_err(|fault| format!("{} in\n{printed}", fault.in_mapping(&printed)))?;
    let (before, after) = (shape(tree), shape(&again));
    if before != after {
        return Err(format!("{printed}\nis\n{after}\nand not\n{before}"));
    }
    if syntax::print(&again) == printed { Ok(()) } else { Err(format!("{printed}\nchanges")) }
}

#[test]
fn every_mapping_of_the_corpus_comes_back() {
    let mut count = 0;
    for mut text in corpus::texts() {
        if let Ok((_, end)) = parser::query_prefix(&text) {
            // What follows a query in these cases is often no part of any mapping.
            if parse(&text).is_none() {
                text.truncate(end);
            }
        }
        if let Some(tree) = parse(&text) {
            comes_back(&tree).unwrap_or_else(|reason| panic!("{text}\nis printed as\n{reason}"));
            count += 1;
        }
    }
    assert!(count > 700, "{count}");
}

#[test]
fn brackets_are_where_the_parser_needs_them() {
    for query in [
        "this.a + b * c - 2",
        "(this.a + b) * c",
        "1 - (2 - this.a)",
        "a | b * c",
        "(a && b == c) == !d.e",
        "!(!a)",
        "!(-a)",
        "--5",
        "-(-5)",
        "!-5",
        "-!a.b",
        "(-a).b.c",
        "(a.b).c",
        "(a + b).c",
        "5.\"0\".1",
        "5.5.0",
        "\"\".length()",
        "(if).a",
        "(match) + (if)",
        "a.if.else",
        "1 + x -> x + 2",
        "(x -> x) + 1",
        "this.(x -> x.(_ -> x))",
        "(x -> x).a",
        "@",
        "@.a",
        "@\"\"",
        "@a.b",
        "@\"a b\"[0]",
        "$x[-1]",
        "this[:]",
        "this[1:]",
        "this[:2]",
        "this[::3]",
        "this[a:b:c]",
        "this.\"a b\".\"\".\"\\\"\"",
        "{\"a\": 1, (\"b\".uppercase()): [2, {}], c: x -> x}",
        "if a { b }",
        "if a { b } else if c { d } else { if e { f } }.string()",
        "range(start: 0, stop: 5)",
        "\"a\\n\\t\\\"\\\\\\xff\"",
        "1000000000000000000000.0",
        "elsewhere",
        "null.or(true)",
        "a.map_each(x -> if x { deleted() })",
    ] {
        let source = format!("root = {query}\n");
        let printed = canonical(&source).unwrap_or_else(|error| panic!("{error} in {query}"));
        assert_eq!(printed, source);
        comes_back(&parse(&source).expect(query)).expect(query);
    }
}

#[test]
fn statements_are_printed_in_one_way() {
    for (source, expected) in [
        ("this.a", "root = this.a\n"),
        ("a.\"b c\".0 = 1", "root.a.\"b c\".0 = 1\n"),
        ("root.root.\"\" = 1", "root.root.\"\" = 1\n"),
        ("let = 1\nroot = let", ""),
        ("let \"a b\" = 1 # one\n", "let \"a b\" = 1\n"),
        (
            "meta = {}\nmeta a = 1\nmeta \"\" = 2\nmeta \"a.b\" = 3",
            "meta = {}\nmeta a = 1\nmeta \"\" = 2\nmeta \"a.b\" = 3\n",
        ),
        (
            "map \"m n\" { root = this }\nmap o {}\nmeta = 1",
            "map \"m n\" {\n  root = this\n}\nmap o {\n}\nmeta = 1\n",
        ),
        (
            "if a { meta b = 1 } else if c {\n} else { if d { let e = 2 } }",
            "if a {\n  meta b = 1\n} else if c {\n} else {\n  if d {\n    let e = 2\n  }\n}\n",
        ),
        (
            "root = match a.b { 1 => 2, (_) => if c { 3 }, else == 4 => 5 \n _ => 6 }",
            "root = match a.b {\n  1 => 2\n  (_) => if c { 3 },\n  else == 4 => 5\n  _ => 6\n}\n",
        ),
        ("root = match { a => match b {} }", "root = match {\n  a => match b {\n  }\n}\n"),
        ("root = match {} { _ => 1 }", "root = match {} {\n  _ => 1\n}\n"),
    ] {
        assert_eq!(canonical(source).unwrap_or_default(), expected, "{source}");
        if let Some(tree) = parse(source) {
            comes_back(&tree).expect(source);
        }
    }
}
