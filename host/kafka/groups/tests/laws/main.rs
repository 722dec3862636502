//! Random members do random things, and the laws of a group hold after each.

#[cfg(test)]
mod classic;
#[cfg(test)]
mod consumer;

use forebay_model::{MemberId, Timestamp};

const START: Timestamp = Timestamp::from_millis(1_000_000);

#[cfg(test)]
fn member(number: usize) -> MemberId {
    format!("member-{number}").parse().unwrap()
}
