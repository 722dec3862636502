//! `forebay lint`.

mod markdown;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use forebay_metrics::Metrics;
use forebay_pipeline_config::{Document, Files, Forgiving, LintOptions, Problem, Variables};
use forebay_pipeline_tester::paths;
use forebay_plugins_api::Components;

use crate::args::{self, Sources};
use crate::configuration::{self, Main, Texts};
use crate::templates::{Lints, with_templates};
use crate::variables::ProcessVariables;
use crate::{env_files, plugins};

/// Prints what is wrong with the files; fails when something is.
pub(crate) async fn lint(flags: args::Lint) -> anyhow::Result<ExitCode> {
    let args::Lint { files, sources, plugins: plugin_flags, deprecated, labels, skip_env_var_check } = flags;
    let variables = ProcessVariables(env_files::read(&sources.env_files)?);
    let forgiving = Forgiving(&variables);
    let variables: &dyn Variables = if skip_env_var_check { &forgiving } else { &variables };
    let mains = paths(&files).context("paths")?;
    let resources = configuration::resource_files(&sources)?;
    anyhow::ensure!(
        !mains.is_empty() || !files.is_empty() || sources.config.is_some() || !resources.is_empty(),
        "there is nothing to look at: name files, or one with -c"
    );
    let loaded = plugins::load(&plugin_flags, &Arc::new(Metrics::default()), None, None).await?;
    let loaded = with_templates(Arc::new(loaded), &sources.templates, Lints::PassOver).await?;
    let linter = Linter {
        components: loaded.as_ref(),
        variables,
        options: LintOptions {
            reject_deprecated: deprecated,
            require_labels: labels,
            ..LintOptions::default()
        },
    };
    let mut faults = Vec::new();
    let unset = Sources { settings: Vec::new(), ..sources.clone() };
    for path in &mains {
        faults.extend(linter.file(path, &unset).await?);
    }
    if let Some(path) = &sources.config {
        faults.extend(linter.file(path, &sources).await?);
    }
    // By themselves, and not as parts of others that would say the same again.
    for path in &resources {
        faults.extend(linter.part(path).await?);
    }
    for fault in &faults {
        println!("{fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What files are looked at with.
struct Linter<'a> {
    components: &'a dyn Components,
    variables: &'a dyn Variables,
    options: LintOptions,
}

impl Linter<'_> {
    /// What is wrong with a file, which may use the resources that the flags name.
    async fn file(&self, path: &Path, sources: &Sources) -> anyhow::Result<Vec<Problem>> {
        if path.extension().is_some_and(|extension| extension == "md") {
            return self.markdown(path).await;
        }
        let texts = Texts::read(&Main::File(path.to_owned()), sources)?;
        let document = texts.document(self.variables);
        let mut found = self.document(&document, texts.path(), document.is_part()).await;
        found.retain(|problem| !texts.is_resource(&problem.path));
        Ok(found)
    }

    /// What is wrong with a file that need not be whole.
    async fn part(&self, path: &Path) -> anyhow::Result<Vec<Problem>> {
        let texts = Texts::of_file(path)?;
        Ok(self.document(&texts.document(self.variables), texts.path(), true).await)
    }

    /// What is wrong with the configurations in a text. They are examples: variables need not be set.
    async fn markdown(&self, path: &Path) -> anyhow::Result<Vec<Problem>> {
        let texts = Texts::of_file(path)?;
        let mut found = Vec::new();
        for snippet in markdown::snippets(texts.text()) {
            let files = Files::one(texts.path(), snippet.text);
            let document = Document::read(&files, &Forgiving(self.variables));
            let problems = self.document(&document, texts.path(), true).await;
            found.extend(
                problems
                    .into_iter()
                    .map(|problem| Problem { line: problem.line + snippet.lines_before, ..problem }),
            );
        }
        Ok(found)
    }

    async fn document(&self, document: &Document, path: &str, is_part: bool) -> Vec<Problem> {
        let options = LintOptions { allow_parts: is_part, ..self.options };
        configuration::examine(document, path, self.components, options).await.problems
    }
}
