//! `forebay list`.

use std::process::ExitCode;
use std::sync::Arc;

use forebay_lifecycle::Shutdown;
use forebay_metrics::Metrics;
use forebay_pipeline_config::render;
use forebay_plugins_api::Components as _;

use crate::args::{Format, List};
use crate::plugins;

pub(crate) async fn list(List { plugins: flags, format }: List) -> anyhow::Result<ExitCode> {
    let plugins = plugins::load(&flags, &Arc::new(Metrics::default()), &Shutdown::new()).await?;
    match format {
        Format::Text => print!("{}", render::list_text(&plugins.catalog())),
        Format::Json => println!("{:#}", render::list_json(&plugins.catalog())),
    }
    Ok(ExitCode::SUCCESS)
}
