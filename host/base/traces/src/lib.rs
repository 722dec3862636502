//! Spans: how long a message was with a component, and which spans that was part of.
//!
//! - [`Tracer`] is what makes spans: it gives out [`TraceContext`]s, which travel with messages, and takes [`Span`]s
//!   that have ended. One that is off costs a comparison.
//! - [`Spans`] is where they come out, for whoever tells them to others. What it does not take in time is lost, and
//!   counted: nobody waits for those who look at traces.
//!
//! ```
//! use forebay_traces::{Subject, TraceContext, Tracer};
//!
//! let (tracer, mut spans) = Tracer::new(None);
//! let root = tracer.child(None);
//! assert!(root.is_sampled && tracer.is_on());
//! let header = root.to_string();
//! assert_eq!(header.parse::<TraceContext>().unwrap(), root);
//! # let _ = (&mut spans, Subject::new("input_file"));
//! ```

mod context;
mod span;
mod tracer;

pub use context::{NotATraceContext, SpanId, TraceContext, TraceId};
pub use span::{Span, Subject};
pub use tracer::{Spans, Tracer};
