use forebay_bloblang::World;
use forebay_sdk::{Error, environment, time, waits};

/// Random numbers are fetched from the host this many at a time.
const RANDOM: usize = 32;

/// The world of a guest: what the host grants.
pub(crate) struct Surroundings {
    random: [u8; RANDOM * 8],
    /// How many of the bytes were used.
    used: usize,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { random: [0; RANDOM * 8], used: RANDOM * 8 }
    }
}

impl World for Surroundings {
    fn random_u64(&mut self) -> u64 {
        if self.used == self.random.len() {
            environment::random(&mut self.random);
            self.used = 0;
        }
        let mut number = [0; 8];
        number.copy_from_slice(&self.random[self.used..self.used + 8]);
        self.used += 8;
        u64::from_le_bytes(number)
    }

    fn now(&mut self) -> (i64, u32) {
        let now = time::now();
        (i64::try_from(now.as_secs()).unwrap_or(i64::MAX), now.subsec_nanos())
    }

    fn env(&mut self, name: &str) -> Result<Option<String>, String> {
        environment::get(name).map_err(Error::into_message)
    }

    fn hostname(&mut self) -> Result<String, String> {
        environment::hostname().map_err(Error::into_message)
    }

    fn give_way(&mut self) {
        waits::give_way();
    }
}
