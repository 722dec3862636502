//! Catalogs for people to read: the list of components, and what the configuration of one looks like.

mod create;
mod echo;
mod example;
mod schema;

use std::collections::BTreeMap;

use serde_json::json;

use crate::catalog::Catalog;
use crate::pipeline::{metrics, tracer};
use crate::spec::{CallExample, Callable, FieldKind, FieldSpec, Kind, Param, Status};

pub use create::{CreateError, create};
pub(crate) use echo::component;
pub use echo::normal;
pub use example::{Detail, example};
pub use schema::json_schema;

/// One line for each component: kind, name, status, build (where any is known) and summary, in columns.
pub fn list_text(catalog: &Catalog) -> String {
    let width = catalog.iter().map(|entry| entry.spec.name.as_str().len()).max().unwrap_or(0);
    let short = |entry: &crate::catalog::Entry| entry.digest.as_ref().map(crate::build::Digest::short);
    let builds = catalog.iter().filter_map(short).map(|digest| digest.len() + 2).max().unwrap_or(0);
    let kinds = catalog.iter().map(|entry| entry.spec.kind.as_str().len()).max().unwrap_or(0);
    let mut out = String::new();
    for entry in catalog.iter() {
        let spec = &entry.spec;
        let (build, summary) = (short(entry).unwrap_or_default(), one_line(&spec.summary));
        let line = format!(
            "{:kinds$}  {:width$}  {:12}  {build:builds$}{summary}",
            spec.kind, spec.name, spec.status
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The same as a JSON array of objects, with the plugin's name.
pub fn list_json(catalog: &Catalog) -> serde_json::Value {
    let component = |entry: &crate::catalog::Entry| {
        let mut shown = json!({
            "kind": entry.spec.kind,
            "name": entry.spec.name,
            "status": entry.spec.status,
            "summary": entry.spec.summary,
            "plugin": entry.plugin,
        });
        if let Some(digest) = &entry.digest {
            shown["digest"] = digest.to_string().into();
        }
        shown
    };
    catalog.iter().map(component).collect()
}

/// What a section of the configuration may be, by what Bento calls these together: they are no components.
pub const SECTIONS: [(&str, &[&str]); 2] = [("metrics", &metrics::TYPES), ("tracers", &tracer::TYPES)];

/// The names of all components by their kinds, of what sections may be, and of what mappings can call; what is
/// deprecated is left out.
pub fn names_json(catalog: &Catalog) -> serde_json::Value {
    let mut all: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for kind in Kind::ALL {
        all.insert(plural(kind), Vec::new());
    }
    for (section, types) in SECTIONS {
        let mut types = types.to_vec();
        types.sort_unstable();
        all.insert(section.to_owned(), types);
    }
    for entry in catalog.iter() {
        let spec = &entry.spec;
        if spec.status != Status::Deprecated {
            all.entry(plural(spec.kind)).or_default().push(spec.name.as_str());
        }
        for (callables, sort) in [(&spec.functions, "functions"), (&spec.methods, "methods")] {
            if spec.kind == Kind::Mapping && !callables.is_empty() {
                let current = callables.iter().filter(|callable| callable.status != "deprecated");
                let names = current.map(|callable| callable.name.as_str()).collect();
                all.insert(format!("{}-{sort}", spec.name), names);
            }
        }
    }
    json!(all)
}

/// What the components of a kind are called together: `inputs`.
pub fn plural(kind: Kind) -> String {
    let name = kind.as_str().replace('_', "-");
    if name.ends_with('s') { name } else { format!("{name}s") }
}

/// What texts in a language can call, one line each: name with parameters, status and the first sentence about it.
pub fn callables_text(callables: &[Callable]) -> String {
    let signatures: Vec<String> = callables.iter().map(signature).collect();
    let width = signatures.iter().map(String::len).filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let mut out = String::new();
    for (callable, signature) in callables.iter().zip(signatures) {
        let docs = one_line(callable.docs.split("\n\n").next().unwrap_or_default());
        let line = format!("{signature:width$}  {:12}  {docs}", callable.status);
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A function or a method under the keys that Bento's list has.
pub fn callable_json(callable: &Callable) -> serde_json::Value {
    let Callable { name, status, category, docs, params, variadic, examples } = callable;
    let mut taken = serde_json::Map::new();
    if *variadic {
        taken.insert("variadic".to_owned(), true.into());
    }
    if !params.is_empty() {
        let param = |param: &Param| {
            let mut shown = json!({"name": param.name, "type": param.kind});
            if param.optional {
                shown["is_optional"] = true.into();
            }
            if !param.default.is_null() {
                shown["default"] = param.default.clone();
            }
            shown
        };
        taken.insert("named".to_owned(), params.iter().map(param).collect());
    }
    let mut shown =
        json!({"name": name, "status": status, "category": category, "description": docs, "params": taken});
    if !examples.is_empty() {
        let example = |example: &CallExample| {
            let CallExample { summary, mapping, results } = example;
            json!({"summary": summary, "mapping": mapping, "results": results, "skip_testing": false})
        };
        shown["examples"] = examples.iter().map(example).collect();
    }
    shown
}

/// Signatures up to this width make the column that the rest stands behind.
const WIDEST: usize = 48;

fn signature(Callable { name, params, variadic, .. }: &Callable) -> String {
    let mut inside: Vec<String> = params
        .iter()
        .map(|param| if param.optional { format!("{}?", param.name) } else { param.name.clone() })
        .collect();
    if *variadic {
        inside.push("...".to_owned());
    }
    format!("{name}({})", inside.join(", "))
}

/// A field in one line: its name, its type, whether it must be given, and the first sentence about it.
pub fn field_text(field: &FieldSpec) -> String {
    let kind = match field.kind {
        FieldKind::Scalar => "",
        FieldKind::Array => " list",
        FieldKind::Map => " map",
    };
    let given = match &field.default {
        Some(default) => format!("default {default}"),
        None if field.is_required() => "required".to_owned(),
        None => "optional".to_owned(),
    };
    let secret = if field.secret { ", secret" } else { "" };
    let docs = one_line(field.docs.split("\n\n").next().unwrap_or_default());
    let line = format!("{}: {}{kind}, {given}{secret}  {docs}", field.name, field.field_type.as_str());
    line.trim_end().to_owned()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
