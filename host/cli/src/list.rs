//! `forebay list`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{bail, ensure};
use forebay_metrics::Metrics;
use forebay_pipeline_config::spec::{self, Callable, Kind};
use forebay_pipeline_config::{Catalog, render};
use serde_json::Value;

use crate::args::{self, Format, List};
use crate::plugins;
use crate::templates::{Lints, with_templates};

/// What is listed.
enum Wanted<'c> {
    Components(Kind),
    /// What texts in a language can call.
    Callables(&'c [Callable]),
    /// What a section of the configuration may be, and what that is called.
    Section(&'static str, &'static [&'static str]),
}

pub(crate) async fn list(flags: List) -> anyhow::Result<ExitCode> {
    let List { types, plugins: plugin_flags, templates, format, status } = flags;
    let plugins = plugins::load(&plugin_flags, &Arc::new(Metrics::default()), None, None).await?;
    let plugins = with_templates(Arc::new(plugins), &templates, Lints::PassOver).await?;
    let catalog = plugins.catalog();
    if format == Format::Schema {
        ensure!(types.is_empty() && status.is_none(), "a schema is of all components");
        println!("{:#}", render::json_schema(&catalog));
        return Ok(ExitCode::SUCCESS);
    }
    let catalog = match status {
        Some(status) => Arc::new(catalog.of_status(status.into())),
        None => catalog,
    };
    let wanted: Vec<Wanted<'_>> =
        types.iter().map(|name| wanted(&catalog, name)).collect::<anyhow::Result<_>>()?;
    match format {
        Format::Text => print!("{}", text(&catalog, &wanted)),
        Format::Json => println!("{:#}", names(&catalog, &types, &wanted)),
        Format::JsonFull => println!("{:#}", json(&catalog, &types, &wanted)),
        Format::Schema => {}
    }
    Ok(ExitCode::SUCCESS)
}

impl From<args::Status> for spec::Status {
    fn from(status: args::Status) -> Self {
        match status {
            args::Status::Stable => Self::Stable,
            args::Status::Beta => Self::Beta,
            args::Status::Experimental => Self::Experimental,
            args::Status::Deprecated => Self::Deprecated,
        }
    }
}

/// What a word on the command line stands for: `inputs`, `rate-limits`, `bloblang-functions`.
fn wanted<'c>(catalog: &'c Catalog, name: &str) -> anyhow::Result<Wanted<'c>> {
    let spelled = name.replace('-', "_");
    let is_called = |kind: &Kind| spelled == kind.as_str() || spelled == render::plural(*kind);
    if let Some(kind) = Kind::ALL.into_iter().find(|kind| is_called(kind)) {
        return Ok(Wanted::Components(kind));
    }
    let is_section =
        |(section, _): &(&str, _)| *section == spelled || section.strip_suffix('s') == Some(spelled.as_str());
    if let Some((section, types)) = render::SECTIONS.into_iter().find(is_section) {
        return Ok(Wanted::Section(section, types));
    }
    for entry in catalog.iter().filter(|entry| entry.spec.kind == Kind::Mapping) {
        let language = entry.spec.name.as_str();
        match name.strip_prefix(language) {
            Some("-functions") => return Ok(Wanted::Callables(&entry.spec.functions)),
            Some("-methods") => return Ok(Wanted::Callables(&entry.spec.methods)),
            _ => {}
        }
    }
    bail!(
        "there is nothing called `{name}` to list: inputs, processors, outputs, mappings, scanners, caches, \
         rate-limits, metrics, tracers, bloblang-functions, bloblang-methods"
    );
}

fn text(catalog: &Catalog, wanted: &[Wanted<'_>]) -> String {
    if wanted.is_empty() {
        return render::list_text(catalog);
    }
    let part = |wanted: &Wanted<'_>| match wanted {
        Wanted::Components(kind) => {
            let all = render::list_text(catalog);
            let is_it = |line: &&str| line.split_whitespace().next() == Some(kind.as_str());
            all.lines().filter(is_it).map(|line| format!("{line}\n")).collect()
        }
        Wanted::Callables(callables) => render::callables_text(callables),
        Wanted::Section(section, types) => {
            types.iter().map(|name| format!("{section:<12}{name}\n")).collect()
        }
    };
    wanted.iter().map(part).collect()
}

/// Names under what they are the names of, as Bento has them: all, or those that were asked for.
fn names(catalog: &Catalog, types: &[String], wanted: &[Wanted<'_>]) -> Value {
    let all = render::names_json(catalog);
    if wanted.is_empty() {
        return all;
    }
    let listed = types.iter().zip(wanted).map(|(name, wanted)| {
        let name = match wanted {
            Wanted::Components(kind) => render::plural(*kind),
            Wanted::Callables(_) => name.clone(),
            Wanted::Section(section, _) => (*section).to_owned(),
        };
        let names = all[name.as_str()].clone();
        (name, names)
    });
    Value::Object(listed.collect())
}

/// All components or, by what was asked for, objects under the names that were used, as Bento has them.
fn json(catalog: &Catalog, types: &[String], wanted: &[Wanted<'_>]) -> Value {
    let components = render::list_json(catalog);
    if wanted.is_empty() {
        return components;
    }
    let listed = types.iter().zip(wanted).map(|(name, wanted)| {
        let list: Vec<Value> = match wanted {
            Wanted::Components(kind) => {
                let all = components.as_array().into_iter().flatten();
                all.filter(|component| component["kind"] == kind.as_str()).cloned().collect()
            }
            Wanted::Callables(callables) => callables.iter().map(render::callable_json).collect(),
            Wanted::Section(_, types) => types.iter().map(|name| serde_json::json!({"name": name})).collect(),
        };
        (name.clone(), list.into())
    });
    Value::Object(listed.collect())
}
