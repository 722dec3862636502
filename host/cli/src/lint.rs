//! `forebay lint`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use forebay_lifecycle::Shutdown;
use forebay_metrics::Metrics;
use forebay_pipeline_config::{Examined, Forgiving, LintOptions, Variables, examine};
use forebay_pipeline_engine::{MetricNames, check_mappings};
use forebay_plugins_api::Components as _;

use crate::args::Lint;
use crate::variables::ProcessVariables;
use crate::{env_files, plugins};

/// Prints what is wrong with the files; fails when something is.
pub(crate) async fn lint(flags: Lint) -> anyhow::Result<ExitCode> {
    let Lint { files, plugins: plugin_flags, deprecated, labels, skip_env_var_check, env_files } = flags;
    let variables = ProcessVariables(env_files::read(&env_files)?);
    let plugins = plugins::load(&plugin_flags, &Arc::new(Metrics::default()), &Shutdown::new()).await?;
    let options =
        LintOptions { reject_deprecated: deprecated, require_labels: labels, ..LintOptions::default() };
    let forgiving = Forgiving(&variables);
    let variables: &dyn Variables = if skip_env_var_check { &forgiving } else { &variables };
    let mut faults = 0;
    for file in files {
        let path = file.display().to_string();
        let text = std::fs::read_to_string(&file).with_context(|| format!("read {path}"))?;
        let Examined { config, components, mut problems } =
            examine(&path, &text, variables, &plugins.catalog(), options);
        problems.extend(check_mappings(&path, &components, &plugins).await);
        if let Some(mapping) = config.and_then(|config| config.metrics.mapping) {
            problems.extend(MetricNames::check(&path, &mapping, &plugins).await);
        }
        problems.sort_by_key(|problem| (problem.line, problem.column));
        for problem in &problems {
            println!("{problem}");
        }
        faults += problems.len();
    }
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
