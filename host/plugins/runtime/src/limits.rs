//! What one instance may use.

use std::time::Duration;

use forebay_plugins_api::LostReason;
use wasmtime::ResourceLimiter;

/// What one instance may use, at most.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of linear memory.
    pub memory: usize,
    /// Bytes of batches that the guest holds handles of. They lie outside its memory.
    pub batches: usize,
    /// Batches, operations, streams and other handles, in all.
    pub handles: usize,
    /// What the component keeps beyond the instance.
    pub state: StateLimits,
    pub processes: ProcessLimits,
    /// CPU time of one call; waits do not count. Checked where code was compiled with epoch checks.
    pub cpu: Duration,
    /// Time of one call, waits included. Does not bind `inputs.read` and `scanners.next`.
    pub wall: Duration,
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
            handles: 10_000,
            state: StateLimits::default(),
            processes: ProcessLimits::default(),
            cpu: Duration::from_secs(5),
            wall: Duration::from_secs(60),
        }
    }
}

/// A host call that ends the instance, because it passed a limit or broke the contract.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Refusal {
    pub(crate) reason: LostReason,
    pub(crate) detail: String,
}

impl Refusal {
    pub(crate) fn contract(detail: impl Into<String>) -> wasmtime::Error {
        wasmtime::Error::new(Self { reason: LostReason::Contract, detail: detail.into() })
    }

    pub(crate) fn memory(detail: impl Into<String>) -> wasmtime::Error {
        wasmtime::Error::new(Self { reason: LostReason::Memory, detail: detail.into() })
    }

    pub(crate) fn cpu(limit: Duration) -> wasmtime::Error {
        let detail = format!("more than {limit:?} in one call");
        wasmtime::Error::new(Self { reason: LostReason::Cpu, detail })
    }
}

/// Watches the linear memory of one instance.
#[derive(Debug)]
pub(crate) struct MemoryWatch {
    limit: usize,
    used: usize,
    refused: Option<usize>,
}

/// Tables of funcrefs; a component has a few, of some thousand entries.
const MOST_TABLE_ENTRIES: usize = 100_000;

impl MemoryWatch {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: 0, refused: None }
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

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= MOST_TABLE_ENTRIES)
    }
}
