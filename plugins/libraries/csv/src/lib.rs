//! CSV as Go's `encoding/csv` reads it, and rows as JSON.
//!
//! Pure: no I/O. A [`Reader`] is given bytes as they come and returns each [`Row`] as soon as it is
//! complete. A row that breaks the rules comes with the fields before the mistake, and reading may go on
//! behind it. [`Rows`] are those of a text that is there as a whole.
//!
//! ```
//! use forebay_csv::{Dialect, Fields, Reader, Row, Step};
//!
//! let mut reader = Reader::new(Dialect::default(), Fields::AsFirst)?;
//! let mut row = Row::default();
//! reader.push(b"a,\"b\n");
//! assert_eq!(reader.next(&mut row), Step::Wanting);
//! reader.push(b"c\"\n");
//! assert_eq!(reader.next(&mut row), Step::Row);
//! assert_eq!(row.fields().collect::<Vec<_>>(), [&b"a"[..], b"b\nc"]);
//! reader.finish();
//! assert_eq!(reader.next(&mut row), Step::Ended);
//! # Ok::<(), forebay_csv::CsvError>(())
//! ```

mod error;
mod header;
mod line;
mod parse;
mod reader;
mod row;
mod rows;

pub use error::CsvError;
pub use header::{Header, write_array};
pub use reader::{Dialect, Fields, Reader, Step};
pub use row::Row;
pub use rows::Rows;
