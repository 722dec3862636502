use std::time::Duration;

/// What connections may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many there are at a time; more wait to be accepted.
    pub connections: usize,
    /// Bytes of the largest frame.
    pub frame: usize,
    /// Bytes of the largest frame of a client that has not logged in, where it must.
    pub unknown_frame: usize,
    /// Bytes of frames whose requests are not answered, over all connections; one frame always fits.
    pub memory: usize,
    /// The same of one connection.
    pub connection_memory: usize,
    /// Requests of one connection that are under way.
    pub in_flight: usize,
    /// A connection on which nothing was asked for so long is closed.
    pub idle: Duration,
    /// So long a frame may take from its first byte to its last, and an answer from one piece taken to the next.
    pub stalled: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            frame: 100 << 20,
            unknown_frame: 64 << 10,
            memory: 512 << 20,
            connection_memory: 100 << 20,
            in_flight: 16,
            idle: Duration::from_mins(10),
            stalled: Duration::from_secs(30),
        }
    }
}
