use std::time::Duration;

/// How much is tried, by the environment: little in `cargo xtask test`, hours in `cargo xtask soak`.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// For how long runs that take seeds go on with further ones; at least one is run.
    pub time: Duration,
    /// The first seed.
    pub seed: u64,
}

impl Effort {
    /// As `FOREBAY_LOAD_SECONDS` and `FOREBAY_LOAD_SEED` say; what is no number is as if it was not there.
    #[must_use]
    pub fn from_environment() -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
        Self {
            time: Duration::from_secs(number("FOREBAY_LOAD_SECONDS").unwrap_or(0)),
            seed: number("FOREBAY_LOAD_SEED").unwrap_or(1),
        }
    }

    /// The seeds to run, as long as there is time.
    pub fn seeds(self) -> impl Iterator<Item = u64> {
        let started = forebay_lifecycle::clock::now();
        (self.seed..)
            .enumerate()
            .map_while(move |(index, seed)| (index == 0 || started.elapsed() < self.time).then_some(seed))
    }
}
