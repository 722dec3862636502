//! `forebay test`. The work is done in `forebay-pipeline-tester`.

use std::io::{stderr, stdout};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use forebay_lifecycle::Threads;
use forebay_metrics::Metrics;
use forebay_pipeline_engine::Structured;
use forebay_pipeline_tester::{Tester, globs};
use forebay_plugins_api::Components;

use crate::args::Test;
use crate::templates::{Lints, with_templates};
use crate::variables::ProcessVariables;
use crate::{env_files, log, paint, plugins};

/// Threads for the caches of tests; everything else stays on this one.
const THREADS: usize = 2;

/// Runs tests; fails when one does, or there are none.
pub(crate) async fn test(flags: Test) -> anyhow::Result<ExitCode> {
    let Test { paths, plugins: plugin_flags, resources, env_files, templates, log } = flags;
    if let Some(level) = log {
        log::start_on_stdout(level);
    }
    let environment = env_files::read(&env_files)?;
    let resources = globs(resources.iter().map(String::as_str)).context("--resources")?;
    let loaded = plugins::load(&plugin_flags, &Arc::new(Metrics::default()), None, None).await?;
    let templated = with_templates(Arc::new(loaded), &templates, Lints::PassOver).await?;
    let components: Arc<dyn Components> = Arc::new(Structured::new(templated));
    let threads = Threads::start("tests", THREADS).context("start threads")?;
    let tester = Tester {
        components: &components,
        threads: &threads,
        variables: &ProcessVariables::default(),
        environment,
        resources,
        paint: paint::of_stdout(),
    };
    // Not locked: what components log may come from other threads meanwhile.
    let is_well = tester.run(&paths, &mut stdout(), &mut stderr()).await.context("write the report")?;
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
