//! Dates and times as Go's `time` package and the libraries around it read and write them.
//!
//! Everything here takes values and returns values: what the time is, and where, is the caller's matter.

pub(crate) mod civil;
pub(crate) mod duration;
pub(crate) mod format;
pub(crate) mod layout;
pub(crate) mod parse;
pub(crate) mod period;
pub(crate) mod round;
pub mod strftime;
pub mod strptime;
mod tzif;
pub(crate) mod zone;

pub use zone::Zone;

pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(crate) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The first three letters of a name of a month or day.
pub(crate) fn short(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}
