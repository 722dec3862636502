//! What components are measured by: Bento's metrics, under its names and with its labels.
//!
//! A meter is opened with its component: it looks its series up once, and counting is a few atomic additions for each
//! batch. A batch of *independent* messages counts as what it stands for, a batch of one message each.
//!
//! Those that are measured make spans of the messages that they see, too, where a tracer is on: `spans.rs`.
//!
//! Bento measures no `noop`, `metric` and `resource`, and of outputs only those that write somewhere.

mod batches;
mod buffer;
mod cache;
mod connection;
mod input;
mod output;
mod path;
mod processor;
mod series;

use forebay_pipeline_message::Batch;

pub(crate) use batches::{BatchMeter, Mechanism};
pub(crate) use buffer::BufferMeter;
pub(crate) use cache::CacheMeter;
pub(crate) use input::{InputMeter, Received};
pub(crate) use output::OutputMeter;
pub(crate) use path::path_of_metrics;
pub(crate) use processor::{Begun, ProcessorMeter, own_errors};

/// How many batches a batch stands for.
fn batches(batch: &Batch) -> u64 {
    if batch.independent() { batch.len() as u64 } else { u64::from(!batch.is_empty()) }
}
