use std::time::Duration;

use anyhow::{Context as _, bail};

/// What the bench is told.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// `--minute`: each phase takes a minute, and the first row is run twice.
    pub(crate) minute: bool,
    /// `--only TEXT`, as often as wanted: rows whose name has one of them, among `Forebay`, `Kafka`, `floor`, `latency`.
    only: Vec<String>,
    /// `--partitions N`, as often as wanted.
    partitions: Vec<i32>,
    /// How long as much as possible is produced: `--seconds N`.
    pub(crate) full: Duration,
    /// How long it is produced at a steady pace: `--seconds N`.
    pub(crate) paced: Duration,
    pub(crate) warm_up: Duration,
    /// No phase produces more: disks are finite.
    pub(crate) most_bytes: u64,
}

impl Options {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut options = Self {
            minute: false,
            only: Vec::new(),
            partitions: Vec::new(),
            full: Duration::from_secs(3),
            paced: Duration::from_secs(4),
            warm_up: Duration::from_secs(2),
            most_bytes: 2 << 30,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} has no value"));
            match argument.as_str() {
                "--minute" => {
                    let minute = Duration::from_mins(1);
                    let warm_up = Duration::from_secs(10);
                    let most_bytes = 16 << 30;
                    options =
                        Self { minute: true, full: minute, paced: minute, warm_up, most_bytes, ..options };
                }
                "--seconds" => {
                    let seconds = Duration::from_secs(value()?.parse()?);
                    options = Self { full: seconds, paced: seconds, ..options };
                }
                "--only" => options.only.push(value()?),
                "--partitions" => options.partitions.push(value()?.parse()?),
                // What cargo says to every bench.
                "--bench" => {}
                unknown => bail!(
                    "there is no option {unknown}; there are --minute, --seconds N, --only TEXT and --partitions N"
                ),
            }
        }
        Ok(options)
    }

    /// Whether what is called so is to be run.
    pub(crate) fn wants(&self, title: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| title.contains(only.as_str()))
    }

    pub(crate) fn wants_partitions(&self, partitions: i32) -> bool {
        self.partitions.is_empty() || self.partitions.contains(&partitions)
    }
}
