use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::broker::PIPELINES;
use crate::processes::{self, Cpu};
use crate::server::Server;

/// Where a pipeline runs.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Bento(PathBuf),
    /// `forebay run`.
    Run(PathBuf),
    /// In the agent.
    Managed,
}

/// A pipeline that runs.
pub(crate) struct Pipeline {
    /// None where it runs in the broker's process.
    child: Option<Child>,
    broker: u32,
    log: PathBuf,
}

/// What a pipeline and its broker have taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) pipeline: Duration,
    pub(crate) broker: Duration,
}

impl Kind {
    /// The name of the component for topics, and what it says of the broker.
    pub(crate) fn kafka(&self, server: &Server) -> (&'static str, String) {
        match self {
            Self::Bento(_) | Self::Run(_) => ("kafka_franz", format!("seed_brokers: ['{}'], ", server.kafka)),
            Self::Managed => ("kafka_franz_warpstream", String::new()),
        }
    }
}

impl Pipeline {
    pub(crate) fn start(kind: &Kind, text: &str, folder: &Path, server: &Server) -> anyhow::Result<Self> {
        let (file, log) = (folder.join("pipeline.yaml"), folder.join("pipeline.log"));
        let (program, arguments): (&Path, &[&str]) = match kind {
            Kind::Managed => {
                // Not half of it at any time.
                std::fs::write(&file, text)?;
                std::fs::rename(&file, folder.join(PIPELINES).join("bench.yaml"))?;
                return Ok(Self { child: None, broker: server.process(), log: folder.join("server.log") });
            }
            // It would listen on every address.
            Kind::Bento(program) => (program, &["run", "--set", "http.enabled=false"]),
            Kind::Run(program) => (program, &["run"]),
        };
        std::fs::write(&file, text)?;
        let out = std::fs::File::create(&log)?;
        let mut command = Command::new(program);
        command.args(arguments).arg(&file).env("FOREBAY_HTTP_ADDRESS", "off");
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let child = command.spawn().with_context(|| format!("start {}", program.display()))?;
        Ok(Self { child: Some(child), broker: server.process(), log })
    }

    /// The process that it runs in.
    pub(crate) fn process(&self) -> u32 {
        self.child.as_ref().map_or(self.broker, Child::id)
    }

    /// Fails when it has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        if let Some(child) = &mut self.child
            && let Some(status) = child.try_wait()?
        {
            bail!("the pipeline has ended, {status}:\n{}", self.log());
        }
        Ok(())
    }

    /// The last lines that it wrote.
    pub(crate) fn log(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    pub(crate) fn taken(&self) -> anyhow::Result<Taken> {
        let broker = Cpu::of(self.broker)?;
        Ok(match &self.child {
            Some(child) => Taken { pipeline: Cpu::of(child.id())?.all, broker: broker.all },
            None => Taken { pipeline: broker.pipelines, broker: broker.rest() },
        })
    }

    /// Bytes of its process, at most.
    pub(crate) fn peak(&self) -> anyhow::Result<u64> {
        Ok(processes::memory(self.process())?.1)
    }
}

impl Taken {
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            pipeline: self.pipeline.saturating_sub(earlier.pipeline),
            broker: self.broker.saturating_sub(earlier.broker),
        }
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
