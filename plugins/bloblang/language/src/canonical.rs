//! A mapping, written in the one way there is to write it.

use crate::parse_error::ParseError;
use crate::parser::{self, Imports};
use crate::syntax;

/// The mapping `source` with the layout, brackets and quotes of the printer: two mappings with the same canonical text
/// do the same. Comments are gone, and a single query has become `root = query`. `source` may not import anything.
///
/// ```
/// let text = forebay_bloblang::canonical("count = (this.a*2) + 1 # doubled\n").unwrap();
/// assert_eq!(text, "root.count = this.a * 2 + 1\n");
/// ```
///
/// # Errors
/// The first mistake in `source`.
pub fn canonical(source: &str) -> Result<String, ParseError> {
    match parser::mapping(source, &mut Imports::none()) {
        Ok(tree) => Ok(syntax::print(&tree)),
        Err(fault) => Err(fault.in_mapping(source)),
    }
}
