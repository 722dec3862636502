//! Agents under load while things go wrong. Every test prints what it came to; `--nocapture` shows it.
//!
//! `laws` and `lies` test the checker itself.

#[cfg(test)]
mod clocks;
#[cfg(test)]
mod deletions;
#[cfg(test)]
mod disks;
#[cfg(test)]
mod ground;
#[cfg(test)]
mod groups;
/// Requests of every API and version that is served, as the tests of the guard have them.
#[cfg(test)]
#[path = "../../../../host/kafka/wire/tests/guard"]
mod guard {
    #[expect(dead_code, reason = "the tests of the guard use what is not used here")]
    pub(crate) mod samples;
}
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod lies;
#[cfg(test)]
mod pauses;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod shipped;
#[cfg(test)]
mod stores;
