//! What pipelines made of the records of a run: each says where it comes from, and [`laws::judge`] says whether all came,
//! how often, and in which order.

mod carried;
pub mod laws;

pub use carried::{Carried, Source};
pub use laws::{CarryViolation, Input, Judgement, Promise};
