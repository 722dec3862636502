//! Running compiled queries and statements.
//!
//! Values are borrowed from the document, the program or an enclosing step wherever that is possible, and owned
//! only when something new was made. Evaluation is recursive; `Frame::deeper` bounds it, and counts steps.

pub(crate) mod arithmetic;
mod bracket;
mod call;
mod chain;
mod control;
mod documents;
mod expression;
mod field;
mod frame;
mod operation;
mod routine;
mod run;

pub(crate) use call::Call;
pub(crate) use chain::Target;
pub(crate) use documents::{MISSING, parse_message};
pub(crate) use expression::eval;
#[cfg(test)]
pub(crate) use frame::Variables;
pub(crate) use frame::{Entries, Frame, Locals, Name, This};
pub(crate) use routine::{Execution, Start};
pub(crate) use run::{Run, Site};
