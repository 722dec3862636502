//! JSON as Go reads and writes it, from text to text: the same words for what is wrong, keys in order, no spaces.
//!
//! Pure functions over bytes which make no values: [`Cursor`] goes over documents and writes them anew. [`Documents`]
//! does so with documents of a stream, which it is given as they come. [`scan`] is the flat part, for readers that do
//! make values. What is UTF-8 stays so; what is not is the caller's to replace before, with [`well_formed`].
//!
//! Nesting is limited, since walks over documents are recursive and a plugin's stack is small.
//!
//! ```
//! use forebay_json::{Cursor, Style};
//!
//! let mut out = Vec::new();
//! let mut documents = Cursor::new(br#"{"b": 1.0, "a": [ ]} null"#, Style::default());
//! documents.value(&mut out)?;
//! assert_eq!(out, br#"{"a":[],"b":1.0}"#);
//! assert_eq!(documents.token(), Some(b'n'));
//! # Ok::<(), forebay_json::JsonError>(())
//! ```

mod cursor;
mod documents;
mod error;
mod float;
mod grammar;
mod plain;
mod rewrite;
pub mod scan;
mod value;
mod well_formed;
mod write;

pub use cursor::Cursor;
pub use documents::{DocumentError, Documents};
pub use error::JsonError;
pub use float::{Decimal, write_float};
pub use plain::{until_escape, until_special};
pub use rewrite::{key_prefix, rewrite};
pub use value::{Items, Json, Members};
pub use well_formed::well_formed;
pub use write::{write_inside, write_string};

/// How many containers may be nested.
pub const NESTING: u16 = 500;

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub html: Html,
    pub numbers: Numbers,
}

/// Whether `<`, `>` and `&` are written as escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Html {
    Plain,
    Escaped,
}

/// What becomes of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// They stay as they are written.
    Keep,
    /// They become floats, whatever they lose.
    Float,
}

impl Default for Style {
    fn default() -> Self {
        Self { html: Html::Plain, numbers: Numbers::Keep }
    }
}

/// What stands where another thing was expected, in the words of errors.
pub mod place {
    pub const VALUE: &str = "looking for beginning of value";
    pub const AFTER_ITEM: &str = "after array element";
    pub const AFTER_KEY: &str = "after object key";
    pub const AFTER_ENTRY: &str = "after object key:value pair";
    pub const KEY: &str = "looking for beginning of object key string";
}
