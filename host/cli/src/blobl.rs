//! `forebay blobl`: a mapping on the lines of the standard input, with Bento's flags and output.
//!
//! One task reads lines, one on each thread runs the mapping on them in an instance of its own, and this one prints.
//! Lines go through in bunches of what a read gave, so that whoever types sees each result at once.

mod lines;
mod shown;

use std::io::{Write as _, stderr, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use forebay_lifecycle::Threads;
use forebay_metrics::Metrics;
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_message::{Batch, Value};
use forebay_plugins_api::{
    Components, Environment, Form, Mapping, MappingText, OpenError, PipelineName, Setup, THIS_IS_BYTES,
};

use crate::args::Blobl;
use crate::{env_files, paint, plugins};
use lines::Lines;
use shown::Style;

/// Bunches of lines that wait for a thread or for the output: enough to keep all busy.
const QUEUE: usize = 16;
/// The language of mappings.
const LANGUAGE: &str = "bloblang";

/// What comes of a line: its text, or why there is none.
type Shown = Result<Vec<u8>, String>;

pub(crate) async fn blobl(flags: Blobl) -> anyhow::Result<ExitCode> {
    let Blobl { mapping, file, threads, raw, pretty, max_token_length, env_files, plugins: plugin_flags } =
        flags;
    let paint = paint::of_stdout();
    let complain = |text: &str| {
        eprintln!("{text}");
        Ok(ExitCode::FAILURE)
    };
    // As if they were not there.
    let (mapping, file) =
        (mapping.filter(|mapping| !mapping.is_empty()), file.filter(|file| file != Path::new("")));
    let source = match (mapping, &file) {
        (Some(_), Some(_)) => {
            let both = "invalid flags, unable to execute both a file mapping and an inline mapping";
            return complain(&paint.red(both));
        }
        (mapping, None) => mapping.unwrap_or_default(),
        (None, Some(file)) => match std::fs::read_to_string(file) {
            Ok(source) => source,
            Err(error) => {
                return complain(
                    &paint.red(format!("failed to read mapping file: open {}: {error}", file.display())),
                );
            }
        },
    };
    let environment = env_files::read(&env_files)?;
    let loaded = plugins::load(&plugin_flags, &Arc::new(Metrics::default()), None, None).await?;
    let components: Arc<dyn Components> = Arc::new(loaded);
    let language = language(components.as_ref(), file.as_deref());
    let setup = setup(&language, environment)?;

    let count = usize::try_from(threads).unwrap_or(1).max(1);
    let threads = Threads::start("blobl", count + 1).context("start threads")?;
    let (to_workers, lines) = async_channel::bounded::<Vec<Vec<u8>>>(QUEUE);
    let (to_output, results) = async_channel::bounded::<Vec<Shown>>(QUEUE);
    let style = if pretty { Style::Pretty } else { Style::Compact };
    let text = MappingText { file: file.as_deref(), ..MappingText::new(&language, &source, Form::Mapping) };
    for index in 0..count {
        let mapping = match components.open_mapping(text, &setup).await {
            Ok(mapping) => mapping,
            Err(OpenError::Problem(problem)) => {
                let shown = shown::problem(&source, &problem);
                return complain(&format!("{} {shown}", paint.red("failed to parse mapping:")));
            }
            Err(error) => return complain(&paint.red(error.to_string())),
        };
        let worker = Worker { mapping, raw, style };
        drop(threads.spawn(index, "a mapping", worker.run(lines.clone(), to_output.clone())));
    }
    let reading = threads.spawn(count, "the lines", read(max_token_length, to_workers));
    drop((lines, to_output));

    while let Ok(shown) = results.recv().await {
        for line in shown {
            let written = match line {
                Ok(text) => stdout().write_all(&text),
                Err(error) => {
                    let error = paint.red(format!("failed to execute map: {error}"));
                    writeln!(stderr(), "{error}")
                }
            };
            if written.and_then(|()| stdout().flush()).is_err() {
                // Nobody reads it any more, and what blocks in the reading of lines must not keep the process.
                std::mem::forget(threads);
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    let read = reading.await.map_err(|failed| anyhow!("{failed}"))?;
    match read {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => complain(&paint.red(error)),
    }
}

/// Hands on lines until there are no more, or one is too long.
async fn read(longest: usize, to: async_channel::Sender<Vec<Vec<u8>>>) -> Result<(), String> {
    let mut lines = Lines::new(std::io::stdin(), longest);
    loop {
        let (bunch, end) = lines.next();
        if !bunch.is_empty() && to.send(bunch).await.is_err() {
            return Ok(());
        }
        match end {
            None => {}
            Some(end) => return end,
        }
    }
}

/// One instance of the mapping.
struct Worker {
    mapping: Box<dyn Mapping>,
    raw: bool,
    style: Style,
}

impl Worker {
    async fn run(
        mut self,
        lines: async_channel::Receiver<Vec<Vec<u8>>>,
        to: async_channel::Sender<Vec<Shown>>,
    ) {
        while let Ok(bunch) = lines.recv().await {
            let batch = Batch::from_payloads(bunch.iter().map(Some), true);
            let batch = if self.raw {
                batch.with_metadata(&[(THIS_IS_BYTES.to_owned(), Value::Bool(true))])
            } else {
                batch
            };
            let shown = self.values(&batch).await;
            if to.send(shown).await.is_err() {
                return;
            }
        }
    }

    /// What the mapping gives for every line. One that costs the instance costs no other line.
    async fn values(&mut self, batch: &Batch) -> Vec<Shown> {
        match self.mapping.values(batch.clone()).await {
            Ok(values) => values.iter().map(|value| shown::line(value, self.style)).collect(),
            Err(lost) if batch.len() == 1 => vec![Err(lost)],
            Err(_) => {
                let mut all = Vec::with_capacity(batch.len());
                for index in 0..batch.len() {
                    let single = batch.slice(index, index + 1).unwrap_or_else(|| batch.clone());
                    match self.mapping.values(single).await {
                        Ok(values) => {
                            all.extend(values.iter().map(|value| shown::line(value, self.style)));
                        }
                        Err(lost) => all.push(Err(lost)),
                    }
                }
                all
            }
        }
    }
}

/// The language that the extension of a file names, otherwise the usual one.
fn language(components: &dyn Components, file: Option<&Path>) -> String {
    let extension = file.and_then(Path::extension).and_then(|extension| extension.to_str());
    let known = extension.filter(|name| components.catalog().get(Kind::Mapping, name).is_some());
    known.unwrap_or(LANGUAGE).to_owned()
}

fn setup(language: &str, environment: Environment) -> anyhow::Result<Setup> {
    let name = language.parse().context("the name of the language")?;
    Ok(Setup { environment, ..Setup::new(PipelineName::new("blobl"), "blobl", name) })
}
