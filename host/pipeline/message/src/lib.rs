//! Messages on their way through a pipeline: columnar batches, where they come from, and who is told
//! when they are delivered.
//!
//! - [`Batch`] is an immutable sequence of messages. Cloning, slicing, selecting and concatenating
//!   copy no payload: a batch is a list of ranges of shared [`Columns`].
//! - [`Transaction`] is a batch and the duty to settle it. What processors make of it inherits that
//!   duty by lineage ([`Origins`]); the source learns the outcome when the last descendant is gone.
//! - [`Duty`] is what is left of it when the batch is elsewhere, and [`Held`] goes with the batch alone.
//! - [`ResponseStore`] keeps what is to be answered to messages. A batch carries it along, and what is made of the batch
//!   has it too.
//!
//! Pure: no clock, no I/O, no tasks.
//!
//! ```
//! use forebay_pipeline_message::{Batch, Outcome, Transaction};
//!
//! let (outcome, settled) = std::sync::mpsc::channel();
//! let batch = Batch::from_payloads(["one", "two"].map(Some), true);
//! let transaction = Transaction::new(batch, move |result| outcome.send(result).unwrap());
//! transaction.acknowledge();
//! assert_eq!(settled.recv().unwrap(), Outcome::Acknowledged);
//! ```

mod batch;
mod columns;
mod derive;
mod held;
mod join;
mod lineage;
mod payload_run;
mod responses;
mod rows;
mod sources;
mod transaction;
mod written;

pub use batch::{Batch, Message, Tried};
pub use columns::Columns;
pub use derive::DeriveError;
pub use held::Held;
pub use lineage::{Origins, OriginsError, Processed};
pub use payload_run::PayloadRun;
pub use responses::{RespondError, ResponseStore};
pub use transaction::{Duty, Failure, Outcome, Rejection, Transaction};

pub use forebay_columns::{ColumnId, LayoutError, MetadataWriter, Value};
