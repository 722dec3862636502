//! What mappings can call, as the language states it.

use forebay_bloblang::{Example, FunctionSpec, ParamDefault, ParamSpec, Status};
use forebay_sdk::{CallExample, Callable, Param, Vocabulary};

pub(crate) fn vocabulary() -> Vocabulary {
    let list = |specs: &[FunctionSpec]| specs.iter().map(callable).collect();
    Vocabulary { functions: list(forebay_bloblang::functions()), methods: list(forebay_bloblang::methods()) }
}

fn callable(spec: &FunctionSpec) -> Callable {
    Callable {
        name: spec.name,
        status: match spec.status {
            Status::Stable => "stable",
            Status::Beta => "beta",
            Status::Experimental => "experimental",
            Status::Deprecated => "deprecated",
            Status::Hidden => "hidden",
        },
        category: spec.category,
        docs: spec.docs,
        params: spec.params.iter().map(param).collect(),
        variadic: spec.variadic,
        examples: spec.examples.iter().map(example).collect(),
    }
}

fn example(example: &Example) -> CallExample {
    let Example { summary, mapping, cases } = *example;
    CallExample { summary, mapping, results: cases.to_vec() }
}

fn param(spec: &ParamSpec) -> Param {
    let default = match spec.default {
        ParamDefault::Required | ParamDefault::Optional => None,
        ParamDefault::Text(text) => Some(text.into()),
        ParamDefault::Integer(value) => Some(value.into()),
        ParamDefault::Bool(value) => Some(value.into()),
    };
    let optional = spec.default != ParamDefault::Required;
    Param { name: spec.name, kind: spec.kind.name(), optional, default }
}
