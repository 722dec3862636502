//! Whether the mappings in a configuration compile.

use forebay_pipeline_config::{ComponentConfig, Position, Problem, Severity};
use forebay_plugins_api::{Components, Form, MappingText, OpenError};

/// Compiles every mapping and every interpolated string of the components of a configuration; what
/// does not compile comes back with its place in the file `path`.
pub async fn check_mappings(
    path: &str,
    configs: &[ComponentConfig],
    components: &dyn Components,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for component in configs.iter().flat_map(ComponentConfig::with_descendants) {
        for text in component.texts() {
            let Some(source) = component.config.pointer(&text.pointer).and_then(|value| value.as_str())
            else {
                continue;
            };
            // What has still to be written, as in what `create` makes: whoever opens the component says so.
            if source.is_empty() {
                continue;
            }
            let (language, form) = match &text.language {
                Some(language) => (language.as_str(), form(text.form.as_deref())),
                None if source.contains("${!") => (DEFAULT_LANGUAGE, Form::Interpolation),
                None => continue,
            };
            if let Err(error) = components.check_mapping(MappingText::new(language, source, form)).await {
                problems.extend(self::problems(path, component, &text.pointer, &error));
            }
        }
    }
    problems
}

/// The language of interpolated strings.
const DEFAULT_LANGUAGE: &str = "bloblang";

fn form(name: Option<&str>) -> Form {
    match name {
        Some("mutation") => Form::Mutation,
        Some("query") => Form::Query,
        _ => Form::Mapping,
    }
}

/// Where in the file a component, or one inside it, can't be opened, and why.
pub(crate) fn problems(
    path: &str,
    component: &ComponentConfig,
    field: &str,
    error: &OpenError,
) -> Vec<Problem> {
    let places = match error {
        OpenError::Inside(places) => places.clone(),
        error => vec![place(component, field, error)],
    };
    let field = match error {
        OpenError::Problem(problem) if !problem.field.is_empty() => problem.field.as_str(),
        _ => field,
    };
    let path = component.file_of(field).unwrap_or(path);
    let fatal = |(at, message): (Position, String)| Problem {
        path: path.to_owned(),
        line: at.line,
        column: at.column,
        message,
        severity: Severity::Fatal,
    };
    places.into_iter().map(fatal).collect()
}

/// Where a component can't be opened, and why.
pub(crate) fn place(component: &ComponentConfig, field: &str, error: &OpenError) -> (Position, String) {
    let mut at = component.span.start;
    let mut message = error.to_string();
    if let OpenError::Problem(problem) = error {
        let (line, column) = (problem.line.max(1) as usize, problem.column.max(1) as usize);
        let field = if problem.field.is_empty() { field } else { &problem.field };
        if let Some(position) = component.position_of(field, line, column) {
            at = position;
        } else if !field.is_empty() {
            message = format!("field {}: {message}", field.trim_start_matches('/').replace('/', "."));
        }
    }
    (at, message)
}
