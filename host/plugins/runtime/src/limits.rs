//! What one instance may use.

use std::time::Duration;

use forebay_pipeline_config::LimitsConfig;
use forebay_plugins_api::LostReason;
use wasmtime::ResourceLimiter;

/// What one instance may use, at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory.
    pub memory: usize,
    /// Bytes of batches that the guest holds handles of. They lie outside its memory.
    pub batches: usize,
    /// Bytes that one call may return.
    pub output: usize,
    /// Batches, operations, streams and other handles, in all.
    pub handles: usize,
    /// Files, streams and connections that are open at once; each may hold a thread of the host.
    pub streams: usize,
    /// What the component keeps beyond the instance.
    pub state: StateLimits,
    pub processes: ProcessLimits,
    /// Requests to other servers that are under way at once. More wait.
    pub requests: usize,
    /// CPU time of one call; waits do not count. Checked where code was compiled with epoch checks.
    pub cpu: Duration,
    /// Time of one call. Waits that the contract allows do not count.
    pub wall: Duration,
    /// Calls of capabilities that act outside the instance, in a second.
    pub host_calls: u32,
    /// Lines of log in a second, those of its standard output and standard error included.
    pub log_lines: u32,
    /// How long a component that is lost again and again waits for its next instance.
    pub pause: Duration,
}

/// What a component keeps in its state, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateLimits {
    /// Bytes of all keys and values.
    pub bytes: usize,
    pub entries: usize,
    /// Bytes of one key.
    pub key: usize,
}

impl Default for StateLimits {
    fn default() -> Self {
        Self { bytes: 1 << 20, entries: 10_000, key: 1 << 10 }
    }
}

/// What the processes of one instance may use of the host, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessLimits {
    /// How many there are at once.
    pub count: usize,
    /// Bytes of the output of one that wait to be read.
    pub output: usize,
}

impl Default for ProcessLimits {
    fn default() -> Self {
        Self { count: 16, output: 256 << 10 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            batches: 256 << 20,
            output: 256 << 20,
            handles: 10_000,
            streams: 256,
            state: StateLimits::default(),
            processes: ProcessLimits::default(),
            requests: 64,
            cpu: Duration::from_secs(5),
            wall: Duration::from_secs(60),
            host_calls: 1_000_000,
            log_lines: 10_000,
            pause: Duration::from_secs(60),
        }
    }
}

impl Limits {
    /// These limits, with others where `config` names them.
    #[must_use]
    pub fn with(&self, config: &LimitsConfig) -> Self {
        let LimitsConfig {
            memory,
            batches,
            output,
            cpu,
            wall,
            host_calls,
            log_lines,
            streams,
            state,
            processes,
            requests,
        } = config;
        let bytes = |given: &Option<u64>, usual: usize| {
            given.map_or(usual, |given| usize::try_from(given).unwrap_or(usize::MAX))
        };
        Self {
            memory: bytes(memory, self.memory),
            batches: bytes(batches, self.batches),
            output: bytes(output, self.output),
            handles: self.handles,
            state: StateLimits { bytes: bytes(state, self.state.bytes), ..self.state },
            processes: ProcessLimits {
                count: processes.map_or(self.processes.count, |given| given as usize),
                ..self.processes
            },
            streams: streams.map_or(self.streams, |given| given as usize),
            requests: requests.map_or(self.requests, |given| given as usize),
            cpu: cpu.unwrap_or(self.cpu),
            wall: wall.unwrap_or(self.wall),
            host_calls: host_calls.unwrap_or(self.host_calls),
            log_lines: log_lines.unwrap_or(self.log_lines),
            pause: self.pause,
        }
    }

    /// The smaller of both, limit by limit.
    pub(crate) fn within(&self, most: &Self) -> Self {
        Self {
            memory: self.memory.min(most.memory),
            batches: self.batches.min(most.batches),
            output: self.output.min(most.output),
            handles: self.handles.min(most.handles),
            state: StateLimits { bytes: self.state.bytes.min(most.state.bytes), ..self.state },
            processes: ProcessLimits {
                count: self.processes.count.min(most.processes.count),
                ..self.processes
            },
            streams: self.streams.min(most.streams),
            requests: self.requests.min(most.requests),
            cpu: self.cpu.min(most.cpu),
            wall: self.wall.min(most.wall),
            host_calls: self.host_calls.min(most.host_calls),
            log_lines: self.log_lines.min(most.log_lines),
            pause: self.pause,
        }
    }
}

/// Which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Limit {
    Memory,
    Batches,
    Output,
    Handles,
    Streams,
    Cpu,
    Wall,
    HostCalls,
    LogLines,
    State,
    Processes,
    Requests,
}

