//! The broker over stores in memory: what its service answers, and what its server does with clients that misbehave.

#[cfg(test)]
mod admin;
#[cfg(test)]
mod agents;
#[cfg(test)]
mod authorization;
#[cfg(test)]
mod compacted;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod login;
#[cfg(test)]
mod node;
#[cfg(test)]
mod rebalances;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod server;
#[cfg(test)]
mod service;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod wire;
