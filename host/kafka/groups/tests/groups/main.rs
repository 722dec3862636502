//! What groups do in the situations that Kafka's protocol names.

#[cfg(test)]
mod classic;
#[cfg(test)]
mod consumer;
#[cfg(test)]
mod offsets;

use forebay_model::{MemberId, Timestamp};

const START: Timestamp = Timestamp::from_millis(1_000_000);

#[cfg(test)]
fn id(name: &str) -> MemberId {
    name.parse().unwrap()
}

#[cfg(test)]
fn at(seconds: u64) -> Timestamp {
    START.after(std::time::Duration::from_secs(seconds))
}
