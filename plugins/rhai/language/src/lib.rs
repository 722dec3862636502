//! This crate is the mapping language rhai: how messages look from scripts, what scripts can do, and the limits that
//! they have. The language itself is the crate `rhai`; here is what stands around it.
//!
//! An [`Interpreter`] is made once for an instance, a [`Script`] once for a text; it then runs on message after
//! message. The crate is pure: messages come in through [`Message`], and time, randomness and the environment through
//! [`World`], so the same code runs natively and as a plugin.
//!
//! What it is not: scripts read no files, load no modules, compile no text at run time and wait for nothing.
//!
//! # What a script sees
//!
//! | name | |
//! |---|---|
//! | `doc` | the content as a document; `()` where it is no JSON. What is assigned to it or into it becomes the new content |
//! | `payload` | the content as a string, or as a blob where it is no UTF-8; what is assigned becomes the new content, `()` a tombstone |
//! | `meta` | the metadata as an object map: `meta.topic`, `meta["key"] = 5`, `meta.remove("key")` |
//! | `batch_index`, `batch_size` | which message of a batch it is, from 0, and of how many |
//! | `content()` | the content as it came; also inside of functions, which see no variables |
//! | `error()` | what the message was flagged with, or `()` |
//! | `drop()` | ends the script and drops the message |
//! | `throw ...` | ends the script; the message stays as it came, with an error that has the place in the code |
//! | `parse_json(text)`, `to_json(value)` | |
//! | `now()`, `now_unix()`, `now_unix_nano()` | the time, as RFC 3339 in UTC, in seconds, in nanoseconds |
//! | `uuid_v4()`, `env(name)`, `hostname()` | |
//! | `print(value)`, `debug(value)` | a line in the log of the pipeline |
//!
//! Guarantees:
//! - What a script does not change stays as it is, byte for byte: a document is written anew only if it differs.
//! - A script that fails changes nothing (as a mutation: it leaves what it did until then).
//! - Nothing of one message is there for the next.
//! - [`limits`] end scripts that loop, nest or grow without end, with an error.
//!
//! ```
//! use std::rc::Rc;
//! use forebay_rhai::{Content, Form, Interpreter, Map, Message, Script, World};
//!
//! struct One(&'static [u8]);
//! impl Message for One {
//!     fn content(&self) -> &[u8] { self.0 }
//!     fn metadata(&self) -> Map { Map::new() }
//!     fn error(&self) -> Option<&str> { None }
//!     fn position(&self) -> (usize, usize) { (0, 1) }
//! }
//!
//! struct Nowhere;
//! impl World for Nowhere {
//!     fn now(&self) -> (i64, u32) { (0, 0) }
//!     fn random(&self, _: &mut [u8]) {}
//!     fn env(&self, _: &str) -> Result<Option<String>, String> { Ok(None) }
//!     fn hostname(&self) -> Result<String, String> { Ok("nowhere".into()) }
//!     fn print(&self, _: &str) {}
//!     fn debug(&self, _: &str) {}
//!     fn elapsed(&self) -> std::time::Duration { Default::default() }
//! }
//!
//! let interpreter = Interpreter::new(Rc::new(Nowhere));
//! let mut script = Script::compile(&interpreter, "doc.name = doc.name.to_upper()", Form::Mapping).unwrap();
//! let mut out = Vec::new();
//! let outcome = script.run(&One(br#"{"name":"sam","age":7}"#), &mut out);
//! assert_eq!(outcome.content, Content::Written);
//! assert_eq!(out, br#"{"age":7,"name":"SAM"}"#);
//! ```

mod compare;
mod failure;
mod functions;
mod interpreter;
mod json;
pub mod limits;
mod nesting;
mod script;
mod time;
mod world;

pub use compare::same;
pub use failure::ParseError;
pub use interpreter::Interpreter;
pub use json::{read as read_json, write as write_json};
/// The values of scripts.
pub use rhai::{Dynamic, Map};
pub use script::{Content, Form, Outcome, Script};
pub use time::rfc3339;
pub use world::{Message, World};
