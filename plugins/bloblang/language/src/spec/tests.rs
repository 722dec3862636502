//! Every example of every function and method, run.

use super::{Body, Example, FunctionSpec};
use crate::testing::{Batch, Fixed};
use crate::{Content, Form, Mapping, functions, methods};

fn run_cases(name: &str, example: &Example) {
    let mut mapping = Mapping::compile(example.mapping, Form::Mapping)
        .unwrap_or_else(|error| panic!("{name}: {error} in {}", example.mapping));
    for (input, expected) in example.cases {
        let mut out = Vec::new();
        let outcome = mapping.run(&Batch::of(&[input]), 0, &mut Fixed::default(), &mut out);
        let result = match (outcome.error, outcome.content) {
            (Some(error), _) => format!("Error(\"{error}\")"),
            (None, Content::Written) => String::from_utf8_lossy(&out).into_owned(),
            (None, Content::Unchanged) => (*input).to_owned(),
            (None, Content::Deleted) => "<deleted>".to_owned(),
        };
        assert_eq!(&result, expected, "{name}: {} on {input}", example.mapping);
    }
}

fn all() -> impl Iterator<Item = &'static FunctionSpec> {
    functions().iter().chain(methods())
}

#[test]
fn every_example_gives_what_it_promises() {
    for spec in all() {
        for example in spec.examples {
            run_cases(spec.name, example);
        }
    }
}

#[test]
fn every_entry_is_documented_and_of_the_right_kind() {
    assert!(functions().iter().all(|spec| matches!(spec.body, Body::Function(_))));
    assert!(methods().iter().all(|spec| !matches!(spec.body, Body::Function(_))));
    for spec in all() {
        assert!(spec.docs.ends_with('.') && !spec.category.is_empty(), "{}", spec.name);
        assert!(!spec.variadic || spec.params.is_empty(), "{}", spec.name);
    }
}

#[test]
fn entries_are_sorted_by_name() {
    assert!(functions().is_sorted_by(|left, right| left.name < right.name));
    assert!(methods().is_sorted_by(|left, right| left.name < right.name));
}
