use forebay_bloblang::Value;

use crate::{Expression, floats};

/// What an expression finds in a document, as JSON; or the error.
fn found(source: &str, document: &str) -> String {
    let expression = match Expression::compile(source) {
        Ok(expression) => expression,
        Err(error) => return error,
    };
    let document = floats(&Value::from_json(document.as_bytes()).expect("a document"));
    match expression.run(&document) {
        Ok(value) if !crate::is_finite(&value) => "NAN".to_owned(),
        Ok(value) => {
            let mut json = Vec::new();
            value.write_json(&mut json);
            String::from_utf8(json).expect("text")
        }
        Err(error) => error,
    }
}

/// Expressions, documents, and what go-jmespath finds.
const CASES: &str = include_str!("tests.txt");

#[test]
fn everything_is_found_as_by_go_jmespath() {
    let lines: Vec<&str> = CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(lines.len() > 100, "only {} cases", lines.len());
    let mut wrong = Vec::new();
    for line in lines {
        let [source, document, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let got = found(source, document);
        if got != expected {
            wrong.push(format!("{source} on {document}\n  expected {expected}\n  got      {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_doubles_again_and_again_is_refused() {
    let lists = vec!["[@,@]"; 60].join(" | ");
    assert_eq!(found(&lists, "1"), "the expression makes a value of more than 64 MiB");
    let flat = format!("[@,@]{}", "|[@,@][]".repeat(40));
    assert!(found(&flat, "[1]").starts_with("the expression "), "{}", found(&flat, "[1]"));
}

#[test]
fn an_expression_that_nests_too_deeply_is_refused() {
    let source = "(".repeat(200) + "a" + &")".repeat(200);
    assert_eq!(found(&source, "{}"), "SyntaxError: the expression nests deeper than 100 levels");
}
