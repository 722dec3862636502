//! Templates, from where the flags say, and `forebay template`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use forebay_lifecycle::Threads;
use forebay_metrics::Metrics;
use forebay_pipeline_config::{Problem, Severity};
use forebay_pipeline_engine::{Structured, Templated};
use forebay_pipeline_tester::{globs, paths};
use forebay_plugins_api::Components;
use forebay_plugins_runtime::Plugins;

use crate::args::{TemplateCommand, Templates};
use crate::plugins;

/// Whether lints of templates are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lints {
    Refuse,
    PassOver,
}

impl Lints {
    /// What `--chilled` says of them.
    pub(crate) fn of(chilled: bool) -> Self {
        if chilled { Self::PassOver } else { Self::Refuse }
    }
}

/// The components of plugins, of templates, and the host's own.
///
/// # Errors
/// As [`with_templates`].
pub(crate) async fn structured(
    loaded: &Plugins,
    templates: &Templates,
    lints: Lints,
) -> anyhow::Result<Structured> {
    let templated = with_templates(Arc::new(loaded.clone()), templates, lints).await?;
    Ok(Structured::new(templated))
}

/// The same components with those of templates. What is wrong with a template is printed.
///
/// # Errors
/// A template can't be read, or must not be used.
pub(crate) async fn with_templates(
    components: Arc<dyn Components>,
    Templates { templates }: &Templates,
    lints: Lints,
) -> anyhow::Result<Arc<dyn Components>> {
    if templates.is_empty() {
        return Ok(components);
    }
    let mut files = Vec::new();
    for path in globs(templates.iter().map(String::as_str)).context("--templates")? {
        if path.is_dir() {
            let all = format!("{}/...", path.display());
            let found = paths(&[all]).context("--templates")?;
            files.extend(found.into_iter().filter(|path| is_yaml(path)));
        } else {
            files.push(path);
        }
    }
    let (templated, problems) = read(components, &files).await?;
    for problem in &problems {
        eprintln!("{problem}");
    }
    let is_refused = |problem: &Problem| lints == Lints::Refuse || problem.severity == Severity::Fatal;
    anyhow::ensure!(!problems.iter().any(is_refused), "not started because of the faults of templates above");
    Ok(Arc::new(templated))
}

/// `forebay template`.
pub(crate) async fn template(command: TemplateCommand) -> anyhow::Result<ExitCode> {
    let TemplateCommand::Lint { files, plugins: plugin_flags } = command;
    let files: Vec<_> = paths(&files).context("paths")?.into_iter().filter(|path| is_yaml(path)).collect();
    let loaded = plugins::load(&plugin_flags, &Arc::new(Metrics::default()), None, None).await?;
    let (templated, mut problems) = read(Arc::new(loaded), &files).await?;
    problems.extend(templated.test());
    for problem in &problems {
        println!("{problem}");
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn read(
    components: Arc<dyn Components>,
    files: &[PathBuf],
) -> anyhow::Result<(Templated, Vec<Problem>)> {
    let text = |path: &PathBuf| {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("read {name}"))?;
        Ok((name, text))
    };
    let texts = files.iter().map(text).collect::<anyhow::Result<Vec<_>>>()?;
    let threads = Threads::start("templates", 1).context("start the thread of templates")?;
    Ok(Templated::read(components, &texts, Arc::new(threads)).await)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}
