//! Pipelines that carry numbered records from a topic elsewhere, in the program as users have it, while things go wrong.
//! Afterwards everything that was acknowledged has come out at least once, in order where that is promised, and nothing
//! else; duplicates are there only where a fault explains them.
//!
//! Every scenario prints a row of a table; `--nocapture` shows it. `FOREBAY_LOAD_PIPELINES=TEXT` runs the scenarios whose
//! names have the text, `all` all of them; those that take long are left out otherwise, but for a soak.

#[cfg(test)]
mod agent;
#[cfg(test)]
mod carrier;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod classic;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod outlet;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod pauses;
#[cfg(test)]
mod rebalances;
#[cfg(test)]
mod scenario;
#[cfg(test)]
mod stores;
#[cfg(test)]
mod topics;
#[cfg(test)]
mod workload;
