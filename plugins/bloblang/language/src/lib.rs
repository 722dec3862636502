//! Bloblang: the language that reshapes messages in a pipeline, compatible with Bento's.
//!
//! A [`Mapping`] is compiled once and run on many messages; an [`Interpolated`] text and a [`Query`] are its
//! smaller relatives. The crate is pure: messages come in through [`Messages`], and time, randomness and the
//! environment through [`World`], so the same code runs natively and as a plugin.
//!
//! What it is not: it opens no files and asks no clock, cache or network but through the [`World`], logs nothing and
//! keeps no state between runs except what `counter()` and its kin count.
//!
//! Guarantees:
//! - A source of any shape is compiled or refused with a position; a message of any shape is mapped or leaves an
//!   error. Neither can panic or exhaust the stack (see `limits.rs`).
//! - A `mapping` that fails changes nothing. A `mutation` that fails keeps what its earlier statements did.
//! - The content of a message is read as a document at most once, and only if a statement looks at it. What is nested in
//!   it is checked, but made into values only when a statement looks there, and written from its text otherwise.
//!
//! What other languages of documents need to be alike is public too: values, JSON, regular expressions, times, schemas
//! and the functions of mathematics, all as Go has them.
//!
//! The way of a mapping: `lexer` and `parser` make a tree (`syntax`), `compile` checks it and makes a `program`,
//! `eval` runs that on `value`s. Every function and method is a file with a `FunctionSpec` (`functions`, `methods`).
//!
//! ```
//! use forebay_bloblang::{Content, Form, Mapping, Messages, Value, World};
//!
//! struct One(&'static [u8]);
//! impl Messages for One {
//!     fn len(&self) -> usize { 1 }
//!     fn content(&self, _: usize) -> &[u8] { self.0 }
//!     fn metadata_get(&self, _: usize, _: &str) -> Option<Value> { None }
//!     fn metadata_all(&self, _: usize) -> Vec<(String, Value)> { Vec::new() }
//!     fn error(&self, _: usize) -> Option<&str> { None }
//! }
//!
//! struct Nowhere;
//! impl World for Nowhere {
//!     fn random_u64(&mut self) -> u64 { 4 }
//!     fn now(&mut self) -> (i64, u32) { (0, 0) }
//!     fn env(&mut self, _: &str) -> Result<Option<String>, String> { Ok(None) }
//!     fn hostname(&mut self) -> Result<String, String> { Ok("nowhere".into()) }
//! }
//!
//! let mut mapping = Mapping::compile("root.name = this.name.uppercase()", Form::Mapping).unwrap();
//! let mut out = Vec::new();
//! let outcome = mapping.run(&One(br#"{"name":"sam","age":7}"#), 0, &mut Nowhere, &mut out);
//! assert_eq!(outcome.content, Content::Written);
//! assert_eq!(out, br#"{"name":"SAM"}"#);
//! ```

mod canonical;
mod changes;
mod cipher;
mod compile;
mod eval;
mod failure;
mod functions;
mod geoip;
mod hashing;
mod interpolated;
mod json_path;
mod json_schema;
mod jwt;
mod lexer;
mod limits;
mod mapping;
pub mod math;
mod methods;
mod msgpack;
mod parquet;
mod parse_error;
mod parser;
mod program;
mod query;
mod secrets;
mod spec;
mod syntax;
mod text;
mod time;
mod value;
mod world;
mod xml;
mod yaml;

pub use canonical::canonical;
use forebay_regex as regex;
pub use forebay_regex::{Groups, Regex};
pub use functions::functions;
pub use interpolated::Interpolated;
pub use json_schema::Schema;
pub use mapping::{Changed, Content, Form, Given, Mapping, Outcome, Place, Places, Subject};
pub use methods::methods;
pub use parse_error::ParseError;
pub use query::Query;
pub use spec::{Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec, Status};
pub use time::civil::{Civil, Parts};
pub use time::{Zone, strftime, strptime};
pub use value::{Array, Object, Text, Timestamp, Value, quoted};
pub use world::{ErrorSource, Messages, World};
pub use xml::XmlDocuments;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
