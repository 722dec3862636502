#![doc = include_str!("../GUIDE.md")]

pub mod allocator;
mod batch;
#[doc(hidden)]
pub mod bindings;
mod cache;
pub mod caches;
pub mod compression;
pub mod config;
mod context;
pub mod docs;
pub mod environment;
mod error;
#[doc(hidden)]
pub mod exports;
pub mod expressions;
pub mod files;
pub mod http;
mod input;
pub mod kafka;
pub mod log;
mod mapping;
pub mod metrics;
pub mod objects;
mod operation;
mod output;
mod plugin;
mod problem;
mod processor;
pub mod rate_limits;
pub mod scanned;
mod scanner;
pub mod state;
pub mod streams;
pub mod subprocess;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod time;
mod vocabulary;
pub mod waits;

pub use batch::{Batch, BatchWriter, Message, Origins, Processed};
pub use cache::Cache;
pub use config::Config;
pub use context::Context;
pub use docs::{Docs, Example};
pub use error::Error;
pub use forebay_columns as columns;
pub use forebay_columns::{BlockWriter, MetadataWriter, Value};
pub use input::{ArrivedStream, Event, Input, Outcome, Settlement, StreamMetadata, Token};
pub use mapping::{Changed, MappingLanguage, MappingText, Target, Targets};
pub use operation::Operation;
pub use output::{Failure, Output, Pending, StreamingOutput, WriteError, Written};
pub use problem::Problem;
pub use processor::{IncrementalProcessor, Processing, Processor};
pub use scanner::{Scanned, Scanner};
#[doc(hidden)]
pub use serde_json;
pub use vocabulary::{CallExample, Callable, Param, Vocabulary};
