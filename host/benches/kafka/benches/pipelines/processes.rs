//! What processes take, as Linux tells it: processor time in hundredths of a second, memory in pages.

use std::time::Duration;

use anyhow::Context as _;

/// Processor time of a process, and what of it is that of pipelines.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    pub(crate) all: Duration,
    /// Of the threads on which pipelines, their plugins and their connections live.
    pub(crate) pipelines: Duration,
}

/// How the names of those threads begin.
const OF_PIPELINES: [&str; 4] = ["guest-", "http-", "pipelines-", "epochs"];

impl Cpu {
    /// Since the start of a process.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn of(process: u32) -> anyhow::Result<Self> {
        let (_, all) = times(&std::fs::read_to_string(format!("/proc/{process}/stat"))?)?;
        let mut pipelines = Duration::ZERO;
        for task in std::fs::read_dir(format!("/proc/{process}/task"))? {
            // A thread may end meanwhile.
            let Ok(stat) = std::fs::read_to_string(task?.path().join("stat")) else { continue };
            let (name, time) = times(&stat)?;
            if OF_PIPELINES.iter().any(|start| name.starts_with(start)) {
                pipelines += time;
            }
        }
        Ok(Self { all, pipelines })
    }

    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            all: self.all.saturating_sub(earlier.all),
            pipelines: self.pipelines.saturating_sub(earlier.pipelines),
        }
    }

    /// That of everything else.
    pub(crate) fn rest(self) -> Duration {
        self.all.saturating_sub(self.pipelines)
    }
}

/// The name in a line of `stat`, and the time of processors.
fn times(stat: &str) -> anyhow::Result<(&str, Duration)> {
    let (front, behind) = stat.rsplit_once(')').context("/proc has no name")?;
    let name = front.split_once('(').map_or(front, |(_, name)| name);
    let mut fields = behind.split_whitespace().skip(11);
    let mut ticks =
        || fields.next().and_then(|field| field.parse::<u64>().ok()).context("/proc has no times");
    Ok((name, Duration::from_millis((ticks()? + ticks()?) * 10)))
}

/// Processor time that this machine wanted and did not get from the one that it runs on, since it started. While that
/// lasts nothing of it moves, whoever is to go first.
///
/// # Errors
/// When the system does not say it.
pub(crate) fn stolen() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let all = stat.lines().next().unwrap_or_default();
    // Its name, and seven kinds of time that was had.
    let ticks = all.split_whitespace().nth(8).and_then(|field| field.parse::<u64>().ok());
    Ok(Duration::from_millis(ticks.context("/proc/stat has no stolen time")? * 10))
}

/// Bytes of memory that a process has, and that it had at most.
pub(crate) fn memory(process: u32) -> anyhow::Result<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kib.map(|kib| kib << 10).with_context(|| format!("/proc has no {name}"))
    };
    Ok((line("VmRSS:")?, line("VmHWM:")?))
}
