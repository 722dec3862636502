//! `forebay create`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use forebay_metrics::Metrics;
use forebay_pipeline_config::render::{self, Detail};

use crate::args::Create;
use crate::plugins;
use crate::templates::{Lints, with_templates};

/// Prints a configuration with the components that are asked for.
pub(crate) async fn create(
    Create { expression, small, plugins: flags, templates }: Create,
) -> anyhow::Result<ExitCode> {
    let loaded = plugins::load(&flags, &Arc::new(Metrics::default()), None, None).await?;
    let loaded = with_templates(Arc::new(loaded), &templates, Lints::PassOver).await?;
    let catalog = loaded.catalog();
    let detail = if small { Detail::Common } else { Detail::WithAdvanced };
    let text = render::create(&catalog, expression.as_deref().unwrap_or_default(), detail);
    print!("{}", text.context("create a configuration")?);
    Ok(ExitCode::SUCCESS)
}
