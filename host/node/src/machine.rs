use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::num::NonZeroUsize;

use forebay_model::ByteCount;

/// What an agent may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    pub cores: usize,
    pub memory: ByteCount,
}

/// Where the system does not tell.
const MEMORY: u64 = 4 << 30;

impl Machine {
    /// The cores that this process may use, and the memory of the machine, or of its container where that has less.
    #[must_use]
    pub fn detect() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
        let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
        let limit = limits.iter().find_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
        let memory = [total, limit].into_iter().flatten().min().unwrap_or(MEMORY);
        Self { cores, memory: ByteCount::new(memory) }
    }

    /// The address by which this machine reaches others. Nothing is sent: connecting a datagram socket only looks up a
    /// route.
    ///
    /// # Errors
    /// When it reaches nobody.
    pub fn address() -> io::Result<IpAddr> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        // One of those that are kept for documentation.
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        Ok(socket.local_addr()?.ip())
    }
}

/// All memory, in bytes, by `/proc/meminfo`.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_the_machine_is_read() {
        assert_eq!(total("MemTotal:       24576 kB\nMemFree:        1 kB\n"), Some(24 << 20));
        assert_eq!(total("MemTotal: many kB"), None);
        assert_eq!(total(""), None);
        assert!(Machine::detect().cores > 0);
    }
}
