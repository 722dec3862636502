//! Regular expressions of conditions. Their classes are those of ASCII, as in Bento.

use regex_lite::Regex;

/// Whether a text has a part that the pattern matches.
///
/// # Errors
/// What is wrong with the pattern.
pub(crate) fn is_match(pattern: &str, text: &str) -> Result<bool, String> {
    let regex = Regex::new(pattern).map_err(|error| format!("invalid pattern: {error}"))?;
    Ok(regex.is_match(text))
}
