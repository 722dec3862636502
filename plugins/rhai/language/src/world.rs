use std::time::Duration;

use rhai::Map;

/// One message, as a script looks at it.
pub trait Message {
    /// Empty for a tombstone.
    fn content(&self) -> &[u8];

    fn metadata(&self) -> Map;

    /// What the message is flagged with.
    fn error(&self) -> Option<&str>;

    /// Which message of its batch it is, and how many that has.
    fn position(&self) -> (usize, usize);
}

/// What scripts know of the world.
pub trait World {
    /// The time: seconds since 1970, and nanoseconds after that second.
    fn now(&self) -> (i64, u32);

    /// Fills a buffer with random bytes.
    fn random(&self, buffer: &mut [u8]);

    /// A variable of the environment.
    ///
    /// # Errors
    /// When it may not be seen.
    fn env(&self, name: &str) -> Result<Option<String>, String>;

    /// The name of this machine.
    ///
    /// # Errors
    /// When it may not be seen.
    fn hostname(&self) -> Result<String, String>;

    /// Writes a line for people to read.
    fn print(&self, line: &str);

    /// Writes a line for people who search for a fault.
    fn debug(&self, line: &str);

    /// The time since some start, which never goes back.
    fn elapsed(&self) -> Duration;

    /// Called every now and then, so that others may run.
    fn give_way(&self) {}

    /// The bytes that are allocated now; a script is ended when they grow too much. 0: they are not counted.
    fn allocated(&self) -> usize {
        0
    }
}
