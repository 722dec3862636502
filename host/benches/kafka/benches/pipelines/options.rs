use std::time::Duration;

use anyhow::{Context as _, bail};

/// What the bench is told.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// `--only PART`, as often as wanted, of `throughput`, `latency`, `beside`, `many` and `parquet`.
    only: Vec<String>,
    /// `--setup TEXT`, as often as wanted: set-ups whose title has one of them.
    setups: Vec<String>,
    /// `--messages N`: of a topic that is read.
    pub(crate) messages: usize,
    /// `--seconds N`: how long a steady pace is kept.
    pub(crate) paced: Duration,
    /// `--batch-timeout MILLISECONDS`, of agents.
    pub(crate) batch_timeout: Duration,
}

impl Options {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut options = Self {
            only: Vec::new(),
            setups: Vec::new(),
            messages: 500_000,
            paced: Duration::from_secs(10),
            batch_timeout: Duration::from_millis(250),
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} has no value"));
            match argument.as_str() {
                "--only" => options.only.push(value()?),
                "--setup" => options.setups.push(value()?),
                "--messages" => options.messages = value()?.parse()?,
                "--seconds" => options.paced = Duration::from_secs(value()?.parse()?),
                "--batch-timeout" => options.batch_timeout = Duration::from_millis(value()?.parse()?),
                // What cargo says to every bench.
                "--bench" => {}
                unknown => bail!(
                    "there is no option {unknown}; there are --only PART, --setup TEXT, --messages N, --seconds N and \
                     --batch-timeout MILLISECONDS"
                ),
            }
        }
        Ok(options)
    }

    /// Whether a part is to be run.
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }

    pub(crate) fn wants_setup(&self, title: &str) -> bool {
        self.setups.is_empty() || self.setups.iter().any(|text| title.contains(text.as_str()))
    }
}
