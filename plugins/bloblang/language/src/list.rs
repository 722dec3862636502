//! Everything the language has, as JSON for other programs: editors, documentation, completion.
//!
//! Functions are under `bloblang-functions` and methods under `bloblang-methods`, with the keys that Bento's list has,
//! so that what reads the one reads the other.

use crate::spec::{Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::{Object, Text, Value};
use crate::{functions, methods};

/// All functions and methods with their status, category, description, parameters and examples, as one JSON object.
pub fn list() -> String {
    let functions = functions().iter().map(|spec| object(function(spec))).collect::<Vec<_>>();
    let methods = methods().iter().map(|spec| object(method(spec))).collect::<Vec<_>>();
    let all = object(vec![
        ("bloblang-functions", Value::from(functions)),
        ("bloblang-methods", Value::from(methods)),
    ]);
    let mut json = Vec::new();
    all.write_json(&mut json);
    String::from_utf8_lossy(&json).into_owned()
}

type Fields = Vec<(&'static str, Value)>;

fn object(fields: Fields) -> Value {
    Value::Object(Object::from(
        fields.into_iter().map(|(key, value)| (Text::fixed(key), value)).collect::<Vec<_>>(),
    ))
}

fn function(spec: &FunctionSpec) -> Fields {
    let mut fields = common(spec);
    fields.push(("category", Value::from(spec.category)));
    fields.push(("examples", examples(spec)));
    fields
}

/// Methods have their category and examples in a list of categories.
fn method(spec: &FunctionSpec) -> Fields {
    let category = object(vec![
        ("Category", Value::from(spec.category)),
        ("Description", Value::from("")),
        ("Examples", examples(spec)),
    ]);
    let mut fields = common(spec);
    fields.push(("categories", Value::from(vec![category])));
    fields
}

fn common(spec: &FunctionSpec) -> Fields {
    let mut params = Vec::new();
    if spec.variadic {
        params.push(("variadic", Value::Bool(true)));
    }
    if !spec.params.is_empty() {
        params.push(("named", Value::from(spec.params.iter().map(param).collect::<Vec<_>>())));
    }
    vec![
        ("name", Value::from(spec.name)),
        ("status", Value::from(spec.status.name())),
        ("description", Value::from(spec.docs)),
        ("params", object(params)),
        ("impure", Value::Bool(spec.impure)),
    ]
}

fn param(param: &ParamSpec) -> Value {
    let kind = match param.kind {
        ParamKind::Any => "unknown",
        kind => kind.name(),
    };
    let mut fields = vec![("name", Value::from(param.name)), ("type", Value::from(kind))];
    match param.default {
        ParamDefault::Required => {}
        ParamDefault::Optional => fields.push(("is_optional", Value::Bool(true))),
        ParamDefault::Text(value) => fields.push(("default", Value::from(value))),
        ParamDefault::Integer(value) => fields.push(("default", Value::Int(value))),
        ParamDefault::Bool(value) => fields.push(("default", Value::Bool(value))),
    }
    object(fields)
}

fn examples(spec: &FunctionSpec) -> Value {
    Value::from(spec.examples.iter().map(example).collect::<Vec<_>>())
}

fn example(example: &Example) -> Value {
    let case = |(input, output): &(&'static str, &'static str)| {
        Value::from(vec![Value::from(*input), Value::from(*output)])
    };
    object(vec![
        ("summary", Value::from(example.summary)),
        ("mapping", Value::from(example.mapping)),
        ("results", Value::from(example.cases.iter().map(case).collect::<Vec<_>>())),
    ])
}

#[cfg(test)]
mod tests {
    use super::list;
    use crate::value::Value;
    use crate::{functions, methods};

    fn entries(whole: &Value, key: &str) -> Vec<Value> {
        let Value::Object(object) = whole else { panic!("no object") };
        match object.get(key) {
            Some(Value::Array(entries)) => entries.to_vec(),
            other => panic!("{key}: {other:?}"),
        }
    }

    #[test]
    fn everything_is_listed_with_its_parameters_and_examples() {
        let whole = Value::from_json(list().as_bytes()).expect("JSON");
        let (functions, methods) = (functions().len(), methods().len());
        assert_eq!(entries(&whole, "bloblang-functions").len(), functions);
        assert_eq!(entries(&whole, "bloblang-methods").len(), methods);
        let text = list();
        for part in [
            r#"{"default":false,"name":"no_cache","type":"bool"}"#,
            r#""impure":true,"name":"hostname""#,
            r#""params":{"variadic":true}"#,
        ] {
            assert!(text.contains(part), "{part}");
        }
    }
}
