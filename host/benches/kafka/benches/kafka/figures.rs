use std::time::Duration;

/// What came out of a phase.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// Bytes of batches that were acknowledged, or fetched.
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
    /// Of each request from when it was due to its answer.
    pub(crate) delays: Vec<Duration>,
}

pub(crate) const GIB: f64 = (1_u64 << 30) as f64;

impl Figures {
    pub(crate) fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.took = self.took.max(other.took);
        self.delays.extend(other.delays);
    }

    /// In units of 10^6 bytes per second.
    pub(crate) fn rate(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.took.as_secs_f64()
    }

    pub(crate) fn gib(&self) -> f64 {
        self.bytes as f64 / GIB
    }

    /// The delay that so many of a hundred requests have at most, in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let mut delays = self.delays.clone();
        delays.sort_unstable();
        let place = (delays.len() * percent).div_ceil(100).saturating_sub(1);
        delays.get(place).map_or(f64::NAN, |delay| delay.as_secs_f64() * 1e3)
    }
}
