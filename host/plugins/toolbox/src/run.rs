//! `forebay plugin run`: lines in, what a processor makes of them out.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_config::yaml;
use forebay_pipeline_config::{Entry, Position, read_settings};
use forebay_pipeline_message::Batch;
use forebay_plugins_api::{Components as _, Wakes};
use serde_json::Value as Json;

use crate::cases;
use crate::host::{Host, Loaded, setup};

/// What to run.
#[derive(Debug)]
pub struct Run {
    /// A component, or the folder that one was built in.
    pub path: PathBuf,
    /// Which of its processors, where it has several.
    pub processor: Option<String>,
    /// The processor's settings, as YAML.
    pub config: Option<String>,
    /// How many lines make a batch.
    pub batch: usize,
}

/// Sends the lines of `input` through a processor, and writes the payloads of the results, a line each. The errors
/// of messages go to `log`; whether there were none.
///
/// # Errors
/// When the plugin can't be loaded, its configuration is at fault, or the instance is lost.
pub async fn run(
    what: Run,
    host: &Host<'_>,
    mut input: impl BufRead,
    out: &mut dyn Write,
    log: &mut dyn Write,
) -> Result<bool> {
    let Run { path, processor, config, batch } = what;
    let loaded = host.open(&path).await?;
    let entry = loaded.component(Kind::Processor, processor.as_deref())?;
    let config = settings(&loaded, entry, config.as_deref())?;
    let wakes = Arc::new(Wakes::default());
    let opened = loaded.plugins.open_processor(setup(entry, config, &wakes)).await;
    let mut processor = opened.context("open the processor")?;
    let mut is_well = true;
    loop {
        let lines = read(&mut input, batch.max(1))?;
        if lines.is_empty() {
            break;
        }
        let messages = Batch::from_payloads(lines.iter().map(Some), true);
        let results = match cases::process(processor.as_mut(), messages).await {
            Ok(results) => results,
            Err(lost) => bail!(lost),
        };
        for message in results.iter().flat_map(|result| result.batch.iter()) {
            out.write_all(message.payload().unwrap_or_default())?;
            out.write_all(b"\n")?;
            if let Some(error) = message.error() {
                is_well = false;
                writeln!(log, "error: {error}")?;
            }
        }
        out.flush()?;
    }
    processor.close().await;
    Ok(is_well)
}

/// The settings of a component, with defaults.
///
/// # Errors
/// Every problem, a line each.
pub(crate) fn settings(loaded: &Loaded, entry: &Entry, text: Option<&str>) -> Result<Json> {
    let text = text.unwrap_or_default();
    let mut root = None;
    if !text.trim().is_empty() {
        let parsed = yaml::parse(text);
        if let Some(error) = parsed.errors.first() {
            bail!("config({},{}) {error}", error.position.line, error.position.column);
        }
        root = parsed.root;
    }
    let catalog = &loaded.catalog;
    let settings = read_settings("config", text, &entry.spec, root.as_ref(), Position::START, catalog);
    settings.map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!(lines.join("\n"))
    })
}

/// Up to so many lines, without their line feeds.
fn read(input: &mut impl BufRead, most: usize) -> Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    while lines.len() < most {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line).context("read the input")? == 0 {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        lines.push(line);
    }
    Ok(lines)
}
