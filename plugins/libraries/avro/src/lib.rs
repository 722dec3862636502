//! [Avro](https://avro.apache.org/docs/1.12.0/specification/): schemas, values between their binary form and JSON, and
//! object container files.
//!
//! Pure functions over bytes: no I/O and no clock. No tree of values stands between binary and JSON: both are gone over once,
//! along the schema. What JSON looks like is a matter of taste that [`Form`] and [`Dialect`] name: as Bento has it, as
//! the specification has it, or plain. Nesting and sizes are limited, whatever the bytes promise.
//!
//! ```
//! use forebay_avro::{Dialect, Form, Schema};
//!
//! let schema = Schema::parse(r#"{"type": "record", "name": "point", "fields": [
//!     {"name": "x", "type": "int"}, {"name": "y", "type": ["null", "int"], "default": null}]}"#)?;
//! let mut binary = Vec::new();
//! schema.write(br#"{"x": -1}"#, Dialect::PLAIN, &mut binary)?;
//! assert_eq!(binary, [1, 0]);
//! let mut json = Vec::new();
//! schema.read(&mut binary.as_slice(), Form::Textual, 1000, &mut json)?;
//! assert_eq!(json, br#"{"x":-1,"y":null}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod binary;
mod budget;
mod container;
mod datum_error;
mod decimal;
mod read;
mod schema;
mod single;
mod write;

pub use container::{Block, Codec, ContainerError, Found, Reader, Writer};
pub use datum_error::DatumError;
pub use read::Form;
pub use schema::{Schema, SchemaError};
pub use single::{NotSingle, single_body, single_header};
pub use write::Dialect;

/// How deep values may be nested, and the schemas that they follow: walks are recursive and a plugin's stack is small.
const NESTING: usize = 128;

/// Bytes of the largest value, and of the largest block of a file.
const LARGEST: usize = 64 << 20;