impl Limit {
    pub(crate) const ALL: [Self; 12] = [
        Self::Memory,
        Self::Batches,
        Self::Output,
        Self::Handles,
        Self::Streams,
        Self::Cpu,
        Self::Wall,
        Self::HostCalls,
        Self::LogLines,
        Self::State,
        Self::Processes,
        Self::Requests,
    ];

    /// Its name in metrics, which is that in configurations too.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Batches => "batches",
            Self::Output => "output",
            Self::Handles => "handles",
            Self::Streams => "streams",
            Self::Cpu => "cpu",
            Self::Wall => "wall",
            Self::HostCalls => "host_calls",
            Self::LogLines => "log_lines",
            Self::State => "state",
            Self::Processes => "processes",
            Self::Requests => "requests",
        }
    }
}

/// A host call that ends the instance, because it passed a limit or broke the contract.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Refusal {
    pub(crate) reason: LostReason,
    pub(crate) limit: Option<Limit>,
    pub(crate) detail: String,
}

impl Refusal {
    pub(crate) fn contract(detail: impl Into<String>) -> wasmtime::Error {
        wasmtime::Error::new(Self { reason: LostReason::Contract, limit: None, detail: detail.into() })
    }

    pub(crate) fn limit(limit: Limit, detail: impl Into<String>) -> wasmtime::Error {
        let reason = match limit {
            Limit::Memory | Limit::Batches | Limit::Handles | Limit::Streams | Limit::State => {
                LostReason::Memory
            }
            Limit::Output => LostReason::Output,
            Limit::Cpu => LostReason::Cpu,
            Limit::Wall => LostReason::WallClock,
            Limit::HostCalls | Limit::LogLines | Limit::Processes | Limit::Requests => LostReason::HostCalls,
        };
        wasmtime::Error::new(Self { reason, limit: Some(limit), detail: detail.into() })
    }

    pub(crate) fn cpu(limit: Duration) -> wasmtime::Error {
        Self::limit(Limit::Cpu, format!("more than {limit:?} in one call"))
    }

    pub(crate) fn wall(limit: Duration) -> wasmtime::Error {
        Self::limit(Limit::Wall, format!("more than {limit:?} in one call"))
    }
}

/// Watches the linear memory of one instance.
#[derive(Debug)]
pub(crate) struct MemoryWatch {
    limit: usize,
    used: usize,
    table_entries: usize,
    refused: Option<usize>,
}

/// Funcrefs in all tables; a component has a few tables, of some thousand entries.
const MOST_TABLE_ENTRIES: usize = 100_000;

impl MemoryWatch {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: 0, table_entries: 0, refused: None }
    }

    /// Bytes of linear memory; memory does not shrink, so this is the high-water mark too.
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// How much it asked for when it was refused more.
    pub(crate) fn refused(&self) -> Option<usize> {
        self.refused
    }
}

impl ResourceLimiter for MemoryWatch {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // A component may have several memories; each call tells of one of them.
        let total = self.used - current.min(self.used) + desired;
        if total > self.limit {
            self.refused = Some(total);
            return Ok(false);
        }
        self.used = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_entries - current.min(self.table_entries) + desired;
        if total > MOST_TABLE_ENTRIES {
            return Ok(false);
        }
        self.table_entries = total;
        Ok(true)
    }

    // Each memory takes gigabytes of address space, however small it is.
    fn memories(&self) -> usize {
        16
    }

    fn tables(&self) -> usize {
        256
    }

    fn instances(&self) -> usize {
        1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_configuration_does_not_name_stays_as_it_is() {
        let config = LimitsConfig { memory: Some(1 << 20), log_lines: Some(5), ..LimitsConfig::default() };
        let limits = Limits::default().with(&config);
        assert_eq!(limits, Limits { memory: 1 << 20, log_lines: 5, ..Limits::default() });
    }

    #[test]
    fn the_smaller_limit_holds() {
        let wide = Limits { memory: 2, cpu: Duration::from_secs(1), ..Limits::default() };
        let most = Limits { memory: 1, cpu: Duration::from_secs(2), ..Limits::default() };
        assert_eq!(
            wide.within(&most),
            Limits { memory: 1, cpu: Duration::from_secs(1), ..Limits::default() }
        );
    }

    #[test]
    fn all_memories_and_all_tables_count_together() {
        let mut watch = MemoryWatch::new(100);
        assert!(watch.memory_growing(0, 60, None).unwrap());
        assert!(!watch.memory_growing(0, 60, None).unwrap());
        assert!(watch.table_growing(0, MOST_TABLE_ENTRIES - 1, None).unwrap());
        assert!(!watch.table_growing(0, 2, None).unwrap());
    }
}
