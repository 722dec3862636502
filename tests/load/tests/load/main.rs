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
