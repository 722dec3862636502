//! `forebay echo`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use forebay_metrics::Metrics;
use forebay_pipeline_config::{Forgiving, LintOptions, Severity, render};

use crate::args::Echo;
use crate::configuration::{Main, Texts};
use crate::templates::{Lints, with_templates};
use crate::variables::ProcessVariables;
use crate::{env_files, plugins};

/// Prints a configuration in its normal form; fails where it can't be read.
pub(crate) async fn echo(Echo { file, sources, plugins: flags }: Echo) -> anyhow::Result<ExitCode> {
    let variables = ProcessVariables(env_files::read(&sources.env_files)?);
    let loaded = plugins::load(&flags, &Arc::new(Metrics::default()), None, None).await?;
    let loaded = with_templates(Arc::new(loaded), &sources.templates, Lints::PassOver).await?;
    let catalog = loaded.catalog();
    let texts = Texts::read(&Main::find(file.as_deref(), &sources), &sources)?;
    let document = texts.document(&Forgiving(&variables));
    let problems =
        document.examine(&catalog, LintOptions { allow_parts: true, ..LintOptions::default() }).problems;
    let fatal = problems.iter().filter(|problem| problem.severity == Severity::Fatal);
    let mut is_well = true;
    for problem in fatal {
        eprintln!("{problem}");
        is_well = false;
    }
    let Some(root) = document.root().filter(|_| is_well) else { return Ok(ExitCode::FAILURE) };
    print!("{}", render::normal(root, &catalog).to_text().context("write the configuration")?);
    Ok(ExitCode::SUCCESS)
}
