//! Documents: JSON text and the values of scripts.
//!
//! Integers are `i64`; those beyond, and all with a point or an exponent, are `f64`. The members of objects come out
//! sorted by name. Of members of the same name the last one counts.

mod read;
mod write;

pub use read::read;
pub use write::write;

#[cfg(test)]
mod tests;
